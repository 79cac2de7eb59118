//! A plan as people read it: a new service on one line, equal changes folded into one, and what needs care last and
//! whole.

use std::collections::BTreeMap;

use crate::commands::change::{Change, alike, risk_paint};
use crate::plan::grouping::{StepGroup, grouped};
use crate::plan::{Action, Risk, Step, Verb};
use crate::report::{Paint, Style, paint, printable, wrapped};
use crate::units::counted;

/// What a plan would do to one service, or to a server as a whole.
pub struct ServiceOutline {
    server: String,
    service: Option<String>,
    body: OutlineBody,
}

enum OutlineBody {
    /// Nothing of it is there yet: what will be, in words.
    New(String),
    Changed(Vec<(Verb, String)>),
}

/// The outline of the steps of one server that are safe; `changes` says the same of each.
pub fn outline(server: &str, steps: &[Step], changes: &[Change]) -> Vec<ServiceOutline> {
    let all: Vec<(&Step, &Change)> = steps.iter().zip(changes).collect();
    let services = alike(&all, |(step, _)| step.service.clone());
    let outlines = services.into_iter().filter_map(|all| {
        let service = all[0].0.service.as_ref().map(ToString::to_string);
        let safe: Vec<(&Step, &Change)> =
            all.iter().filter(|(step, _)| step.risk == Risk::Safe).map(|pair| **pair).collect();
        let body = match new_service(&safe) {
            Some(words) if safe.len() == all.len() => OutlineBody::New(words),
            _ => OutlineBody::Changed(folded(&safe)),
        };
        (!safe.is_empty()).then(|| ServiceOutline { server: server.to_owned(), service, body })
    });
    outlines.collect()
}

/// Database, roles and the rest, where the database is created.
fn new_service(steps: &[(&Step, &Change)]) -> Option<String> {
    let database = steps.iter().find_map(|(step, _)| match &step.action {
        Action::CreateDatabase { database, .. } => Some(database),
        _ => None,
    })?;
    let roles = steps.iter().filter(|(step, _)| matches!(step.action, Action::CreateRole { .. })).count();
    let rest = steps.len() - roles - 1;
    Some(format!("database {database}, {}, {rest} privileges and settings", counted(roles, "role")))
}

/// One line for each group of equal changes. One that stands alone is said with its reason.
fn folded(steps: &[(&Step, &Change)]) -> Vec<(Verb, String)> {
    let mut alone: BTreeMap<String, &Change> = BTreeMap::new();
    for (step, change) in steps {
        let own = grouped(std::iter::once(*step));
        alone.extend(own.into_iter().map(|group| (group.what, *change)));
    }
    let groups = grouped(steps.iter().map(|(step, _)| *step));
    let line = |group: &StepGroup| match alone.get(&group.what) {
        Some(change) if group.count == 1 => change.in_short(),
        _ => group.what.clone(),
    };
    groups.iter().map(|group| (group.action, line(group))).collect()
}

/// The lines of all services, by server where there are several, then what needs care.
pub fn text(outlines: &[ServiceOutline], grave: &[&Change], several: bool, style: &Style) -> String {
    let mut text = String::new();
    let mut server = "";
    for one in outlines {
        if several && one.server != server {
            text += &format!("server {}\n", printable(&one.server));
            server = &one.server;
        }
        text += &one.text(style);
    }
    text + &grave_text(grave, style)
}

impl ServiceOutline {
    fn text(&self, style: &Style) -> String {
        let name = self.service.clone().unwrap_or_else(|| format!("server {}", self.server));
        match &self.body {
            OutlineBody::New(words) => line("", Verb::Create, &format!("{name}: {words}"), style),
            OutlineBody::Changed(lines) => {
                let head = line("", Verb::Alter, &name, style);
                let lines = lines.iter().map(|(verb, what)| line("    ", *verb, what, style));
                head + &lines.collect::<String>()
            }
        }
    }
}

/// What others may feel, each change by itself, the worst last.
fn grave_text(grave: &[&Change], style: &Style) -> String {
    let mut text = String::new();
    for risk in [Risk::Caution, Risk::Destructive] {
        let all: Vec<_> = grave.iter().filter(|change| change.risk == risk).collect();
        if all.is_empty() {
            continue;
        }
        let head = match risk {
            Risk::Destructive => "destructive (data or a login is lost)",
            _ => "caution (others may rely on it)",
        };
        text += &format!("{}\n", paint(head, risk_paint(risk), style));
        for change in all {
            let words = format!("{}: {}", change.whose(), change.in_short());
            text += &line("    ", change.action, &words, style);
        }
    }
    text
}

fn line(indent: &str, verb: Verb, words: &str, style: &Style) -> String {
    let (sign, colour) = match verb {
        Verb::Create | Verb::Grant => ("+", Paint::Good),
        Verb::Alter => ("~", Paint::Warn),
        Verb::Revoke | Verb::Drop => ("-", Paint::Bad),
    };
    let plain = Style { colour: false, ..*style };
    let text =
        wrapped(&format!("{indent}\u{a0}\u{a0}{}", printable(words)), &format!("{indent}    "), &plain);
    // The sign takes the place of the first of the two, after the line was measured without its colour.
    let rest = text.get(indent.len() + 1..).unwrap_or_default();
    format!("{indent}{}{rest}", paint(sign, colour, style))
}
