//! `downgrade`: undoes migrations, newest applied first, after asking.

use clap::Args;

use super::migrating::{UpgradeReport, Watch, planned};
use crate::error::Result;
use crate::flags::Select;
use crate::fleet;
use crate::migrate::name::Direction;
use crate::migrate::{self, Back, Ended, Operator, Options, Outcome, Run as Writes, Target};
use crate::model::DesiredService;
use crate::report::Report;
use crate::run::{Consent, Run};
use crate::units::counted;

/// Flags of `downgrade`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
    /// Undo everything above this version; 0 is everything.
    #[arg(long, value_name = "VERSION", conflicts_with = "steps", value_parser = clap::value_parser!(i64).range(0..))]
    pub to: Option<i64>,
    /// Undo so many migrations [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Print what would be run, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

impl Arguments {
    fn back(&self) -> Back {
        match self.to {
            Some(to) => Back::To(to),
            None => Back::Steps(self.steps.map_or(1, |steps| steps as usize)),
        }
    }
}

type Targets = Vec<(DesiredService, Result<Target>)>;

/// Shows what would be undone, asks, and undoes it. Where one service cannot go back, none does.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.writable(&arguments.select)?;
    let targets = fleet::targets(run, &services).await?;
    let options = Options { lock_wait: run.lock_wait, ..Options::new(Operator::current()) };
    let dry = Options { run: Writes::Dry, ..options.clone() };
    let back = arguments.back();
    let mut outcomes = each(run, targets.clone(), back, dry).await;
    let failed = outcomes.iter().any(|outcome| outcome.outcome == Ended::Failed);
    let count: usize = outcomes.iter().map(|outcome| outcome.planned.len()).sum();
    if arguments.dry_run || failed || count == 0 {
        if failed && !arguments.dry_run {
            outcomes.iter_mut().filter(|outcome| outcome.outcome == Ended::Ok).for_each(skip);
        }
        return Ok(Box::new(UpgradeReport::new(outcomes, Direction::Down, arguments.dry_run)));
    }
    ask(run, &outcomes, count).await?;
    let outcomes = each(run, targets, back, options).await;
    Ok(Box::new(UpgradeReport::new(outcomes, Direction::Down, false)))
}

fn skip(outcome: &mut Outcome) {
    outcome.outcome = Ended::Skipped;
    outcome.planned.clear();
}

async fn ask(run: &Run, outcomes: &[Outcome], count: usize) -> Result<()> {
    if !run.yes {
        run.out.show_note(planned(outcomes).trim_end());
    }
    let names: Vec<_> =
        outcomes.iter().filter(|o| !o.planned.is_empty()).map(|o| o.service.as_str()).collect();
    let what = format!("{} of {}", counted(count, "migration"), names.join(", "));
    run.confirm(&Consent {
        question: format!("Undo {what}? Data they hold may be lost."),
        would: format!("{what} would be undone, and data may be lost"),
        hint: "look at them with --dry-run, then say -y".into(),
    })
    .await
}

async fn each(run: &Run, targets: Targets, back: Back, options: Options) -> Vec<Outcome> {
    let watch = Watch::new(&run.out);
    fleet::side_by_side(run.jobs, targets, |(service, target)| {
        let (options, watch) = (options.clone(), watch.clone());
        async move {
            let name = service.name.to_string();
            match target {
                Ok(target) => {
                    let tell = |event| watch.tell(&name, &event);
                    let outcome = migrate::downgrade(&target, back, &options, &tell).await;
                    watch.ended(&outcome);
                    outcome
                }
                Err(error) => Outcome::new(&name).failed(error),
            }
        }
    })
    .await
}
