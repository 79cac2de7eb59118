//! Namespace of all other objects.

use super::objects::{KubernetesObject, ObjectMeta, RenderedObject};
use crate::render::deployment::DeploymentPlan;

pub fn namespace(plan: &DeploymentPlan<'_>) -> RenderedObject {
    let metadata = ObjectMeta { namespace: None, ..ObjectMeta::new(plan, &plan.namespace, None) };
    KubernetesObject { api_version: "v1", kind: "Namespace", metadata, spec: None::<()> }.rendered()
}
