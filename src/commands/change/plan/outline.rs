//! A plan as text: a new service on one line, equal changes folded into one, and changes that need care last and in
//! full.

use crate::commands::support::change::{Change, grouped_by, risk_paint};
use martydb_model::units::counted;
use martydb_plan::grouping::{StepGroup, folded};
use martydb_plan::{Action, Risk, Step, Verb};
use martydb_ui::report::{Paint, Style, paint, printable, wrapped};

/// Effects of a plan on one service, or on a server as a whole.
pub(crate) struct ServiceOutline {
    server: String,
    service: Option<String>,
    body: OutlineBody,
}

enum OutlineBody {
    /// A service that does not exist yet, with its future objects as text.
    New(String),
    Changed(Vec<(Verb, String)>),
}

/// Returns the outline of the safe steps of one server.
pub(crate) fn outline(server: &str, steps: &[Step]) -> Vec<ServiceOutline> {
    let outlines = grouped_by(steps, |step| step.service.clone()).into_iter().filter_map(|all| {
        let service = all[0].service.as_ref().map(ToString::to_string);
        let safe: Vec<&Step> = all.iter().filter(|step| step.risk == Risk::Safe).copied().collect();
        let body = match new_service(&safe) {
            Some(words) if safe.len() == all.len() => OutlineBody::New(words),
            _ => OutlineBody::Changed(lines(&safe)),
        };
        (!safe.is_empty()).then(|| ServiceOutline { server: server.to_owned(), service, body })
    });
    outlines.collect()
}

/// Returns the outline of the safe changes of a server that is not PostgreSQL's, each with its reason.
pub(crate) fn of_changes(changes: &[Change]) -> Vec<ServiceOutline> {
    let safe: Vec<&Change> = changes.iter().filter(|change| change.is_safe()).collect();
    let outline = |all: Vec<&&Change>| {
        let line = |change: &&&Change| (change.action, in_short(&change.object, &change.reason));
        let body = OutlineBody::Changed(all.iter().map(line).collect());
        ServiceOutline { server: all[0].server.clone(), service: all[0].service.clone(), body }
    };
    grouped_by(&safe, |change| (change.server.clone(), change.service.clone()))
        .into_iter()
        .map(outline)
        .collect()
}

/// Returns the database, the number of roles and the rest, if the database is created.
fn new_service(steps: &[&Step]) -> Option<String> {
    let database = steps.iter().find_map(|step| match &step.action {
        Action::CreateDatabase { database, .. } => Some(database),
        _ => None,
    })?;
    let roles = steps.iter().filter(|step| matches!(step.action, Action::CreateRole { .. })).count();
    let rest = steps.len() - roles - 1;
    Some(format!("database {database}, {}, {rest} privileges and settings", counted(roles, "role")))
}

/// Returns one line per group of equal changes. A single change is shown with its reason.
fn lines(steps: &[&Step]) -> Vec<(Verb, String)> {
    let line = |(group, alone): (StepGroup, Option<&Step>)| match alone {
        Some(step) => (group.action, in_short(&step.action.object(), &step.reason)),
        None => (group.action, group.what),
    };
    folded(steps.iter().copied()).into_iter().map(line).collect()
}

fn in_short(object: &str, reason: &str) -> String {
    format!("{object}: {reason}")
}

/// Returns the lines of all services, by server if there are several, then the changes that need care.
pub(crate) fn text(outlines: &[ServiceOutline], grave: &[&Change], several: bool, style: &Style) -> String {
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

/// Lists changes that can affect other users, each on its own, the most dangerous last.
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
            let words = format!("{}: {}", change.owner_label(), in_short(&change.object, &change.reason));
            text += &line("    ", change.action, &words, style);
        }
    }
    text
}

fn line(indent: &str, verb: Verb, words: &str, style: &Style) -> String {
    let (sign, colour) = match verb {
        Verb::Create | Verb::Copy | Verb::Grant => ("+", Paint::Good),
        Verb::Alter => ("~", Paint::Warn),
        Verb::Revoke | Verb::Drop => ("-", Paint::Bad),
    };
    let plain = Style { colour: false, ..*style };
    let text =
        wrapped(&format!("{indent}\u{a0}\u{a0}{}", printable(words)), &format!("{indent}    "), &plain);
    // The sign replaces the first of the two, after the line was measured without its colour.
    let rest = text.get(indent.len() + 1..).unwrap_or_default();
    format!("{indent}{}{rest}", paint(sign, colour, style))
}
