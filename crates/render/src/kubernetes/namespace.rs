//! Namespace of all other objects.

use serde_json::{Value, json};

use super::objects::{RenderedObject, labels, object};
use crate::deployment::DeploymentPlan;

pub(crate) fn namespace(plan: &DeploymentPlan<'_>) -> RenderedObject {
    let metadata = json!({ "name": plan.namespace, "labels": labels(plan) });
    object(("v1", "Namespace"), metadata, Value::Null)
}
