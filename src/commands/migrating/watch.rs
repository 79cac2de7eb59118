//! What happens during a run of migrations: as a bar on a terminal, else as lines.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use super::pace::Pace;
use crate::migrate::{AppliedMigration, Event, MigrationId, MigrationOutcome, RunningMigration};
use crate::report::{Out, Progress};
use crate::units::counted;

/// How often a run that takes long says so where no bar shows it.
const EVERY: Duration = Duration::from_secs(10);

pub struct Watch {
    out: Arc<Out>,
    progress: Arc<Progress>,
    waiting: Mutex<Pace>,
    blocked: Mutex<Pace>,
    running: Mutex<Pace>,
}

impl Watch {
    pub fn new(out: &Arc<Out>) -> Arc<Watch> {
        let pace = || Mutex::new(Pace::new(EVERY));
        Arc::new(Watch {
            out: out.clone(),
            progress: out.progress(),
            waiting: pace(),
            blocked: pace(),
            running: pace(),
        })
    }

    /// Shows the events of a run until it ends, and returns its end.
    pub async fn follow<T>(
        &self,
        service: &str,
        mut events: UnboundedReceiver<Event>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        let end = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => self.tell(service, &event),
                end = &mut work => break end,
            }
        };
        while let Ok(event) = events.try_recv() {
            self.tell(service, &event);
        }
        end
    }

    fn tell(&self, service: &str, event: &Event) {
        let named = |item: &MigrationId| format!("{service} {}", item.label());
        match event {
            Event::Waiting(who) => self.wait(service, who),
            Event::Noticed(what) => self.out.note(&format!("{service}: warning: {what}")),
            Event::Retrying(item, attempt, why) => {
                self.out.note(&format!("{}: attempt {attempt} failed, retrying: {why}", named(item)));
            }
            Event::Warned(item, text) => self.out.note(&format!("{}: warning: {text}", named(item))),
            Event::Planned(items) => self.progress.expect(items.len()),
            Event::Started(item) => self.start(&named(item)),
            Event::Running(item, running) => self.run(service, item, &named(item), running),
            Event::Rehearsed(item) => {
                self.progress.end(&named(item));
                self.progress.advance();
            }
            Event::Applied(done) => {
                let AppliedMigration { version, name, duration_ms } = done.clone();
                let item = MigrationId { version, name };
                self.progress.end(&named(&item));
                self.progress.advance();
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

    fn start(&self, name: &str) {
        self.progress.begin(name);
        // The first line about a migration comes after a while, not at its start.
        forget(&self.running, name);
        let _started = due(&self.running, name, "");
    }

    /// On a terminal as a part of the bar's line; off it, the one in its way as soon as it is seen, and a line about the
    /// whole every so often.
    fn run(&self, service: &str, item: &MigrationId, name: &str, running: &RunningMigration) {
        let said = running.to_string();
        if self.progress.is_drawn() {
            self.progress.detail(name, &said);
            return;
        }
        let seconds = running.elapsed.as_secs();
        let comma = if said.is_empty() { "" } else { ", " };
        let is_new = match running.blocked() {
            Some(blocked) => due(&self.blocked, name, &blocked) == Some(Duration::ZERO),
            None => {
                forget(&self.blocked, name);
                false
            }
        };
        if due(&self.running, name, "").is_some() || is_new {
            self.out.note(&format!("{service}: still running {item}, {seconds} s{comma}{said}"));
        }
    }

    /// A service's run ended: a line where no bar shows it, once for all its files.
    pub fn ended(&self, outcome: &MigrationOutcome) {
        if !self.out.tells_steps() {
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

fn due(pace: &Mutex<Pace>, subject: &str, what: &str) -> Option<Duration> {
    pace.lock().ok()?.due(subject, what, Instant::now())
}

fn forget(pace: &Mutex<Pace>, subject: &str) {
    if let Ok(mut pace) = pace.lock() {
        pace.forget(subject);
    }
}
