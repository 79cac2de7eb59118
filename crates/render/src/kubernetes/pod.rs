//! Pods: their template, account, and nodes.

use serde_json::{Value, json};

use super::objects::{Labels, filled, joined, selector};
use crate::deployment::DeploymentPlan;

/// Pod of a server or of martydb, by what differs between them.
pub(crate) struct Pod {
    pub labels: Labels,
    /// Pods to keep apart from, see [`placement`].
    pub siblings: Option<Labels>,
    pub restart_policy: Option<&'static str>,
    /// Unprivileged account of its container.
    pub account: u32,
    /// `true` if the account owns the volumes.
    pub owns_volumes: bool,
    pub seconds_to_end: u32,
    pub container: Value,
    pub volumes: Vec<Value>,
}

impl Pod {
    pub(crate) fn template(self, plan: &DeploymentPlan<'_>) -> Value {
        let rest = json!({
            "restartPolicy": self.restart_policy,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": self.account,
                "runAsGroup": self.account,
                "fsGroup": self.owns_volumes.then_some(self.account),
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "terminationGracePeriodSeconds": self.seconds_to_end,
            "containers": [self.container],
            "volumes": self.volumes,
        });
        let token = json!({ "automountServiceAccountToken": false });
        let spec = joined([token, placement(plan, self.siblings.as_ref()), rest]);
        json!({ "metadata": template_metadata(plan, &self.labels), "spec": spec })
    }
}

pub(crate) fn template_metadata(plan: &DeploymentPlan<'_>, labels: &Labels) -> Value {
    json!({ "labels": labels, "annotations": filled(&plan.manifest.deploy.pods.annotations) })
}

/// Returns the nodes, priority and registries of pods, as the manifest has them for all. Siblings, the servers, are
/// kept apart from each other if the manifest says so; where there are too few nodes or zones, they share one:
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>.
pub(crate) fn placement(plan: &DeploymentPlan<'_>, siblings: Option<&Labels>) -> Value {
    let pods = &plan.manifest.deploy.pods;
    let registries: Vec<Value> = pods.pull_secrets.iter().map(|name| json!({ "name": name })).collect();
    let spread = pods.spread.zip(siblings).map(|(spread, siblings)| {
        json!([{
            "maxSkew": 1,
            "topologyKey": spread.topology_key(),
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector(siblings),
        }])
    });
    json!({
        "nodeSelector": filled(&pods.node_selector),
        "priorityClassName": pods.priority_class,
        "imagePullSecrets": filled(registries),
        "topologySpreadConstraints": spread,
    })
}
