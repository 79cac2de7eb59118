//! `upgrade`: applies pending migrations, services side by side.

use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::Select;
use crate::error::{Error, ExitStatus, Kind, Result};
use crate::fleet;
use crate::migrate::{self, Ended, Event, Operator, Options, Order, Outcome, Run as Writes};
use crate::model::DesiredService;
use crate::report::{Cell, Look, Out, Paint, Report, Table, error_text};
use crate::run::Run;

/// Flags of `upgrade`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
    /// The last version to apply.
    #[arg(long, value_name = "VERSION")]
    pub to: Option<i64>,
    /// Say what would be applied, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Also apply files that are older than what is applied.
    #[arg(long)]
    pub allow_out_of_order: bool,
}

impl Arguments {
    fn options(&self, run: &Run) -> Options {
        Options {
            to: self.to,
            run: if self.dry_run { Writes::Dry } else { Writes::Real },
            order: if self.allow_out_of_order { Order::AllowLate } else { Order::Strict },
            lock_wait: run.lock_wait,
            ..Options::new(Operator::current())
        }
    }
}

/// Applies what is pending.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.writable(&arguments.select)?;
    Ok(Box::new(upgrade_services(run, &services, arguments.options(run)).await?))
}

/// The part that `init-all` shares.
pub async fn upgrade_services(
    run: &Run,
    services: &[DesiredService],
    options: Options,
) -> Result<UpgradeReport> {
    let targets = fleet::targets(run, services).await?;
    let outcomes = fleet::side_by_side(run.jobs, targets, |(service, target)| {
        let (options, out) = (options.clone(), run.out.clone());
        async move {
            let name = service.name.to_string();
            match target {
                Ok(target) => {
                    let tell = |event| tell(&out, &name, &event);
                    migrate::upgrade(&target, &options, &tell).await
                }
                Err(error) => Outcome::new(&name).failed(error),
            }
        }
    })
    .await;
    Ok(UpgradeReport { outcomes, dry: options.run == Writes::Dry })
}

/// The options of a plain run, for `init-all`.
pub fn plain_options(run: &Run) -> Options {
    Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) }
}

fn tell(out: &Arc<Out>, service: &str, event: &Event) {
    match event {
        Event::Waiting(who) => out.note(&format!("{service}: waiting: {who}")),
        Event::Retrying(item, attempt, why) => {
            out.note(&format!(
                "{service}: V{} {}: attempt {attempt} gave way: {why}",
                item.version, item.name
            ));
        }
        Event::Warned(item, text) => {
            out.note(&format!("{service}: V{} {}: warning: {text}", item.version, item.name))
        }
        Event::Planned(_) | Event::Started(_) => {}
        Event::Applied(done) => {
            tracing::info!(target: "martydb", "{service}: V{} {} applied in {} ms", done.version, done.name, done.duration_ms);
        }
    }
}

/// How each service's run ended.
pub struct UpgradeReport {
    outcomes: Vec<Outcome>,
    dry: bool,
}

impl UpgradeReport {
    fn row(&self, outcome: &Outcome) -> [Cell; 5] {
        let version =
            |version: Option<i64>| version.map_or_else(|| "-".to_owned(), |version| version.to_string());
        let count = if self.dry { outcome.planned.len() } else { outcome.applied.len() };
        let ended = match (outcome.outcome, count, self.dry) {
            (Ended::Failed, _, _) => Cell::new(failed_word(outcome), Paint::Bad),
            (Ended::Skipped, _, _) => Cell::new("skipped", Paint::Warn),
            (Ended::Ok, 0, _) => Cell::new("up to date", Paint::Dim),
            (Ended::Ok, _, true) => Cell::new("would be applied", Paint::Warn),
            (Ended::Ok, _, false) => Cell::new("migrated", Paint::Good),
        };
        let to = if self.dry {
            outcome.planned.last().map(|item| item.version).or(outcome.from)
        } else {
            outcome.to
        };
        [
            outcome.service.as_str().into(),
            Cell::number(version(outcome.from)),
            Cell::number(version(to)),
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
                text += &before(outcome);
            }
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.outcomes.iter().map(Outcome::status))
    }
}

fn planned(outcomes: &[Outcome]) -> String {
    let items = outcomes.iter().flat_map(|outcome| outcome.planned.iter().map(move |item| (outcome, item)));
    let lines: String = items
        .map(|(outcome, item)| format!("  {} V{} {}\n", outcome.service, item.version, item.name))
        .collect();
    if lines.is_empty() { lines } else { format!("\nWould apply, in this order:\n{lines}") }
}

/// What a failed run leaves behind, so that nobody has to guess.
fn before(outcome: &Outcome) -> String {
    match outcome.applied.last() {
        None => String::new(),
        Some(last) => format!(
            "Before it, {} were applied and stay: up to V{} {}.\n",
            outcome.applied.len(),
            last.version,
            last.name
        ),
    }
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
