//! CronJobs for backups: the cluster runs the schedule, martydb has none.
//!
//! Each backup folder of the manifest becomes a separate disk, and object storage gets a Secret with its keys.
//! Temporary files are in `.martydb` beside the manifest, which the image lacks; they are lost with the pod.

use std::path::Path;

use serde_json::{Value, json};

use crate::deployment::{BACKUP_VERIFY, DeploymentPlan};
use crate::kubernetes::jobs::cron_job;
use crate::kubernetes::network::policy_parts::{policy, tcp, to_port};
use crate::kubernetes::objects::*;
use crate::kubernetes::tool_pod::{PodExtras, ToolPod};
use crate::schedule;
use martydb_model::BackupSettings;
use martydb_model::deploy::BackupJobs;
use martydb_model::error::Result;

/// Name of the disk for the first backup folder, and of its volume in a pod; those of others have a number.
const DISK: &str = "martydb-backups";
const VOLUME: &str = "backups";

/// Folder of the project's files in the image.
const WORK: &str = "/work";

/// Mount point of the identity that decrypts backups; the Secret's key is the file's name.
const IDENTITY: &str = "/run/martydb/identity";

/// Returns the CronJobs.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let Some(settings) = &plan.manifest.backup else { return Ok(vec![]) };
    let jobs = &plan.manifest.deploy.backup_jobs;
    let mut all = vec![];
    all.extend(settings.folders().enumerate().map(|(number, _)| disk(plan, jobs, &numbered(DISK, number))));
    // Encrypted backups cannot be verified without an identity.
    let opens = settings.encrypt.is_empty() || jobs.identity_secret.is_some();
    for run in schedule::of_backups(plan).iter().filter(|run| opens || run.name != BACKUP_VERIFY) {
        let extras = pod(plan, settings, jobs, run.name);
        let tool = ToolPod { extras, ..ToolPod::plain(run.name, run.arguments) };
        all.push(cron_job(plan, run.at, tool)?);
        if settings.has_bucket() {
            all.push(to_store(plan, run.name));
        }
    }
    Ok(all)
}

/// Returns the name of a folder's disk or volume.
fn numbered(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) }
}

fn disk(plan: &DeploymentPlan<'_>, jobs: &BackupJobs, name: &str) -> RenderedObject {
    let spec = claim(&jobs.storage_size, jobs.storage_class.as_ref());
    object(("v1", "PersistentVolumeClaim"), plain_metadata(plan, name), spec)
}

fn pod(plan: &DeploymentPlan<'_>, settings: &BackupSettings, jobs: &BackupJobs, run: &str) -> PodExtras {
    let mut pod = PodExtras::default();
    // As large as the disk of the backups: an archive may be stored here before it is encrypted.
    pod.volumes.push(empty_volume("state", None, &jobs.storage_size));
    pod.mounts.push(mount("state", &format!("{WORK}/.martydb")));
    for (number, folder) in settings.folders().enumerate() {
        let (name, claim) = (numbered(VOLUME, number), json!({ "claimName": numbered(DISK, number) }));
        pod.mounts.push(mount(&name, &in_image(plan.manifest.home(), folder)));
        pod.volumes.push(json!({ "name": name, "persistentVolumeClaim": claim }));
    }
    if settings.has_bucket() {
        pod.env_from.push(store_keys(jobs));
    }
    if let Some(secret) = jobs.identity_secret.as_ref().filter(|_| run == BACKUP_VERIFY) {
        pod.volumes.push(secret_volume("identity", secret, &[]));
        pod.mounts.push(mount("identity", IDENTITY));
        pod.env.push(variable("MARTYDB_BACKUP_IDENTITY", &format!("{IDENTITY}/identity")));
    }
    pod
}

/// Returns the path in the image of a folder below the manifest's.
fn in_image(home: &Path, folder: &Path) -> String {
    match folder.strip_prefix(home) {
        Ok(below) => format!("{WORK}/{}", below.display()),
        Err(_) => folder.display().to_string(),
    }
}

/// Returns the keys of the object storage, as variables.
pub(crate) fn store_keys(jobs: &BackupJobs) -> Value {
    json!({ "secretRef": { "name": jobs.store_secret } })
}

/// Returns the policy that lets only these pods connect to the port of the object storage, at any address.
pub(crate) fn to_store(plan: &DeploymentPlan<'_>, instance: &str) -> RenderedObject {
    let spec = json!({
        "podSelector": selector(&pod_labels(MARTYDB, instance)),
        "policyTypes": ["Egress"],
        "egress": [to_port(tcp(plan.manifest.deploy.backup_jobs.store_port))],
    });
    policy(plan, &format!("{instance}-store"), spec)
}
