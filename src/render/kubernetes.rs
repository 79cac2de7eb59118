//! Objects of Kubernetes: <https://kubernetes.io/docs/reference/kubernetes-api/>.

mod jobs;
mod network_policies;
mod objects;
mod servers;

use super::landscape::Landscape;
use crate::error::Result;
use crate::report::yaml_text;
use objects::{KubernetesObject, ObjectMeta};

/// # Errors
/// If a pod could not keep the passwords, or if it is not known in which network a server lies.
pub fn documents(landscape: &Landscape<'_>) -> Result<String> {
    let mut texts = vec![yaml_text(&KubernetesObject {
        api_version: "v1",
        kind: "Namespace",
        metadata: ObjectMeta { namespace: None, ..ObjectMeta::of(landscape, &landscape.namespace, None) },
        spec: None::<()>,
    })];
    texts.extend(network_policies::all(landscape)?);
    texts.extend(servers::all(landscape));
    texts.extend(jobs::all(landscape)?);
    Ok(texts.iter().map(|text| format!("---\n{text}")).collect())
}
