//! Namespace of all other objects.

use super::objects::{KubernetesObject, ObjectMeta};
use crate::render::deployment::DeploymentPlan;
use martydb_ui::report::yaml_text;

pub fn namespace(plan: &DeploymentPlan<'_>) -> String {
    let metadata = ObjectMeta { namespace: None, ..ObjectMeta::new(plan, &plan.namespace, None) };
    yaml_text(&KubernetesObject { api_version: "v1", kind: "Namespace", metadata, spec: None::<()> })
}
