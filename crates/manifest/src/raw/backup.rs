//! The key `backup`: location, encryption and retention of backups.

use schemars::JsonSchema;
use serde::Deserialize;

use super::forms::forms;
use crate::lenient;

/// Backups of the services.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBackup {
    /// Folder, relative to the manifest, or `s3://bucket/prefix`; endpoint, region and keys are read from the variables AWS_*.
    /// A list has several of them: each gets every backup, and the first that has it is read.
    pub to: RawBackupPlaces,
    /// Recipients of age that can read the backups, such as `age1…`; default: no encryption, which every run reports.
    #[serde(default)]
    pub encrypt: Vec<String>,
    /// Retention of each service's backups, for `backup prune`; default: all.
    pub keep: Option<RawKeep>,
    /// Number of processes or threads that work on one backup; default: 2.
    #[serde(default, deserialize_with = "lenient::optional")]
    pub jobs: Option<usize>,
    /// Schedule that `martydb render` writes; martydb itself runs none.
    #[serde(default)]
    pub schedule: RawBackupTimes,
    /// Program and its arguments, run without a shell when `martydb backup` or `backup verify` fails; it gets the failure in
    /// variables and on its standard input. A path with a slash is relative to the manifest.
    #[serde(default)]
    pub on_failure: Vec<String>,
}

/// Place of the backups, or several.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawBackupPlaces {
    /// Folder or `s3://bucket/prefix`.
    One(String),
    /// Folders and buckets.
    Each(Vec<String>),
}

impl RawBackupPlaces {
    /// Returns the places in their order.
    pub(crate) fn all(&self) -> &[String] {
        match self {
            RawBackupPlaces::One(place) => std::slice::from_ref(place),
            RawBackupPlaces::Each(places) => places,
        }
    }
}

forms! {
    RawBackupPlaces,
    "a folder or a bucket, or a list of them",
    text => |place| Ok(RawBackupPlaces::One(place.to_owned())),
    list => RawBackupPlaces::Each
}

/// Times of the jobs, as the five fields of cron: minute, hour, day of the month, month, day of the week.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBackupTimes {
    /// Time of the backup of every service; default: 30 1 * * *, each night.
    pub take: Option<String>,
    /// Time of removing backups that `keep` does not cover; default: 30 3 * * *.
    pub prune: Option<String>,
    /// Time of restoring and comparing the newest backup of every service; default: 30 4 * * 0, on Sundays.
    pub verify: Option<String>,
}

/// Retention of each service's backups. The newest one and the last verified one are always kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawKeep {
    /// Number of newest backups.
    #[serde(deserialize_with = "lenient::optional")]
    pub last: Option<usize>,
    /// Number of days that keep their newest backup; only days with a backup count.
    #[serde(deserialize_with = "lenient::optional")]
    pub daily: Option<usize>,
    /// Number of weeks, from Monday on, that keep their newest backup.
    #[serde(deserialize_with = "lenient::optional")]
    pub weekly: Option<usize>,
    /// Number of months that keep their newest backup.
    #[serde(deserialize_with = "lenient::optional")]
    pub monthly: Option<usize>,
}
