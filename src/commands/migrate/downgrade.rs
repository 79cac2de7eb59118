//! `downgrade`: reverts migrations, newest first, after a confirmation.

use clap::Args;

use super::migrating::{
    UpgradeReport, load_folders, migrate_each, plain_options, planned, refuse_old, write_schemas,
};
use crate::app::App;
use crate::commands::support::choice;
use martydb_context::targets;
use martydb_migrate::files::Direction;
use martydb_migrate::{DowngradeTo, Ended, Execution, Goal, MigrationOutcome, Options};
use martydb_model::error::Result;
use martydb_model::units::counted;
use martydb_ui::flags::Select;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Revert everything above this version; 0 or `base` is everything, `-N` the newest N.
    #[arg(long, value_name = "VERSION", conflicts_with = "steps", value_parser = first_kept, allow_hyphen_values = true)]
    pub to: Option<DowngradeTo>,
    /// Number of migrations to revert [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Show what would run; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Parses `--to`, which has Alembic's words too.
fn first_kept(text: &str) -> Result<DowngradeTo, String> {
    let whole = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = match text.strip_prefix('-') {
        _ if text == "base" => Some(DowngradeTo::Version(0)),
        Some(steps) if whole(steps) => steps.parse().ok().filter(|steps| *steps > 0).map(DowngradeTo::Steps),
        None if whole(text) => text.parse().ok().map(DowngradeTo::Version),
        _ => None,
    };
    parsed.ok_or_else(|| "it is not a version, such as 7, a number of steps, such as -1, or base".to_owned())
}

impl Arguments {
    fn goal(&self) -> Goal {
        Goal::Downgrade(match self.to {
            Some(to) => to,
            None => DowngradeTo::Steps(self.steps.map_or(1, |steps| steps as usize)),
        })
    }
}

/// Shows the migrations, asks for confirmation, and reverts them. If one service cannot be reverted, none is.
pub async fn run(app: &App, arguments: &Arguments) -> Result<UpgradeReport> {
    let services = choice::services(app, &arguments.select).await?;
    let (goal, options) = (arguments.goal(), plain_options(app));
    let folders = load_folders(&services);
    let targets = targets::for_services(app, &services).await?;
    refuse_old(&targets).await?;
    let dry = Options { execution: Execution::Dry, ..options.clone() };
    let mut outcomes = migrate_each(app, &folders, targets.clone(), goal, &dry).await?;
    let failed = outcomes.iter().any(|outcome| outcome.ended == Ended::Failed);
    let count: usize = outcomes.iter().map(|outcome| outcome.planned.len()).sum();
    if arguments.dry_run || failed || count == 0 {
        if failed && !arguments.dry_run {
            outcomes.iter_mut().filter(|outcome| outcome.ended == Ended::Ok).for_each(skip);
        }
        let shown = if arguments.dry_run { Execution::Dry } else { Execution::Real };
        return Ok(UpgradeReport::new(outcomes, Direction::Down, shown));
    }
    ask(app, &outcomes, count).await?;
    let outcomes = migrate_each(app, &folders, targets.clone(), goal, &options).await?;
    write_schemas(app, &targets, &outcomes).await;
    Ok(UpgradeReport::new(outcomes, Direction::Down, Execution::Real))
}

fn skip(outcome: &mut MigrationOutcome) {
    outcome.ended = Ended::Skipped;
    outcome.planned.clear();
}

async fn ask(app: &App, outcomes: &[MigrationOutcome], count: usize) -> Result<()> {
    if !app.yes {
        app.out.show_note(planned(outcomes).trim_end());
    }
    let names: Vec<_> =
        outcomes.iter().filter(|o| !o.planned.is_empty()).map(|o| o.service.as_str()).collect();
    let what = format!("{} of {}", counted(count, "migration"), names.join(", "));
    let question = format!("Revert {what}? Their data may be lost.");
    let would = format!("{what} would be reverted, and data may be lost");
    app.confirm(&question, &would, "see them with --dry-run, then add -y").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kept_version_is_a_number_a_step_or_the_base() {
        for (text, expected) in [
            ("7", DowngradeTo::Version(7)),
            ("0", DowngradeTo::Version(0)),
            ("base", DowngradeTo::Version(0)),
            ("-2", DowngradeTo::Steps(2)),
        ] {
            assert_eq!(first_kept(text), Ok(expected), "{text}");
        }
        for wrong in ["", "-", "-0", "+1", "--1", "head", "-s", "99999999999999999999"] {
            assert!(first_kept(wrong).is_err(), "{wrong}");
        }
    }
}
