//! When martydb runs by itself, for every target that has a schedule.

use super::landscape::{BACKUP, BACKUP_PRUNE, BACKUP_VERIFY, Landscape};

/// When isolation is proven: the five fields of cron.
pub const ISOLATION: &str = "17 3 * * *";

/// A run of martydb at certain times.
pub struct TimedRun<'a> {
    /// What it is called.
    pub name: &'static str,
    /// The five fields of cron.
    pub at: &'a str,
    pub arguments: &'static [&'static str],
}

/// The runs that the manifest's `backup:` asks for.
pub fn of_backups<'a>(landscape: &Landscape<'a>) -> Vec<TimedRun<'a>> {
    let Some(settings) = &landscape.manifest.backup else { return vec![] };
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
    // Without `keep` all of them stay.
    let prune = settings.keep.map(|_| prune);
    [take].into_iter().chain(prune).chain([verify]).collect()
}
