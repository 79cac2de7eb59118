//! Crontab for one machine: scheduled verifications, partitions and backups, run as the crontab's user.
//!
//! Format of `man 5 crontab` of Debian's cron: values of variables are literal, but `%` ends the command of a line.

use super::deployment::DeploymentPlan;
use super::schedule;
use martydb_model::error::{Error, Result};

/// Returns the crontab.
///
/// # Errors
/// If the manifest's path cannot be written in a crontab.
pub(crate) fn table(plan: &DeploymentPlan<'_>) -> Result<String> {
    let manifest = plan.manifest;
    let path = manifest.path.display().to_string();
    let variables = [("MARTYDB_MANIFEST", value(&path)?), ("MARTYDB_ENV", value(&manifest.env)?)];
    let mut text = "# Load it with `crontab FILE`; cron sends what it prints by mail. Variables that the commands need,\n\
                    # such as DB_PASSWORD_FILE or AWS_*, go here too; martydb and pg_dump have to be on the PATH.\n"
        .to_owned();
    text += "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n";
    text.extend(variables.map(|(name, value)| format!("{name}={value}\n")));
    text += &line(schedule::ISOLATION, &["--no-input", "verify-isolation"]);
    text.extend(schedule::of_partitions(plan).map(|run| line(run.at, run.arguments)));
    text.extend(schedule::of_backups(plan).iter().map(|run| line(run.at, run.arguments)));
    Ok(text)
}

fn line(at: &str, arguments: &[&str]) -> String {
    format!("{at} martydb {}\n", arguments.join(" "))
}

/// Quotes a value: blanks at its ends would be lost.
fn value(text: &str) -> Result<String> {
    let quote = ['"', '\''].into_iter().find(|quote| !text.contains(*quote));
    match quote.filter(|_| !text.contains(['\n', '\r', '\0'])) {
        Some(quote) => Ok(format!("{quote}{text}{quote}")),
        None => {
            Err(Error::manifest(format!("a crontab cannot contain the path {text:?}"))
                .hint("rename the folder"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_with_what_it_has_not() {
        assert_eq!(value("/srv/a b").unwrap(), "\"/srv/a b\"");
        assert_eq!(value("/srv/\"a\"").unwrap(), "'/srv/\"a\"'");
        for wrong in ["/a\nb", "/a\"'"] {
            assert!(value(wrong).is_err(), "{wrong:?}");
        }
    }
}
