//! The key `backup`: where backups go, for whom they are encrypted, and how long they stay.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::lenient;

/// Backups of the services.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBackup {
    /// A folder, relative to the manifest, or `s3://bucket/prefix`; endpoint, region and keys come from the variables AWS_*.
    pub to: String,
    /// For whom they are encrypted: recipients of age, such as `age1…`; default: they are not encrypted, and every run says so.
    #[serde(default)]
    pub encrypt: Vec<String>,
    /// Which backups of each service `backup prune` keeps; default: all.
    pub keep: Option<RawKeep>,
    /// How many processes or threads work on one backup; default: 2.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub jobs: Option<usize>,
    /// When they are taken, where `martydb render` writes a schedule; martydb itself runs none.
    #[serde(default)]
    pub schedule: RawBackupTimes,
}

/// The times of the jobs, as the five fields of cron: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawBackupTimes {
    /// When every service is backed up; default: 30 1 * * *, each night.
    pub take: Option<String>,
    /// When what `keep` does not hold is removed; default: 30 3 * * *.
    pub prune: Option<String>,
    /// When the newest backup of every service is restored and compared; default: 30 4 * * 0, on Sundays.
    pub verify: Option<String>,
}

/// Which backups of each service stay. The newest one and the last verified one always do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawKeep {
    /// The newest ones, as many as this.
    #[serde(deserialize_with = "lenient::optional")]
    pub last: Option<usize>,
    /// The newest one of each day, for as many days that have one.
    #[serde(deserialize_with = "lenient::optional")]
    pub daily: Option<usize>,
    /// The newest one of each week, from Monday on.
    #[serde(deserialize_with = "lenient::optional")]
    pub weekly: Option<usize>,
    /// The newest one of each month.
    #[serde(deserialize_with = "lenient::optional")]
    pub monthly: Option<usize>,
}
