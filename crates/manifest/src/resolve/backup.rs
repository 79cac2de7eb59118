//! Backup settings, without locations where backups would be mistaken for other files, lost with them, or read by others.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::deploy::is_cron;
use super::scope::Scope;
use crate::raw::{RawBackup, RawBackupTimes, RawKeep, RawSecrets};
use crate::recipient::check_recipient;
use martydb_model::error::Result;
use martydb_model::{
    BackupLocation, BackupSettings, BackupTimes, DesiredService, RetentionPolicy, ServiceName,
};

const MOST_JOBS: usize = 64;

pub(crate) fn settings(
    scope: &Scope,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<Option<BackupSettings>> {
    let Some(raw) = &scope.raw.backup else { return Ok(None) };
    for (number, text) in raw.encrypt.iter().enumerate() {
        if text.starts_with("AGE-SECRET-KEY-") {
            return Err(scope
                .error(
                    ["backup", "encrypt"],
                    format!("entry {} is an identity, which opens backups", number + 1),
                )
                .hint("write its recipient, age1…: `age-keygen -y FILE` prints it")
                .hint("an identity in a file may have been read: create another one"));
        }
        if let Err(error) = check_recipient(text) {
            return Err(scope
                .error(["backup", "encrypt"], format!("\"{text}\" is not a recipient of age: {error}"))
                .hint("a recipient is the age1… that `age-keygen` prints"));
        }
    }
    let jobs = raw.jobs.unwrap_or(2);
    if jobs == 0 || jobs > MOST_JOBS {
        return Err(scope.error(["backup", "jobs"], format!("{jobs} is not from 1 to {MOST_JOBS}")));
    }
    Ok(Some(BackupSettings {
        to: places(scope, raw, services)?,
        encrypt: raw.encrypt.clone(),
        keep: raw.keep.as_ref().map(|keep| retention(scope, keep)).transpose()?,
        jobs,
        schedule: times(scope, &raw.schedule)?,
        on_failure: program(scope, raw)?,
        home: scope.home.to_owned(),
    }))
}

/// Returns the program of `on_failure`, found from the manifest's folder, with its arguments.
fn program(scope: &Scope, raw: &RawBackup) -> Result<Vec<String>> {
    let mut words = raw.on_failure.clone();
    let Some(program) = words.first_mut() else { return Ok(words) };
    if program.is_empty() || raw.on_failure.iter().any(|word| word.contains('\0')) {
        return Err(scope
            .error(
                ["backup", "on_failure"],
                "the program has no name, or a character that no program can get",
            )
            .hint("on_failure: [program, argument, …]"));
    }
    if program.contains('/') {
        *program = scope.home.join(&*program).display().to_string();
    }
    Ok(words)
}

fn times(scope: &Scope, raw: &RawBackupTimes) -> Result<BackupTimes> {
    let time = |key: &str, own: &Option<String>, usual: String| {
        let time = own.clone().unwrap_or_else(|| usual.clone());
        if !is_cron(&time, 5) {
            let message = format!("\"{time}\" is not a cron schedule");
            return Err(scope
                .error(["backup", "schedule", key], message)
                .hint(format!("five fields: minute, hour, day, month, day of the week, such as {usual}")));
        }
        Ok(time)
    };
    let usual = BackupTimes::default();
    Ok(BackupTimes {
        take: time("take", &raw.take, usual.take)?,
        prune: time("prune", &raw.prune, usual.prune)?,
        verify: time("verify", &raw.verify, usual.verify)?,
    })
}

fn retention(scope: &Scope, raw: &RawKeep) -> Result<RetentionPolicy> {
    let of = |count: Option<usize>| count.unwrap_or(0);
    let keep = RetentionPolicy {
        last: of(raw.last),
        daily: of(raw.daily),
        weekly: of(raw.weekly),
        monthly: of(raw.monthly),
    };
    if keep == (RetentionPolicy { last: 0, daily: 0, weekly: 0, monthly: 0 }) {
        return Err(scope.error(["backup", "keep"], "it keeps nothing").hint(
            "keep: { last: 3, daily: 7, weekly: 4, monthly: 12 }, or some of it; without keep all backups stay",
        ));
    }
    Ok(keep)
}

/// Returns the stores, none of which is another one or a part of it.
fn places(
    scope: &Scope,
    raw: &RawBackup,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<Vec<BackupLocation>> {
    let mut all: Vec<BackupLocation> = vec![];
    for (number, text) in raw.to.all().iter().enumerate() {
        let one = place(scope, text, services)?;
        if all.iter().any(|other| overlap(&one, other)) {
            let message = format!("entry {} is the store of another entry, or a part of it", number + 1);
            return Err(scope.error(["backup", "to"], message).hint("each store needs a place of its own"));
        }
        all.push(one);
    }
    if all.is_empty() {
        return Err(scope.error(["backup", "to"], "it names no store").hint("to: ./backups"));
    }
    Ok(all)
}

/// Returns `true` if one of two stores contains the other.
fn overlap(one: &BackupLocation, other: &BackupLocation) -> bool {
    match (one, other) {
        (BackupLocation::Folder(one), BackupLocation::Folder(other)) => {
            one.starts_with(other) || other.starts_with(one)
        }
        (
            BackupLocation::S3 { bucket: one, prefix },
            BackupLocation::S3 { bucket: other, prefix: other_prefix },
        ) => {
            let [prefix, other_prefix] = [prefix, other_prefix].map(Path::new);
            one == other && (prefix.starts_with(other_prefix) || other_prefix.starts_with(prefix))
        }
        _ => false,
    }
}

fn place(
    scope: &Scope,
    text: &str,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<BackupLocation> {
    let refused = |why: String| {
        scope
            .error(["backup", "to"], why)
            .hint("to: ./backups, another folder of their own, or s3://bucket/prefix")
    };
    if let Some(rest) = text.strip_prefix("s3://") {
        return bucket(rest).ok_or_else(|| {
refused(format!("\"{text}\" is not s3://bucket/prefix"))
                .hint("a bucket has 3 to 63 characters, of a-z, 0-9, \".\" and \"-\"; the parts of a prefix have letters, digits, \".\", \"-\" and \"_\"")
                .hint("endpoint, region and keys come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and the like")
        });
    }
    if text.is_empty() || text.contains("://") {
        return Err(refused(format!("\"{text}\" is neither a folder nor s3://bucket/prefix")));
    }
    let folder = plain(&scope.home.join(text));
    match clash(&folder, scope, services) {
        None => Ok(BackupLocation::Folder(folder)),
        Some(why) => Err(refused(format!("\"{text}\" {why}"))),
    }
}

/// Returns the reason why a folder cannot be for backups only.
fn clash(folder: &Path, scope: &Scope, services: &BTreeMap<ServiceName, DesiredService>) -> Option<String> {
    let home = plain(scope.home);
    if home.starts_with(folder) {
        return Some("contains the manifest itself".into());
    }
    if folder.starts_with(home.join(".martydb")) {
        return Some(
            "is where martydb keeps servers and passwords, which `martydb dev destroy` deletes".into(),
        );
    }
    if folder.starts_with(home.join(".git")) {
        return Some("is git's own folder".into());
    }
    if let RawSecrets::File { path } = &scope.raw.secrets {
        let secrets = plain(&home.join(path));
        if secrets.parent().is_some_and(|secrets| secrets != home && folder.starts_with(secrets)) {
            return Some("is the folder of the passwords: backups go to more places".into());
        }
    }
    let migrations = |service: &DesiredService| {
        let theirs = plain(&home.join(&service.migrations));
        folder.starts_with(&theirs) || theirs.starts_with(folder)
    };
    let service = services.values().find(|service| migrations(service))?;
    Some(format!("contains or is inside the migrations of {}", service.name))
}

/// Removes `.` and `..`. Links are not followed, since the folder may not exist yet.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// Parses a bucket. Names are limited to those that every S3-compatible server accepts, without characters that could
/// denote a login:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn bucket(text: &str) -> Option<BackupLocation> {
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let prefix = prefix.trim_end_matches('/');
    let is_bucket = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let named = (3..=63).contains(&bucket.len()) && bucket.chars().all(is_bucket);
    let part = |part: &str| !["", ".", ".."].contains(&part) && part.chars().all(is_key);
    let keyed = prefix.is_empty() || (prefix.len() <= 500 && prefix.split('/').all(part));
    (named && keyed).then(|| BackupLocation::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_a_prefix_are_distinguished() {
        let s3 =
            |bucket: &str, prefix: &str| BackupLocation::S3 { bucket: bucket.into(), prefix: prefix.into() };
        for (text, expected) in [
            ("my-backups", s3("my-backups", "")),
            ("my-backups/", s3("my-backups", "")),
            ("my.backups/shop/prod/", s3("my.backups", "shop/prod")),
        ] {
            assert_eq!(bucket(text), Some(expected), "{text}");
        }
        for text in ["", "/x", "ab", "Upper", "key:secret@bucket", "bucket/a//b", "bucket/../x", "bucket/a?b"]
        {
            assert_eq!(bucket(text), None, "{text}");
        }
    }

    #[test]
    fn nested_stores_are_reported() {
        let folder = |path: &str| BackupLocation::Folder(path.into());
        let s3 = |text: &str| bucket(text).unwrap();
        for (one, other, expected) in [
            (folder("/a/b"), folder("/a/b"), true),
            (folder("/a/b/c"), folder("/a/b"), true),
            (folder("/a/b"), folder("/a/bc"), false),
            (s3("one/x"), s3("one/x"), true),
            (s3("one/x/y"), s3("one/x"), true),
            (s3("one/x"), s3("one"), true),
            (s3("one/x"), s3("one/xy"), false),
            (s3("one/x"), s3("two/x"), false),
            (s3("one/x"), folder("/one/x"), false),
        ] {
            assert_eq!(overlap(&one, &other), expected, "{one:?} {other:?}");
            assert_eq!(overlap(&other, &one), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_path_is_compared_without_detours() {
        assert_eq!(plain(Path::new("/a/./b/../c/")), Path::new("/a/c"));
    }
}
