//! Common frame of commands that run the same on every selected service: connect to its database, run, report in the
//! manifest's order. A failing service does not stop the others.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use crate::app::App;
use martydb_context::targets;
use martydb_migrate::MigrationTarget;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Kind, Result};
use martydb_model::units::first_of;
use martydb_ui::flags::Select;
use martydb_ui::report::{Style, error_text, progress};

#[derive(Serialize)]
pub struct PerService<T> {
    pub service: String,
    #[serde(flatten)]
    pub answer: T,
    pub error: Option<Error>,
    /// Its server; empty where the command does not group by servers.
    #[serde(skip)]
    pub server: String,
}

impl<T: Default> PerService<T> {
    pub fn new(service: String, answer: Result<T>) -> PerService<T> {
        match answer {
            Ok(answer) => PerService { service, answer, error: None, server: String::new() },
            Err(error) => {
                PerService { service, answer: T::default(), error: Some(error), server: String::new() }
            }
        }
    }
}

impl<T> PerService<T> {
    pub(crate) fn is_unprovisioned(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind == Kind::NotProvisioned)
    }
}

/// Returns the errors with the names of their services.
pub(crate) fn errors_of<T>(services: &[PerService<T>]) -> Vec<(String, &Error)> {
    services.iter().filter_map(|one| Some((one.service.clone(), one.error.as_ref()?))).collect()
}

/// Lists services that are not provisioned, and the command that provisions them.
fn unprovisioned(names: &[&str]) -> String {
    let (verb, which) = match names {
        [] => return String::new(),
        [_] => ("is", names.join(" ")),
        _ if names.len() <= MAX_NAMED => ("are", names.join(" ")),
        _ => ("are", "--all".into()),
    };
    format!("\n{} {verb} not provisioned\nhint: run `martydb apply {which}`\n", first_of(names, MAX_NAMED))
}

#[derive(Serialize)]
pub struct Services<T> {
    pub services: Vec<PerService<T>>,
}

impl<T> Services<T> {
    /// Returns the errors of services, and below them those that are not provisioned.
    pub(crate) fn errors_text(&self, style: &Style) -> String {
        let failed = self.services.iter().filter(|one| !one.is_unprovisioned());
        let text = errors_text(failed.map(|one| (one.service.as_str(), one.error.as_ref())), style);
        let absent = self.services.iter().filter(|one| one.is_unprovisioned());
        text + &unprovisioned(&absent.map(|one| one.service.as_str()).collect::<Vec<_>>())
    }

    pub(crate) fn worst_status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.services.iter().filter_map(|one| one.error.as_ref()))
    }

    /// Exit status of a read-only command: a service without a database is a result, not an error, as for `status`.
    pub(crate) fn status_of_look(&self) -> ExitStatus {
        let failed = self.services.iter().filter(|one| !one.is_unprovisioned());
        ExitStatus::of_errors(failed.filter_map(|one| one.error.as_ref()))
    }
}

/// Runs `ask` on each selected service, at most `--jobs` at a time; its argument is the timeout of a connection.
///
/// # Errors
/// If the secrets or a server's settings cannot be read. The error of one service is part of its answer.
pub(crate) async fn ask_each<T, F>(
    app: &App,
    select: &Select,
    ask: impl Fn(MigrationTarget, Duration) -> F + Copy + Send + 'static,
) -> Result<Services<T>>
where
    T: Default + Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let wait = app.lock_wait;
    let targets = targets::for_services(app, &app.readable(select)?).await?;
    let asking = Arc::new(progress("asking", "services"));
    asking.expect(targets.len());
    let one = |(service, target): (DesiredService, Result<MigrationTarget>)| {
        let asking = asking.clone();
        async move {
            let answer = async move { ask(target?, wait).await };
            let answer = asking.run(service.name.as_str(), answer).await;
            PerService { server: service.server.clone(), ..PerService::new(service.name.to_string(), answer) }
        }
    };
    Ok(Services { services: map_concurrent(app.jobs.count, targets, one).await })
}

/// Number of services named for one error.
const MAX_NAMED: usize = 5;

/// Returns the errors of services, for the space below a table; one that several services have is printed once, in the
/// words of the first.
pub(crate) fn errors_text<'a>(
    services: impl Iterator<Item = (&'a str, Option<&'a Error>)>,
    style: &Style,
) -> String {
    let mut groups: Vec<(String, String, Vec<&str>)> = vec![];
    for (service, error) in services.filter_map(|(service, error)| Some((service, error?))) {
        let text = error_text(error, style);
        // Databases and roles begin with the service's name by default.
        let alike = text.replace(&format!("\"{service}"), "\"");
        match groups.iter_mut().find(|group| group.0 == alike) {
            Some(group) => group.2.push(service),
            None => groups.push((alike, text, vec![service])),
        }
    }
    groups
        .iter()
        .map(|(_, text, services)| format!("\n{}:\n{text}\n", first_of(services, MAX_NAMED)))
        .collect()
}

/// Runs one task per item on all cores, at most `jobs` at a time; results are in the items' order.
pub(crate) async fn map_concurrent<I, T, F>(jobs: usize, items: Vec<I>, work: impl Fn(I) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    map_within(|| jobs, items, work).await
}

/// The same with a number of tasks that may change as they end.
pub(crate) async fn map_within<I, T, F>(
    jobs: impl Fn() -> usize,
    items: Vec<I>,
    work: impl Fn(I) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    // Dropping the set, as a signal does, also ends the tasks.
    let (mut tasks, mut results) = (JoinSet::new(), vec![]);
    let mut waiting = items.into_iter().enumerate();
    loop {
        for (at, item) in waiting.by_ref().take(jobs().max(1).saturating_sub(tasks.len())) {
            let work = work(item);
            tasks.spawn(async move { (at, work.await) });
        }
        match tasks.join_next().await {
            Some(result) => results.push(result.expect("a task ends with its result or with the run")),
            None => break,
        }
    }
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_many_services_met_is_printed_once() {
        let refused = |name: &str| {
            Error::operation(format!("cannot log in to database \"{name}\" as \"{name}_migrator\""))
                .cause("connection refused")
        };
        let names: Vec<String> = (1..=8).map(|n| format!("svc{n}")).collect();
        let errors: Vec<Error> = names.iter().map(|name| refused(name)).collect();
        let other = Error::operation("a file is wrong");
        let all = names.iter().map(String::as_str).zip(errors.iter().map(Some));
        let text = errors_text(all.chain([("late", Some(&other)), ("fine", None)]), &Style::PLAIN);
        assert_eq!(
            text,
            "\nsvc1, svc2, svc3, svc4, svc5 and 3 more:\nerror: cannot log in to database \"svc1\" as \"svc1_migrator\"\n\
             caused by: connection refused\n\nlate:\nerror: a file is wrong\n"
        );
    }
}
