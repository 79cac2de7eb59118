//! Kustomization of the objects' files: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.

use serde::Serialize;

use super::objects::RenderedObject;
use martydb_ui::report::yaml_text;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    resources: Vec<String>,
}

pub fn text(objects: &[RenderedObject]) -> String {
    yaml_text(&Kustomization {
        api_version: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: objects.iter().map(|object| format!("{}.yaml", object.file)).collect(),
    })
}
