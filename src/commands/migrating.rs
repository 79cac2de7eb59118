//! What `upgrade`, `downgrade` and `baseline` have to say: how each service's run ended, and what happens meanwhile.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::{Error, ExitStatus, Kind};
use crate::migrate::directive::Mode;
use crate::migrate::name::Direction;
use crate::migrate::{Applied, Ended, Event, Item, Outcome, Planned};
use crate::report::{Cell, Look, Out, Paint, Progress, Report, Table, error_text, printable};

/// Tells what happens during a run, to whoever watches.
pub struct Watch {
    out: Arc<Out>,
    progress: Arc<Progress>,
}

impl Watch {
    /// Begins to watch.
    pub fn new(out: &Arc<Out>) -> Arc<Watch> {
        Arc::new(Watch { out: out.clone(), progress: out.progress() })
    }

    /// Something happened in a service.
    pub fn tell(&self, service: &str, event: &Event) {
        let named = |item: &Item| format!("{service} V{} {}", item.version, item.name);
        match event {
            Event::Waiting(who) => self.out.note(&format!("{service}: waiting: {who}")),
            Event::Noticed(what) => self.out.note(&format!("{service}: warning: {what}")),
            Event::Retrying(item, attempt, why) => {
                self.out.note(&format!("{}: attempt {attempt} gave way: {why}", named(item)));
            }
            Event::Warned(item, text) => self.out.note(&format!("{}: warning: {text}", named(item))),
            Event::Planned(items) => self.progress.expect(items.len()),
            Event::Started(item) => self.progress.begin(&named(item)),
            Event::Applied(done) => {
                let Applied { version, name, duration_ms } = done.clone();
                self.progress.end(&named(&Item { version, name: name.clone() }));
                self.progress.advance();
                tracing::info!(target: "martydb", "{service}: V{version} {name} done in {duration_ms} ms");
            }
        }
    }

    /// A service's run ended: a line where no bar shows it, once for all its files.
    pub fn ended(&self, outcome: &Outcome) {
        let (Some(first), Some(last)) = (outcome.applied.first(), outcome.applied.last()) else { return };
        if self.out.tells_steps() {
            let millis: u64 = outcome.applied.iter().map(|applied| applied.duration_ms).sum();
            let (service, count) = (&outcome.service, outcome.applied.len());
            let span = match count {
                1 => format!("V{}", first.version),
                _ => format!("V{} to V{} ({count} files)", first.version, last.version),
            };
            self.out.note(&format!("{service}: {span} in {millis} ms"));
        }
    }
}

/// How each service's run ended.
pub struct UpgradeReport {
    outcomes: Vec<Outcome>,
    dry: bool,
    /// What was done, and what it is called if there was nothing to do.
    words: (&'static str, &'static str),
}

impl UpgradeReport {
    /// The results of one run in one direction.
    pub fn new(outcomes: Vec<Outcome>, direction: Direction, dry: bool) -> UpgradeReport {
        let words = match (direction, dry) {
            (Direction::Up, false) => ("migrated", "up to date"),
            (Direction::Up, true) => ("would be applied", "up to date"),
            (Direction::Down, false) => ("undone", "nothing to undo"),
            (Direction::Down, true) => ("would be undone", "nothing to undo"),
        };
        UpgradeReport { outcomes, dry, words }
    }

    /// Other words for what was done, and for nothing to do.
    #[must_use]
    pub fn words(mut self, done: &'static str, nothing: &'static str) -> UpgradeReport {
        self.words = (done, nothing);
        self
    }

    fn row(&self, outcome: &Outcome) -> [Cell; 5] {
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

fn failed_word(outcome: &Outcome) -> &'static str {
    match outcome.error.as_ref().map(|error| error.kind) {
        Some(Kind::Divergent) => "divergent",
        Some(Kind::Unreachable) => "unreachable",
        Some(Kind::Locked) => "locked",
        Some(Kind::Interrupted) => "interrupted",
        _ => "failed",
    }
}

impl Report for UpgradeReport {
    fn json(&self) -> Map<String, Value> {
        Map::from_iter([("services".to_owned(), json!(self.outcomes))])
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "from", "to", "migrations", "outcome"]);
        self.outcomes.iter().for_each(|outcome| table.row(self.row(outcome)));
        let mut text = table.render(look);
        if self.dry {
            text += &planned(&self.outcomes);
        }
        for outcome in &self.outcomes {
            if let Some(error) = &outcome.error {
                text += &format!("\n{}:\n{}\n", outcome.service, error_text(error, look));
            }
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.outcomes.iter().map(Outcome::status))
    }
}

/// One file as a dry run shows it: a comment that says where it comes from, and the text that would be sent.
fn script(service: &str, file: &Planned) -> String {
    let mode = match file.mode {
        Mode::Transaction => "in a transaction",
        Mode::NoTransaction => "outside a transaction",
    };
    let end = if file.sql.ends_with('\n') { "" } else { "\n" };
    let head = printable(&format!("{service} V{} {}, {mode}: {}", file.version, file.name, file.file));
    format!("\n-- {head}\n{}{end}", file.sql)
}

/// What a dry run would run, in that order.
pub fn planned(outcomes: &[Outcome]) -> String {
    let items = outcomes.iter().flat_map(|outcome| outcome.planned.iter().map(move |item| (outcome, item)));
    items.map(|(outcome, file)| script(&outcome.service, file)).collect()
}

/// For reports that put several commands together.
impl UpgradeReport {
    /// The errors, by service.
    pub fn errors(&self) -> impl Iterator<Item = &Error> {
        self.outcomes.iter().filter_map(|outcome| outcome.error.as_ref())
    }

    /// Whether anything was applied.
    pub fn changed(&self) -> bool {
        self.outcomes.iter().any(|outcome| !outcome.applied.is_empty())
    }
}
