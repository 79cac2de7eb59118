//! Schedules of martydb's own runs, for all targets.

use super::deployment::{BACKUP, BACKUP_PRUNE, BACKUP_VERIFY, DeploymentPlan, PARTITIONS};

/// Schedule of `verify-isolation`, in cron's five fields.
pub(crate) const ISOLATION: &str = "17 3 * * *";

/// Schedule of `partitions`: the partitions of days are made a week ahead.
const PARTITIONS_AT: &str = "41 1 * * *";

/// A scheduled run of martydb.
pub(crate) struct TimedRun<'a> {
    /// Name of the run.
    pub name: &'static str,
    /// Schedule, in cron's five fields.
    pub at: &'a str,
    pub arguments: &'static [&'static str],
}

/// Returns the run for the manifest's `partitions:`.
pub(crate) fn of_partitions(plan: &DeploymentPlan<'_>) -> Option<TimedRun<'static>> {
    let arguments = &["--no-input", "partitions", "--once"];
    plan.has_partitions().then_some(TimedRun { name: PARTITIONS, at: PARTITIONS_AT, arguments })
}

/// Returns the runs for the manifest's `backup:` section.
pub(crate) fn of_backups<'a>(plan: &DeploymentPlan<'a>) -> Vec<TimedRun<'a>> {
    let Some(settings) = &plan.manifest.backup else { return vec![] };
    let times = &settings.schedule;
    let take = TimedRun { name: BACKUP, at: &times.take, arguments: &["--no-input", "backup", "--all"] };
    let prune = TimedRun {
        name: BACKUP_PRUNE,
        at: &times.prune,
        arguments: &["--no-input", "-y", "backup", "prune"],
    };
    let verify = TimedRun {
        name: BACKUP_VERIFY,
        at: &times.verify,
        arguments: &["--no-input", "backup", "verify", "--newest"],
    };
    // Without `keep`, no backup is pruned.
    let prune = settings.keep.map(|_| prune);
    [take].into_iter().chain(prune).chain([verify]).collect()
}
