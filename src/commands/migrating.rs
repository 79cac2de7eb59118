//! What `upgrade`, `downgrade` and `baseline` have to say: how each service's run ended, and what happens meanwhile.

use std::pin::pin;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::mpsc::UnboundedReceiver;

use super::per_service::{errors_text, map_concurrent};
use crate::error::{ExitStatus, Kind, Result};
use crate::migrate::files::{Direction, Mode};
use crate::migrate::{
    self, AppliedMigration, Ended, Event, EventSender, Goal, MigrationId, MigrationOutcome, MigrationTarget,
    Operator, Options, PlannedFile,
};
use crate::model::DesiredService;
use crate::report::{Cell, Out, Paint, Progress, Report, Style, Table, printable};
use crate::run::Run;

/// How a command runs migrations unless its own flags say otherwise.
pub fn plain_options(run: &Run) -> Options {
    Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) }
}

pub async fn migrate_each(
    run: &Run,
    targets: Vec<(DesiredService, Result<MigrationTarget>)>,
    goal: Goal,
    options: &Options,
) -> Vec<MigrationOutcome> {
    let watch = Watch::new(&run.out);
    let one = |(service, target): (DesiredService, Result<MigrationTarget>)| {
        let (options, watch) = (options.clone(), watch.clone());
        async move {
            let name = service.name.to_string();
            match target {
                Ok(target) => {
                    let (events, receiver) = EventSender::channel();
                    let work = migrate::run(&target, goal, &options, &events);
                    let outcome = watch.follow(&name, receiver, work).await;
                    watch.ended(&outcome);
                    outcome
                }
                Err(error) => MigrationOutcome::new(&name).failed(error),
            }
        }
    };
    map_concurrent(run.jobs.count, targets, one).await
}

/// Writes `schema.sql` of the services that ask for it and whose run ended well. What goes wrong is a warning: the
/// migrations are applied.
pub async fn write_schemas(
    run: &Run,
    targets: &[(DesiredService, Result<MigrationTarget>)],
    outcomes: &[MigrationOutcome],
) {
    for ((service, target), outcome) in targets.iter().zip(outcomes) {
        if let (true, Ok(target), Ended::Ok) = (service.dump_schema, target, outcome.outcome)
            && let Err(error) = migrate::write_schema(target, outcome.to, run.lock_wait).await
        {
            let why: Vec<_> = [error.message].into_iter().chain(error.causes).collect();
            run.out.note(&format!("{}: warning: no schema.sql: {}", service.name, why.join(": ")));
        }
    }
}

/// Shows what happens during a run: as a bar on a terminal, else as lines.
pub struct Watch {
    out: Arc<Out>,
    progress: Arc<Progress>,
}

impl Watch {
    pub fn new(out: &Arc<Out>) -> Arc<Watch> {
        Arc::new(Watch { out: out.clone(), progress: out.progress() })
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
        let named = |item: &MigrationId| format!("{service} V{} {}", item.version, item.name);
        match event {
            Event::Waiting(who) => self.out.note(&format!("{service}: waiting: {who}")),
            Event::Noticed(what) => self.out.note(&format!("{service}: warning: {what}")),
            Event::Retrying(item, attempt, why) => {
                self.out.note(&format!("{}: attempt {attempt} failed, retrying: {why}", named(item)));
            }
            Event::Warned(item, text) => self.out.note(&format!("{}: warning: {text}", named(item))),
            Event::Planned(items) => self.progress.expect(items.len()),
            Event::Started(item) => self.progress.begin(&named(item)),
            Event::Applied(done) => {
                let AppliedMigration { version, name, duration_ms } = done.clone();
                self.progress.end(&named(&MigrationId { version, name: name.clone() }));
                self.progress.advance();
                tracing::info!(target: "martydb", "{service}: V{version} {name} done in {duration_ms} ms");
            }
        }
    }

    /// A service's run ended: a line where no bar shows it, once for all its files.
    fn ended(&self, outcome: &MigrationOutcome) {
        let (Some(first), Some(last)) = (outcome.applied.first(), outcome.applied.last()) else { return };
        if self.out.tells_steps() {
            let millis: u64 = outcome.applied.iter().map(|applied| applied.duration_ms).sum();
            let (service, count) = (&outcome.service, outcome.applied.len());
            let span = if count == 1 {
                format!("V{}", first.version)
            } else {
                format!("V{} to V{} ({count} files)", first.version, last.version)
            };
            self.out.note(&format!("{service}: {span} in {millis} ms"));
        }
    }
}

#[derive(Serialize)]
pub struct UpgradeReport {
    #[serde(rename = "services")]
    outcomes: Vec<MigrationOutcome>,
    #[serde(skip)]
    dry: bool,
    /// What was done, and what it is called if there was nothing to do.
    #[serde(skip)]
    pub words: (&'static str, &'static str),
}

impl UpgradeReport {
    pub fn new(outcomes: Vec<MigrationOutcome>, direction: Direction, dry: bool) -> UpgradeReport {
        let words = match (direction, dry) {
            (Direction::Up, false) => ("migrated", "up to date"),
            (Direction::Up, true) => ("would be applied", "up to date"),
            (Direction::Down, false) => ("reverted", "nothing to revert"),
            (Direction::Down, true) => ("would be reverted", "nothing to revert"),
        };
        UpgradeReport { outcomes, dry, words }
    }

    fn row(&self, outcome: &MigrationOutcome) -> [Cell; 5] {
        let version =
            |version: Option<i64>| version.map_or_else(|| "-".to_owned(), |version| version.to_string());
        let count = if self.dry { outcome.planned.len() } else { outcome.applied.len() };
        let done = if self.dry { Paint::Warn } else { Paint::Good };
        let ended = match (outcome.outcome, count) {
            (Ended::Failed, _) => Cell::new(failed_word(outcome), Paint::Bad),
            (Ended::Skipped, _) => Cell::new("skipped", Paint::Warn),
            (Ended::Ok, 0) => Cell::new(self.words.1, Paint::Dim),
            (Ended::Ok, _) => Cell::new(self.words.0, done),
        };
        [
            outcome.service.as_str().into(),
            Cell::number(version(outcome.from)),
            Cell::number(version(outcome.to)),
            Cell::number(count),
            ended,
        ]
    }
}

fn failed_word(outcome: &MigrationOutcome) -> &'static str {
    match outcome.error.as_ref().map(|error| error.kind) {
        Some(Kind::Divergent) => "divergent",
        Some(Kind::Unreachable) => "unreachable",
        Some(Kind::Locked) => "locked",
        Some(Kind::Interrupted) => "interrupted",
        _ => "failed",
    }
}

impl Report for UpgradeReport {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "from", "to", "migrations", "outcome"]);
        self.outcomes.iter().for_each(|outcome| table.row(self.row(outcome)));
        let mut text = table.render(style);
        if self.dry {
            text += &planned(&self.outcomes);
        }
        let errors = self.outcomes.iter().map(|outcome| (outcome.service.as_str(), outcome.error.as_ref()));
        text + &errors_text(errors, style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.outcomes.iter().map(MigrationOutcome::status))
    }
}

/// One file as a dry run shows it: a comment that says where it comes from, and the text that would be sent.
fn script(service: &str, file: &PlannedFile) -> String {
    let mode = match file.mode {
        Mode::Transaction => "in a transaction",
        Mode::NoTransaction => "outside a transaction",
    };
    let end = if file.sql.ends_with('\n') { "" } else { "\n" };
    let head = printable(&format!("{service} V{} {}, {mode}: {}", file.version, file.name, file.file));
    format!("\n-- {head}\n{}{end}", file.sql)
}

pub fn planned(outcomes: &[MigrationOutcome]) -> String {
    let items = outcomes.iter().flat_map(|outcome| outcome.planned.iter().map(move |item| (outcome, item)));
    items.map(|(outcome, file)| script(&outcome.service, file)).collect()
}
