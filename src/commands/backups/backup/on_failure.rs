//! `on_failure` of the manifest: a program that is called once for a failed run.
//!
//! A run that a signal ends is no failure: the user who sent it knows, and a killed process could run no program.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;

use crate::app::{App, IDENTITY};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_os::program::{ProgramCall, call, shortened};
use martydb_pg::wire::interrupt;
use martydb_ui::report::{Report, printable};

/// Time that the program gets: the run reports its own result after it.
const LIMIT: Duration = Duration::from_secs(30);

/// Maximum number of characters of the error in a variable: the system limits the size of an environment.
const ERROR_SHOWN: usize = 2000;

/// A failed run, as the program gets it on its standard input.
#[derive(Debug, Serialize)]
struct FailedRun<'a> {
    command: &'static str,
    project: &'a str,
    env: &'a str,
    exit_code: u8,
    services: Vec<FailedService<'a>>,
    /// First error.
    error: &'a Error,
}

#[derive(Debug, Serialize)]
struct FailedService<'a> {
    service: String,
    error: &'a Error,
}

/// Report on services of which each can have failed.
pub(crate) trait ServiceErrors: Report {
    /// Returns the errors with the names of their services.
    fn errors(&self) -> Vec<(String, &Error)>;
}

/// Runs the manifest's program if the command failed. A failure of the program is a warning: the result is the
/// command's own. `selected` are the services that its arguments select.
pub(crate) async fn report(
    app: &App,
    command: &'static str,
    selected: Vec<String>,
    end: &Result<impl ServiceErrors>,
) {
    let Some(settings) = app.manifest.backup.as_ref().filter(|settings| !settings.on_failure.is_empty())
    else {
        return;
    };
    let Some((status, errors)) = failure(end, &selected) else { return };
    let Some((_, error)) = errors.first().filter(|_| interrupt::signal().is_none()) else { return };
    let failed = FailedRun {
        command,
        project: &app.manifest.project,
        env: &app.manifest.env,
        exit_code: status.code(),
        error,
        services: errors
            .iter()
            .filter(|(service, _)| !service.is_empty())
            .map(|(service, error)| FailedService { service: service.clone(), error })
            .collect(),
    };
    if let Err(error) = notify(app, &settings.on_failure, &failed).await {
        app.out.note(&format!("warning: {error}"));
    }
}

/// Returns the status and the errors of a failed run with their services: the selected ones if it reached none of
/// them; `None` if the run did not fail, or was interrupted.
fn failure<'a>(
    end: &'a Result<impl ServiceErrors>,
    selected: &[String],
) -> Option<(ExitStatus, Vec<(String, &'a Error)>)> {
    let (status, errors) = match end {
        Ok(report) => (report.status(), report.errors()),
        Err(error) if selected.is_empty() => (error.kind.status(), vec![(String::new(), error)]),
        Err(error) => (error.kind.status(), selected.iter().map(|name| (name.clone(), error)).collect()),
    };
    let is_failure = !matches!(status, ExitStatus::Success | ExitStatus::Interrupted);
    is_failure.then_some((status, errors))
}

async fn notify(app: &App, arguments: &[String], failed: &FailedRun<'_>) -> Result<()> {
    let mut withheld = app.password_variables();
    withheld.push(IDENTITY.to_owned());
    let names: Vec<&str> = failed.services.iter().map(|one| one.service.as_str()).collect();
    let text = serde_json::to_string(failed).map_err(|error| Error::operation(error.to_string()))?;
    let variables = [
        ("MARTYDB_BACKUP_COMMAND", failed.command.to_owned()),
        ("MARTYDB_BACKUP_PROJECT", failed.project.to_owned()),
        ("MARTYDB_BACKUP_ENV", failed.env.to_owned()),
        ("MARTYDB_BACKUP_FAILED", names.join(" ")),
        ("MARTYDB_BACKUP_ERROR", shortened(printable(&failed.error.to_string()), ERROR_SHOWN)),
        ("MARTYDB_BACKUP_STATUS", failed.exit_code.to_string()),
    ];
    let output = call(ProgramCall {
        purpose: "the program of backup.on_failure",
        arguments,
        withheld: &withheld,
        variables: &variables,
        limit: LIMIT,
        input: Some(&SecretString::from(text)),
    })
    .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::operation(format!("the program of backup.on_failure \"{}\" failed", arguments[0]))
        .cause(output.complaint(&arguments[0], None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::error::Kind;
    use martydb_ui::report::Style;

    struct Services(Vec<(&'static str, Option<Error>)>);

    impl Report for Services {
        fn text(&self, _: &Style) -> String {
            String::new()
        }

        fn status(&self) -> ExitStatus {
            ExitStatus::worst(self.errors().into_iter().map(|(_, error)| error.kind.status()))
        }
    }

    impl ServiceErrors for Services {
        fn errors(&self) -> Vec<(String, &Error)> {
            self.0.iter().filter_map(|(name, error)| Some(((*name).to_owned(), error.as_ref()?))).collect()
        }
    }

    fn outcome(end: &Result<Services>) -> Option<(u8, String)> {
        let (status, errors) = failure(end, &["a".to_owned(), "b".to_owned()])?;
        let names: Vec<String> = errors.into_iter().map(|(service, _)| service).collect();
        Some((status.code(), names.join(" ")))
    }

    #[test]
    fn a_failed_run_names_its_services_and_an_interrupted_one_is_none() {
        let error = |kind| Some(Error::new(kind, "it failed"));
        let services = |a, b| Ok(Services(vec![("a", a), ("b", b)]));
        let whole = |kind| Err(Error::new(kind, "the store is down"));
        for (end, expected) in [
            (services(None, None), None),
            (services(None, error(Kind::Locked)), Some((6, "b"))),
            (services(error(Kind::Operation), error(Kind::Unreachable)), Some((5, "a b"))),
            (services(error(Kind::Operation), error(Kind::Interrupted)), None),
            (whole(Kind::Unreachable), Some((5, "a b"))),
            (whole(Kind::Interrupted), None),
        ] {
            let expected = expected.map(|(status, names)| (status, names.to_owned()));
            assert_eq!(outcome(&end), expected);
        }
        let nobody: Result<Services> = whole(Kind::Usage);
        assert_eq!(failure(&nobody, &[]).unwrap().1[0].0, "");
    }
}
