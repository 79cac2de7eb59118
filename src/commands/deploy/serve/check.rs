//! `serve check`: what is exposed, and to whom.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::process;
use super::selected::{FunctionRow, RelationRow, exposed};
use crate::app::App;
use martydb_model::error::{ExitStatus, Result};
use martydb_model::{DesiredService, ServiceExposure};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Report, ReportColumn, Style};

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

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<ExposedServices> {
    let mut report =
        ExposedServices { relations: vec![], functions: vec![], callers: vec![], problems: vec![] };
    for (service, exposure) in exposed(app, &arguments.select)? {
        let objects = process::objects(app, &service, &exposure).await?;
        let relations = objects.relations;
        report.problems.extend(relations.iter().filter(|row| row.key.is_empty() && !row.is_view).map(
            |row| {
                let message = "it has no primary key: its rows cannot be replaced one by one".into();
                ExposureProblem { service: row.service.clone(), relation: row.relation.clone(), message }
            },
        ));
        report.problems.extend(relations.iter().filter_map(|row| {
            let message = row.reserved?.to_owned();
            Some(ExposureProblem { service: row.service.clone(), relation: row.relation.clone(), message })
        }));
        report.problems.extend(objects.uncached.into_iter().map(|(relation, why)| {
            let message = format!("no answer of it is kept: {why}");
            ExposureProblem { service: service.name.to_string(), relation, message }
        }));
        report.relations.extend(relations);
        report.problems.extend(missing(&service, &exposure, (&objects.functions, &objects.row_functions)));
        report.functions.extend(objects.functions);
        let own = app.manifest.serve.callers_of(&service.name);
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
    (functions, row_functions): (&[FunctionRow], &BTreeSet<String>),
) -> Vec<ExposureProblem> {
    let is_called = |name: &String| functions.iter().any(|row| row.name == *name);
    let absent = exposure.functions.iter().filter(|name| !is_called(name) && !row_functions.contains(*name));
    let problem = |name: &String| ExposureProblem {
        service: service.name.to_string(),
        relation: name.clone(),
        message: "no function of this name can be called in the exposed schemas".into(),
    };
    absent.map(problem).collect()
}

fn relation_columns<'a>() -> Vec<ReportColumn<&'a RelationRow>> {
    vec![
        ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
        ReportColumn::shown("RELATION", |row, _| row.relation.as_str().into()),
        ReportColumn::shown("COLUMNS", |row, _| Cell::number(row.columns)),
        ReportColumn::shown("KEY", |row, _| row.key.join(", ").into()),
        ReportColumn::shown("WRITABLE", |row, _| if row.writable { "yes" } else { "no" }.into()),
    ]
}

fn function_columns<'a>() -> Vec<ReportColumn<&'a FunctionRow>> {
    vec![
        ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
        ReportColumn::shown("FUNCTION", |row, _| row.function.as_str().into()),
        ReportColumn::shown("READS ONLY", |row, _| if row.reads { "yes" } else { "no" }.into()),
        ReportColumn::shown("RUNS AS", |row, _| if row.as_owner { "its owner" } else { "the caller" }.into()),
        ReportColumn::shown("CALLERS", |row, _| if row.readers { "all" } else { "that write" }.into()),
    ]
}

fn caller_columns<'a>() -> Vec<ReportColumn<&'a CallerRow>> {
    vec![
        ReportColumn::shown("CALLER", |row, _| row.caller.as_str().into()),
        ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
        ReportColumn::shown("LOGIN", |row, _| row.login.as_str().into()),
    ]
}

impl Report for ExposedServices {
    fn text(&self, style: &Style) -> String {
        let relations = ReportColumn::table(relation_columns(), &[], &self.relations, style)
            .render_or("nothing is exposed\n", style);
        let functions = ReportColumn::table(function_columns(), &[], &self.functions, style);
        let functions =
            if functions.is_empty() { String::new() } else { format!("\n{}", functions.render(style)) };
        let callers = ReportColumn::table(caller_columns(), &[], &self.callers, style)
            .render_or("no caller is declared\n", style);
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
