//! `plan`: shows what `apply` would change, and why.

mod outline;
mod schemas;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::plan_file;
use crate::app::App;
use crate::commands::deploy::partitions::next_run;
use crate::commands::support::change::{
    Change, Changes, ServerError, Summary, changes_table, limits_text, risks, summary_table,
};
use crate::commands::support::companions;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_partitions::PartitionRow;
use martydb_plan::Risk;
use martydb_provision::losses_text;
use martydb_provision::{self as provision, PlanOptions, Plans, write_dba_script};
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style, printable};
use outline::ServiceOutline;
use schemas::ChangedSchema;

#[derive(Debug, Default, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Exit with 3 if anything differs.
    #[arg(long)]
    pub check: bool,
    /// Also test every stored password.
    #[arg(long)]
    pub check_logins: bool,
    /// Also remove undeclared objects.
    #[arg(long)]
    pub prune: bool,
    /// Show one line per change, with its risk and reason.
    #[arg(long, conflicts_with = "summary")]
    pub full: bool,
    /// Show one line per service.
    #[arg(long)]
    pub summary: bool,
    /// Save the plan, without secrets, for `apply --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the changes as a script for psql, for a DBA who applies them.
    #[arg(long, conflicts_with_all = ["full", "summary", "out"])]
    pub sql: bool,
    /// Write the statements that the admin lacks privileges for as SQL for a DBA.
    #[arg(long, value_name = "FILE")]
    pub out_sql: Option<PathBuf>,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<PlanReport> {
    let services = app.readable(&arguments.select)?;
    let options = PlanOptions { prune: arguments.prune, check_logins: arguments.check_logins, exact: false };
    let planned = provision::refuse_standbys(provision::plan(app, &services, options).await);
    let companions = companions::plan(app, &services).await?;
    let partitions = of_partitions(app, &services, &planned).await;
    let schemas = if arguments.check { schemas::changed(app, &services, &planned).await? } else { vec![] };
    if let Some(path) = &arguments.out {
        plan_file::write(app, path, &services, options, &planned, &companions)?;
        app.out.note(&format!("Saved. Apply it with: martydb apply --plan {}", path.display()));
    }
    let (mut all, mut outlines) = (Changes::default(), vec![]);
    for (server, planned) in &planned {
        match planned {
            Ok(planned) => {
                let (steps, major) = (&planned.plan.steps, planned.actual.major());
                outlines.extend(outline::outline(server, steps));
                all.changes.extend(steps.iter().map(|step| Change::new(server, step, major, None)));
                all.add_rest(planned);
            }
            Err(error) => all.errors.push(ServerError::new(server, error)),
        }
    }
    let changes = companions.changes();
    outlines.extend(outline::of_changes(&changes));
    let has_two = !changes.is_empty();
    all.changes.extend(changes);
    all.limits.extend(companions.limits());
    all.errors.extend(companions.errors());
    if let Some(path) = &arguments.out_sql {
        if all.errors.is_empty() {
            write_dba_script(path, &all.limits)?.iter().for_each(|note| app.out.note(note));
        } else {
            app.out
                .note(&format!("{} was not written: not every server could be inspected.", path.display()));
        }
    }
    let detail = match (arguments.full, arguments.summary) {
        (true, _) => Detail::Full,
        (_, true) => Detail::Summary,
        _ => Detail::Outline(outlines),
    };
    let script = if arguments.sql { Some(script(&planned)?) } else { None };
    Ok(PlanReport {
        all,
        check: arguments.check,
        detail,
        several: planned.len() > 1 || has_two,
        partitions,
        schemas,
        script,
    })
}

/// Returns what the next `martydb partitions` would do. A table that cannot be read, such as one before its migration, is left
/// out: `martydb partitions --dry-run` says why.
async fn of_partitions(app: &App, services: &[DesiredService], plans: &Plans) -> Vec<PartitionRow> {
    let answers = |service: &&DesiredService| {
        plans.iter().any(|(server, planned)| *server == service.server.as_str() && planned.is_ok())
    };
    let there: Vec<DesiredService> = services.iter().filter(answers).cloned().collect();
    let rows = next_run(app, &there).await;
    rows.into_iter().filter(|row| row.outcome != "failed").collect()
}

/// Returns the script of the only server with changes: psql cannot change to another server.
fn script(plans: &Plans) -> Result<String> {
    let due: Vec<_> =
        provision::planned(plans).filter(|(_, planned)| !planned.plan.steps.is_empty()).collect();
    match due.as_slice() {
        [] => Ok("-- Nothing to do.\n".into()),
        [(_, planned)] => provision::psql_script(planned),
        several => {
            let names: Vec<&str> = several.iter().map(|(server, _)| *server).collect();
            Err(Error::usage(format!("{} servers have changes, and a script is for one", several.len()))
                .cause(names.join(", "))
                .hint("name the services of one server: martydb plan SERVICE --sql"))
        }
    }
}

/// Plans of all servers.
#[derive(Serialize)]
pub struct PlanReport {
    #[serde(flatten)]
    all: Changes,
    #[serde(skip)]
    check: bool,
    #[serde(skip)]
    detail: Detail,
    /// `true` if there are several servers.
    #[serde(skip)]
    several: bool,
    /// Changes that the next `martydb partitions` would make.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    partitions: Vec<PartitionRow>,
    /// Services whose schema was changed by hand, with `--check`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schemas: Vec<ChangedSchema>,
    #[serde(skip)]
    script: Option<String>,
}

/// Level of detail of the text.
enum Detail {
    Outline(Vec<ServiceOutline>),
    Full,
    Summary,
}

impl PlanReport {
    fn changes(&self, style: &Style) -> String {
        let all = &self.all.changes;
        match &self.detail {
            Detail::Full => changes_table(all, style),
            Detail::Summary => summary_table(all, style),
            Detail::Outline(outlines) => {
                let grave: Vec<&Change> = all.iter().filter(|change| change.risk > Risk::Safe).collect();
                outline::text(outlines, &grave, self.several, style)
            }
        }
    }
}

impl Report for PlanReport {
    fn text(&self, style: &Style) -> String {
        if let Some(script) = &self.script {
            return script.clone();
        }
        let mut text = String::new();
        if !self.all.changes.is_empty() {
            let all = &self.all.changes;
            let full = match self.detail {
                Detail::Outline(_) => "\n`martydb plan --full` names every change.",
                _ => "",
            };
            text += &self.changes(style);
            text += &format!("\nPlan: {}.{}{full}\n{}", Summary::new(all), risks(all), self.all.locks());
        } else if self.all.errors.is_empty() {
            text += &self.all.nothing_to_do(style);
        }
        text += &losses_text(&self.all.losses);
        let next = self.partitions.iter().filter_map(|row| Some((&row.table, row.next_text()?)));
        text += &next.map(|(table, next)| format!("\n{}: {next}.\n", printable(table))).collect::<String>();
        text += &schemas::text(&self.schemas);
        let left = self.all.prunable.len();
        if matches!(self.detail, Detail::Summary) && left > 0 {
            let what = counted(left, "thing");
            text += &format!("\nNot declared and left alone: {what}; `martydb plan --full` names each.\n");
            return text + &limits_text(&self.all.limits);
        }
        if matches!(self.detail, Detail::Full) {
            return text + &self.all.full_rest(style);
        }
        text + &self.all.rest(style)
    }

    fn messages(&self, style: &Style) -> String {
        self.all.messages(style)
    }

    fn verbatim(&self) -> bool {
        self.script.is_some()
    }

    fn status(&self) -> ExitStatus {
        let differs = self.check && !(self.all.changes.is_empty() && self.schemas.is_empty());
        let found = if differs { ExitStatus::Differences } else { ExitStatus::Success };
        ExitStatus::worst([ServerError::worst(&self.all.errors), found])
    }
}
