//! Report of `split plan`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::App;
use crate::commands::change::split::common::{EMPTY, MapChoice};
use crate::commands::change::split::schema::BY_HAND;
use crate::commands::support::relative_path::relative_path;
use martydb_manifest::SplitMap;
use martydb_model::error::ExitStatus;
use martydb_model::units::{bytes, counted};
use martydb_split::{BEYOND, CrossingEdge, EdgeChoice, EdgeKind, PlannedTable, SplitPlan, answer_line};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, paint, printable, wrapped};

#[derive(Serialize)]
pub struct PlannedSplit {
    services: Vec<PlannedService>,
    /// Tables, and sequences of no table, that the map does not assign.
    unassigned: Vec<String>,
    edges: Vec<PlannedEdge>,
    /// Unassigned tables that several parts of the map contain.
    disputed: Vec<DisputedTable>,
    /// Objects that belong to no service, and need no decision.
    left: Vec<String>,
    notes: Vec<String>,
    /// Objects that a service's owner cannot make, where the service has no migrations yet.
    refused: Vec<RefusedObject>,
    needs: Vec<SplitNeed>,
    /// Next commands.
    next: Vec<String>,
    #[serde(skip)]
    choices: BTreeMap<&'static str, EdgeKind>,
    #[serde(skip)]
    lines: Vec<String>,
    #[serde(skip)]
    map: String,
    /// `true` if every table is assigned, at least one, and every edge has an answer.
    #[serde(skip)]
    is_complete: bool,
}

#[derive(Serialize)]
struct PlannedService {
    service: String,
    server: String,
    database: String,
    tables: Vec<PlannedTable>,
}

#[derive(Serialize)]
struct DisputedTable {
    table: String,
    claims: Vec<String>,
}

#[derive(Serialize)]
struct PlannedEdge {
    edge: String,
    kind: &'static str,
    from: String,
    to: String,
    answer: Option<String>,
    reason: Option<String>,
    choices: &'static [EdgeChoice],
}

/// Object that a service's owner cannot make.
#[derive(Serialize)]
pub struct RefusedObject {
    pub service: String,
    pub object: String,
}

/// Prerequisite of a later step.
#[derive(Serialize)]
pub struct SplitNeed {
    pub purpose: &'static str,
    pub ok: bool,
    pub detail: String,
}

impl PlannedSplit {
    pub fn new(
        app: &App,
        map: &SplitMap,
        plan: &SplitPlan,
        refused: Vec<RefusedObject>,
        needs: Vec<SplitNeed>,
        choice: &MapChoice,
    ) -> PlannedSplit {
        let service = |(name, tables): &(martydb_model::ServiceName, Vec<PlannedTable>)| {
            let desired = &app.manifest.services[name];
            PlannedService {
                service: name.to_string(),
                server: desired.server.clone(),
                database: desired.database.to_string(),
                tables: tables.clone(),
            }
        };
        let disputed = plan.open.iter().filter(|one| !one.claims.is_empty());
        let is_complete = plan.is_complete() && refused.is_empty();
        let next = if is_complete {
            vec!["martydb apply --all".to_owned(), choice.in_command("martydb split schema")]
        } else {
            vec![choice.in_command("martydb split plan")]
        };
        PlannedSplit {
            services: plan.services.iter().map(service).collect(),
            unassigned: plan.open.iter().map(|one| one.name.clone()).collect(),
            edges: plan.edges.iter().map(planned_edge).collect(),
            disputed: disputed
                .map(|one| DisputedTable { table: one.name.clone(), claims: one.claims.clone() })
                .collect(),
            left: plan.left.clone(),
            notes: plan.is_empty().then(|| EMPTY.to_owned()).into_iter().chain(plan.notes.clone()).collect(),
            refused,
            needs,
            next,
            choices: plan.unanswered().map(|edge| (edge.kind.name(), edge.kind)).collect(),
            lines: plan.unanswered().map(answer_line).collect(),
            map: relative_path(map.path()),
            is_complete,
        }
    }

    fn tables_text(&self, style: &Style) -> String {
        let rows =
            self.services.iter().flat_map(|service| service.tables.iter().map(move |one| (service, one)));
        let columns: Vec<ReportColumn<(&PlannedService, &PlannedTable)>> = vec![
            ReportColumn::shown("service", |(service, _), _| service.service.as_str().into()),
            ReportColumn::shown("table", |(_, one), _| {
                let partitions = counted(one.partitions, "partition");
                let more = if one.partitions == 0 { String::new() } else { format!(" ({partitions})") };
                format!("{}{more}{}", one.table, if one.copy { " (copy)" } else { "" }).into()
            }),
            ReportColumn::shown("rows", |(_, one), _| Cell::number(one.rows)),
            ReportColumn::shown("size", |(_, one), _| Cell::number(bytes(one.bytes))),
            ReportColumn::spare(0, "database", "goes to", |(service, _), _| {
                format!("{} on {}", service.database, service.server).into()
            }),
        ];
        ReportColumn::table(columns, &[], rows, style).render_or("No service has a table.\n", style)
    }

    fn unassigned_text(&self, style: &Style) -> String {
        if self.unassigned.is_empty() {
            return String::new();
        }
        let claims = |name: &String| self.disputed.iter().find(|one| one.table == *name);
        let line = |name: &String| match claims(name) {
            Some(one) => format!("  {}: {}\n", printable(name), printable(&one.claims.join(" and "))),
            None => format!("  {}\n", printable(name)),
        };
        let lines: String = self.unassigned.iter().map(line).collect();
        let head = paint(&format!("Unassigned ({})", self.unassigned.len()), Paint::Bad, style);
        let how = "List each under one service, under `reference:` or under `ignore:`; a full name overrides a pattern.";
        format!("\n{head}\n{lines}{}", wrapped(how, "", style))
    }

    fn edges_text(&self, style: &Style) -> String {
        if self.edges.is_empty() {
            return "\nNothing crosses a boundary.\n".into();
        }
        let open = self.edges.iter().filter(|edge| edge.answer.is_none()).count();
        let head = format!("Edges that cross a boundary ({}, {open} without an answer)", self.edges.len());
        let mut text =
            format!("\n{}\n", paint(&head, if open > 0 { Paint::Bad } else { Paint::Good }, style));
        for edge in &self.edges {
            let answer = match &edge.answer {
                Some(answer) => paint(&printable(answer), Paint::Good, style),
                None => paint("no answer", Paint::Bad, style),
            };
            text += &format!("  {}: {answer}\n", printable(&edge.edge));
        }
        text + &self.choices_text(style)
    }

    /// Returns the possible answers of each kind of open edge, once, and the lines to paste.
    fn choices_text(&self, style: &Style) -> String {
        let mut text = String::new();
        for (name, kind) in &self.choices {
            text += &format!("\n{name}\n");
            for choice in kind.choices() {
                text += &wrapped(&format!("  {}: {}", choice.answer, choice.meaning), "    ", style);
            }
            text += &wrapped(&format!("  {}", kind.instead()), "    ", style);
        }
        if !self.lines.is_empty() {
            let lines: String = self.lines.iter().map(|line| format!("  - {}\n", printable(line))).collect();
            text += &format!("\nFor {}, one answer each:\nedges:\n{lines}", self.map);
        }
        text
    }

    fn refused_text(&self, style: &Style) -> String {
        if self.refused.is_empty() {
            return String::new();
        }
        let line = |one: &RefusedObject| {
            wrapped(&format!("  {}: {}: {BEYOND}", one.service, printable(&one.object)), "    ", style)
        };
        let lines: String = self.refused.iter().map(line).collect();
        let head = paint(&format!("Refused ({})", self.refused.len()), Paint::Bad, style);
        format!("\n{head}\n{lines}{}", wrapped(&format!("  {BY_HAND}"), "  ", style))
    }

    fn notes_text(&self, style: &Style) -> String {
        let left = self.left.iter().map(|what| format!("note: {} belongs to no service", printable(what)));
        let notes = self.notes.iter().map(|note| format!("note: {}", printable(note)));
        let needs = self.needs.iter().filter(|need| !need.ok);
        let needs = needs.map(|need| format!("missing for {}: {}", need.purpose, printable(&need.detail)));
        let all: Vec<String> = left.chain(notes).chain(needs).collect();
        if all.is_empty() {
            return String::new();
        }
        let lines: String = all.iter().map(|line| wrapped(line, "  ", style)).collect();
        format!("\n{lines}")
    }
}

fn planned_edge(edge: &CrossingEdge) -> PlannedEdge {
    PlannedEdge {
        edge: edge.name(),
        kind: edge.kind.name(),
        from: edge.from.clone(),
        to: edge.to.clone(),
        answer: edge.answer.clone(),
        reason: edge.reason.clone(),
        choices: edge.kind.choices(),
    }
}

impl Report for PlannedSplit {
    fn text(&self, style: &Style) -> String {
        let mut text = self.tables_text(style) + &self.unassigned_text(style) + &self.edges_text(style);
        text += &self.refused_text(style);
        text += &self.notes_text(style);
        let end = match (self.is_complete, self.next.as_slice()) {
            (true, []) => "Every table is assigned and every edge has an answer.".to_owned(),
            (true, next) => format!("next: `{}`", next.join("`, `")),
            (false, next) => format!("next: correct {}, then `{}`", self.map, next.join("`, `")),
        };
        text + &format!("\n{end}\n")
    }

    fn status(&self) -> ExitStatus {
        if self.is_complete { ExitStatus::Success } else { ExitStatus::Differences }
    }
}
