//! Why a run may not continue with what it was asked for, and how an operator is told.

use super::compare::Divergence;
use crate::error::{Error, Kind};
use crate::migrate::files::{Direction, MigrationFolder};
use crate::migrate::history::Unfinished;
use crate::model::ServiceName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanRefusal {
    Diverged(Vec<Divergence>),
    /// The wanted version lies below the current one.
    Below(i64),
    /// The wanted version lies above the current one.
    Above(i64),
    /// No file and no row has the wanted version.
    Unknown(i64),
    /// A migration outside a transaction stopped half way in the other direction.
    HalfWay(Unfinished),
}

impl PlanRefusal {
    pub fn into_error(self, service: &ServiceName, current: Option<i64>, folder: &MigrationFolder) -> Error {
        match self {
            PlanRefusal::Below(to) => {
                Error::usage(format!("{service} is at V{}, above V{to}", current.unwrap_or_default()))
                    .hint(format!("to go back, run `martydb downgrade --service {service} --to {to}`"))
            }
            PlanRefusal::Above(to) => {
                let at =
                    current.map_or_else(|| "at no version".to_owned(), |version| format!("at V{version}"));
                Error::usage(format!("{service} is {at}, below V{to}"))
                    .hint(format!("to go forward, run `martydb upgrade --service {service} --to {to}`"))
            }
            PlanRefusal::HalfWay(begun) => half_way(service, &begun),
            PlanRefusal::Unknown(to) => folder.has_no(to, service),
            PlanRefusal::Diverged(divergences) => diverged(service, &divergences),
        }
    }
}

fn half_way(service: &ServiceName, Unfinished { version, direction, .. }: &Unfinished) -> Error {
    let (done, command) = match direction {
        Direction::Up => ("applied", "upgrade"),
        Direction::Down => ("undone", "downgrade"),
    };
    let message = format!("{service} V{version} (no-transaction) was interrupted and is partially {done}");
    Error::new(Kind::Divergent, message)
        .hint(format!("finish it with `martydb {command} --service {service}`"))
        .hint(format!(
            "or repair its objects by hand, then `martydb repair --service {service} --version {version} --reason …`"
        ))
}

fn diverged(service: &ServiceName, divergences: &[Divergence]) -> Error {
    let mut error = Error::new(Kind::Divergent, format!("{service}: files and database history differ"));
    for divergence in divergences {
        error.causes.push(divergence.to_string());
        let hint = divergence.hint(service.as_str());
        if !error.hints.contains(&hint) {
            error.hints.push(hint);
        }
    }
    error
}
