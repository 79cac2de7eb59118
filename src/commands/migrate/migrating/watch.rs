//! Progress of a migration run, with the sessions that block it as lines.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::Instrument;

use super::repeat_limit::RepeatLimit;
use martydb_migrate::{AppliedMigration, Event, MigrationId, MigrationOutcome, RunningMigration};
use martydb_model::units::counted;
use martydb_ui::report::{Out, Progress, Unit, progress};

/// Interval after which a message is repeated.
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) struct Watch {
    out: Arc<Out>,
    progress: Progress,
    /// Running migrations, by service and name.
    running: Mutex<BTreeMap<String, Unit>>,
    waiting: Mutex<RepeatLimit>,
    blocked: Mutex<RepeatLimit>,
}

impl Watch {
    pub(crate) fn new(out: &Arc<Out>) -> Arc<Watch> {
        let pace = || Mutex::new(RepeatLimit::new(REPORT_INTERVAL));
        Arc::new(Watch {
            out: out.clone(),
            progress: progress("migrating", "migrations"),
            running: Mutex::default(),
            waiting: pace(),
            blocked: pace(),
        })
    }

    /// Shows the events of a run until it ends, and returns its result.
    pub(crate) async fn follow<T>(
        &self,
        service: &str,
        mut events: UnboundedReceiver<Event>,
        work: impl Future<Output = T>,
    ) -> T {
        let span = tracing::info_span!(target: "martydb::span", "service", service);
        let mut work = pin!(work.instrument(span));
        let end = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.print(service, &event),
                end = &mut work => break end,
            }
        };
        while let Ok(event) = events.try_recv() {
            self.print(service, &event);
        }
        end
    }

    fn print(&self, service: &str, event: &Event) {
        let named = |item: &MigrationId| format!("{service} {}", item.label());
        match event {
            Event::Waiting(who) => self.wait(service, who),
            Event::Noticed(what) => self.out.note(&format!("{service}: warning: {what}")),
            Event::Retrying(item, attempt, why) => {
                self.out.note(&format!("{}: attempt {attempt} failed, retrying: {why}", named(item)));
            }
            Event::Warned(item, text) => self.out.note(&format!("{}: warning: {text}", named(item))),
            Event::Planned(items) => self.progress.expect(items.len()),
            Event::Started(item) => self.start(named(item)),
            Event::Running(item, running) => self.run(&named(item), running),
            Event::Rehearsed(item) => self.end(&named(item)),
            Event::Applied(done) => {
                let AppliedMigration { version, name, duration_ms } = done.clone();
                let item = MigrationId { version, name };
                self.end(&named(&item));
                tracing::info!(target: "martydb", "{service}: {} done in {duration_ms} ms", item.label());
            }
        }
    }

    fn wait(&self, service: &str, who: &str) {
        match due(&self.waiting, service, who) {
            None => {}
            Some(Duration::ZERO) => self.out.note(&format!("{service}: waiting: {who}")),
            Some(held) => self.out.note(&format!("{service}: still waiting, {} s: {who}", held.as_secs())),
        }
    }

    fn start(&self, name: String) {
        let unit = self.progress.unit(&name);
        self.units(|running| running.insert(name, unit));
    }

    /// Ends a migration; one that changed nothing also counts.
    fn end(&self, name: &str) {
        if self.units(|running| running.remove(name)).is_none() {
            self.progress.advance();
        }
    }

    fn units(&self, change: impl FnOnce(&mut BTreeMap<String, Unit>) -> Option<Unit>) -> Option<Unit> {
        change(&mut self.running.lock())
    }

    /// Shows progress; without a bar, the blocking session is printed as soon as it appears.
    fn run(&self, name: &str, running: &RunningMigration) {
        self.units(|units| {
            units.get(name).into_iter().for_each(|unit| unit.detail(&running.to_string()));
            None
        });
        let Some(blocked) = running.blocked() else { return forget(&self.blocked, name) };
        if due(&self.blocked, name, &blocked) == Some(Duration::ZERO) && self.out.prints_steps() {
            self.out.note(&format!("{name}: {blocked}"));
        }
    }

    /// Prints one line for all files of a service whose run ended, if no bar shows it.
    pub(crate) fn ended(&self, outcome: &MigrationOutcome) {
        if !self.out.prints_steps() {
            return;
        }
        if let (Some(first), Some(last)) = (outcome.applied.first(), outcome.applied.last()) {
            let millis: u64 = outcome.applied.iter().map(|applied| applied.duration_ms).sum();
            let (service, count) = (&outcome.service, outcome.applied.len());
            let span = if count == 1 {
                format!("V{}", first.version)
            } else {
                format!("V{} to V{} ({count} files)", first.version, last.version)
            };
            self.out.note(&format!("{service}: {span} in {millis} ms"));
        }
        if !outcome.repeatable.is_empty() {
            let millis: u64 = outcome.repeatable.iter().map(|repeated| repeated.duration_ms).sum();
            let count = counted(outcome.repeatable.len(), "repeatable migration");
            self.out.note(&format!("{}: {count} in {millis} ms", outcome.service));
        }
    }
}

fn due(pace: &Mutex<RepeatLimit>, subject: &str, what: &str) -> Option<Duration> {
    pace.lock().due(subject, what, Instant::now())
}

fn forget(pace: &Mutex<RepeatLimit>, subject: &str) {
    pace.lock().forget(subject);
}
