//! Scheduled backups and Prometheus discovery by the CloudNativePG operator.
//! <https://cloudnative-pg.io/documentation/current/backup/>,
//! <https://cloudnative-pg.io/documentation/current/monitoring/>

use serde::Serialize;

use super::objects::{KubernetesObject, LabelSelector, ObjectMeta, RenderedObject, workload};
use super::operator::{API, BARMAN, ByName, pod_labels};
use crate::render::deployment::DeploymentPlan;
use martydb_model::deploy::BackupSchedule;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScheduledBackupSpec {
    schedule: String,
    cluster: ByName,
    backup_owner_reference: &'static str,
    method: &'static str,
    plugin_configuration: ByName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodMonitorSpec {
    selector: LabelSelector,
    pod_metrics_endpoints: [MetricsEndpoint; 1],
}

#[derive(Serialize)]
struct MetricsEndpoint {
    port: &'static str,
}

pub fn scheduled_backup(plan: &DeploymentPlan<'_>, host: &str, backup: &BackupSchedule) -> RenderedObject {
    let spec = ScheduledBackupSpec {
        schedule: backup.schedule.clone(),
        cluster: ByName::cluster(host),
        // A backup must not be deleted with its schedule.
        backup_owner_reference: "cluster",
        method: "plugin",
        plugin_configuration: ByName { name: BARMAN.to_owned() },
    };
    let metadata = ObjectMeta::new(plan, workload(host), None);
    KubernetesObject { api_version: API, kind: "ScheduledBackup", metadata, spec: Some(spec) }.rendered()
}

pub fn pod_monitor(plan: &DeploymentPlan<'_>, host: &str) -> RenderedObject {
    let spec = PodMonitorSpec {
        selector: LabelSelector::new(pod_labels(host)),
        pod_metrics_endpoints: [MetricsEndpoint { port: "metrics" }],
    };
    let metadata = ObjectMeta::new(plan, workload(host), None);
    let api_version = "monitoring.coreos.com/v1";
    KubernetesObject { api_version, kind: "PodMonitor", metadata, spec: Some(spec) }.rendered()
}
