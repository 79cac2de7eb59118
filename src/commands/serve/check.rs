//! `serve check`: what is exposed, and to whom.

use clap::Args;
use serde::Serialize;

use super::process;
use super::selected::{FunctionRow, RelationRow, exposed};
use crate::app::Run;
use martydb_model::error::{ExitStatus, Result};
use martydb_model::{DesiredService, ServiceExposure};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Report, Style, Table};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
}

/// A caller, and what it may do.
#[derive(Debug, Serialize)]
struct CallerRow {
    caller: String,
    service: String,
    writes: bool,
    login: String,
}

/// A problem of what is exposed.
#[derive(Debug, Serialize)]
struct ExposureProblem {
    service: String,
    relation: String,
    message: String,
}

/// Exposed relations, callers and problems of the selected services.
#[derive(Serialize)]
pub struct ExposedServices {
    relations: Vec<RelationRow>,
    functions: Vec<FunctionRow>,
    callers: Vec<CallerRow>,
    problems: Vec<ExposureProblem>,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<ExposedServices> {
    let mut report =
        ExposedServices { relations: vec![], functions: vec![], callers: vec![], problems: vec![] };
    for (service, exposure) in exposed(run, &arguments.select)? {
        let objects = process::objects(run, &service, &exposure).await?;
        let relations = objects.relations;
        report.problems.extend(relations.iter().filter(|row| row.key.is_empty() && !row.is_view).map(
            |row| {
                let message = "it has no primary key: its rows cannot be replaced one by one".into();
                ExposureProblem { service: row.service.clone(), relation: row.relation.clone(), message }
            },
        ));
        report.problems.extend(relations.iter().filter(|row| row.reserved).map(|row| {
            let message = "its name is a word of /api/db: it is reached below /rest alone".into();
            ExposureProblem { service: row.service.clone(), relation: row.relation.clone(), message }
        }));
        report.problems.extend(objects.uncached.into_iter().map(|(relation, why)| {
            let message = format!("no answer of it is kept: {why}");
            ExposureProblem { service: service.name.to_string(), relation, message }
        }));
        report.relations.extend(relations);
        report.problems.extend(missing(&service, &exposure, &objects.functions));
        report.functions.extend(objects.functions);
        let own = run.manifest.serve.callers_of(&service.name);
        report.callers.extend(own.map(|(name, caller)| CallerRow {
            caller: name.to_owned(),
            service: service.name.to_string(),
            writes: caller.writes,
            login: exposure.login_of(caller).to_string(),
        }));
    }
    Ok(report)
}

/// Returns the functions of the manifest that the exposed schemas do not have.
fn missing(
    service: &DesiredService,
    exposure: &ServiceExposure,
    functions: &[FunctionRow],
) -> Vec<ExposureProblem> {
    let absent = exposure.functions.iter().filter(|name| !functions.iter().any(|row| row.name == **name));
    let problem = |name: &String| ExposureProblem {
        service: service.name.to_string(),
        relation: name.clone(),
        message: "no function of this name can be called in the exposed schemas".into(),
    };
    absent.map(problem).collect()
}

impl Report for ExposedServices {
    fn text(&self, style: &Style) -> String {
        let mut relations = Table::new(&["SERVICE", "RELATION", "COLUMNS", "KEY", "WRITABLE"]);
        for row in &self.relations {
            relations.row([
                Cell::from(&row.service),
                Cell::from(&row.relation),
                Cell::number(row.columns),
                Cell::from(&row.key.join(", ")),
                Cell::from(&String::from(if row.writable { "yes" } else { "no" })),
            ]);
        }
        let mut callers = Table::new(&["CALLER", "SERVICE", "LOGIN"]);
        for row in &self.callers {
            callers.row([Cell::from(&row.caller), Cell::from(&row.service), Cell::from(&row.login)]);
        }
        let mut functions = Table::new(&["SERVICE", "FUNCTION", "READS ONLY", "RUNS AS", "CALLERS"]);
        for row in &self.functions {
            functions.row([
                Cell::from(&row.service),
                Cell::from(&row.function),
                Cell::from(&String::from(if row.reads { "yes" } else { "no" })),
                Cell::from(&String::from(if row.as_owner { "its owner" } else { "the caller" })),
                Cell::from(&String::from(if row.readers { "all" } else { "that write" })),
            ]);
        }
        let functions =
            if functions.is_empty() { String::new() } else { format!("\n{}", functions.render(style)) };
        let relations =
            if relations.is_empty() { "nothing is exposed\n".into() } else { relations.render(style) };
        let callers =
            if callers.is_empty() { "no caller is declared\n".into() } else { callers.render(style) };
        format!("{relations}{functions}\n{callers}")
    }

    fn messages(&self, _: &Style) -> String {
        let line = |problem: &ExposureProblem| {
            format!("{}: {}: {}\n", problem.service, problem.relation, problem.message)
        };
        self.problems.iter().map(line).collect()
    }

    fn status(&self) -> ExitStatus {
        if self.problems.is_empty() { ExitStatus::Success } else { ExitStatus::Differences }
    }
}
