//! Kustomization of the objects' files: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.

use serde_json::json;

use super::objects::{RenderedObject, yaml};

pub(crate) fn text(objects: &[RenderedObject]) -> String {
    yaml(json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": objects.iter().map(|object| format!("{}.yaml", object.file)).collect::<Vec<_>>(),
    }))
}
