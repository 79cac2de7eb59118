//! Scheduled backups and Prometheus discovery by the CloudNativePG operator.
//! <https://cloudnative-pg.io/documentation/current/backup/>,
//! <https://cloudnative-pg.io/documentation/current/monitoring/>

pub(crate) mod backup_jobs;

use serde_json::json;

use super::objects::{RenderedObject, object, plain_metadata, selector, workload};
use super::operator::{API, BARMAN, cluster, pod_labels};
use crate::deployment::DeploymentPlan;
use martydb_model::deploy::BackupSchedule;

pub(crate) fn scheduled_backup(
    plan: &DeploymentPlan<'_>,
    host: &str,
    backup: &BackupSchedule,
) -> RenderedObject {
    let spec = json!({
        "schedule": backup.schedule,
        "cluster": cluster(host),
        // A backup must not be deleted with its schedule.
        "backupOwnerReference": "cluster",
        "method": "plugin",
        "pluginConfiguration": { "name": BARMAN },
    });
    object((API, "ScheduledBackup"), plain_metadata(plan, workload(host)), spec)
}

pub(crate) fn pod_monitor(plan: &DeploymentPlan<'_>, host: &str) -> RenderedObject {
    let spec = json!({
        "selector": selector(&pod_labels(host)),
        "podMetricsEndpoints": [{ "port": "metrics" }],
    });
    object(("monitoring.coreos.com/v1", "PodMonitor"), plain_metadata(plan, workload(host)), spec)
}
