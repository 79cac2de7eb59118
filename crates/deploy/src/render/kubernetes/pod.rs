//! Pods: their template, account, and nodes.

use serde::Serialize;

use super::objects::{LabelSelector, Labels, PodContainer, SecretName, Volume};
use crate::render::deployment::DeploymentPlan;

#[derive(Serialize)]
pub struct PodTemplate {
    pub metadata: TemplateMetadata,
    pub spec: PodSpec,
}

#[derive(Serialize)]
pub struct TemplateMetadata {
    pub labels: Labels,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub annotations: Labels,
}

impl TemplateMetadata {
    pub fn new(plan: &DeploymentPlan<'_>, labels: Labels) -> TemplateMetadata {
        TemplateMetadata { labels, annotations: plan.manifest.deploy.pods.annotations.clone() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    pub automount_service_account_token: bool,
    #[serde(flatten)]
    pub placement: PodPlacement,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<&'static str>,
    pub security_context: PodSecurity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<u32>,
    pub containers: Vec<PodContainer>,
    pub volumes: Vec<Volume>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurity {
    pub run_as_non_root: bool,
    pub run_as_user: u32,
    pub run_as_group: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<u32>,
    pub seccomp_profile: SeccompProfile,
}

#[derive(Serialize)]
pub struct SeccompProfile {
    pub r#type: &'static str,
}

impl PodSecurity {
    /// Creates the settings of an unprivileged account; `volumes` makes it own the pod's volumes.
    pub fn new(account: u32, volumes: bool) -> PodSecurity {
        PodSecurity {
            run_as_non_root: true,
            run_as_user: account,
            run_as_group: account,
            fs_group: volumes.then_some(account),
            seccomp_profile: SeccompProfile { r#type: "RuntimeDefault" },
        }
    }
}

/// Nodes, priority and registries of pods, as the manifest has them for all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodPlacement {
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub node_selector: Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<SecretName>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<SpreadConstraint>,
}

/// <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpreadConstraint {
    max_skew: u32,
    topology_key: &'static str,
    when_unsatisfiable: &'static str,
    label_selector: LabelSelector,
}

impl PodPlacement {
    /// Creates the placement of a pod without siblings.
    pub fn alone(plan: &DeploymentPlan<'_>) -> PodPlacement {
        let pods = &plan.manifest.deploy.pods;
        PodPlacement {
            node_selector: pods.node_selector.clone(),
            priority_class_name: pods.priority_class.clone(),
            image_pull_secrets: pods.pull_secrets.iter().cloned().map(|name| SecretName { name }).collect(),
            topology_spread_constraints: vec![],
        }
    }

    /// Creates the placement of servers, which are kept apart from each other if the manifest says so; where there are
    /// too few nodes or zones, they share one.
    pub fn apart(plan: &DeploymentPlan<'_>, siblings: Labels) -> PodPlacement {
        let spread = plan.manifest.deploy.pods.spread.map(|spread| SpreadConstraint {
            max_skew: 1,
            topology_key: spread.topology_key(),
            when_unsatisfiable: "ScheduleAnyway",
            label_selector: LabelSelector::new(siblings),
        });
        PodPlacement {
            topology_spread_constraints: spread.into_iter().collect(),
            ..PodPlacement::alone(plan)
        }
    }
}
