//! What is to be done to a server, decided and not yet done.
//!
//! A [`Plan`] is a list of typed steps in the order they must run in. `diff` makes it, `ddl` turns each step into
//! SQL, and `server::apply` runs it; a dry run and a real one differ in that last call only.

mod action;
pub mod authority;
mod ddl;
pub mod diff;
pub mod leaving;
mod limits;
pub mod lockout;
pub mod orphans;
mod privilege;
pub mod removal;
pub mod rotate;

use crate::model::{DbName, RoleName, ServiceName};

pub use action::{Action, Attribute, DefaultKind, Object, SettingValue, Verb};
pub use ddl::{passwordless, statement};
pub use diff::{declared_settings, diff};
pub use privilege::{Privilege, Privileges};

/// How much a step can hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Adds what is declared, or takes back what nobody declared.
    Safe,
    /// Touches what others may rely on.
    Caution,
    /// Loses data or a login.
    Destructive,
}

impl Risk {
    /// The JSON word.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Safe => "safe",
            Risk::Caution => "caution",
            Risk::Destructive => "destructive",
        }
    }
}

/// Where and together with what a step runs. Consecutive steps of one service and stage are one transaction,
/// `Create` and `Apart` aside, which PostgreSQL runs in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In the maintenance database.
    Cluster,
    /// In the maintenance database, outside a transaction.
    Create,
    /// In the maintenance database, about one database.
    Open,
    /// In the service's database.
    Inside,
    /// In the maintenance database, last of all: letting the service's logins in.
    Admit,
    /// In the step's database, by itself: `ROLLBACK PREPARED` and `ALTER SYSTEM` run in no transaction.
    Apart,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The service it is for; `None` for the server as a whole.
    pub service: Option<ServiceName>,
    /// The database it is about.
    pub database: Option<DbName>,
    /// Where it runs.
    pub stage: Stage,
    /// What it does.
    pub action: Action,
    /// Wanted and found, in words.
    pub reason: String,
    /// How much it can hurt.
    pub risk: Risk,
}

impl Step {
    /// The login whose password, which clients may be using, is replaced because the secret store has lost it.
    pub fn replaces_password(&self) -> Option<&RoleName> {
        match &self.action {
            Action::SetPassword { role } if self.risk == Risk::Destructive => Some(role),
            _ => None,
        }
    }
}

/// Something the admin may not do on this server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Limit {
    /// The server.
    pub server: String,
    /// The service that it concerns.
    pub service: Option<String>,
    /// What cannot be done.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What to ask a DBA for.
    pub grant: Option<String>,
}

/// What is to be done to one server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What others have, which only `--prune` touches.
    pub prunable: Vec<Step>,
    /// What the admin may not do.
    pub limits: Vec<Limit>,
}

impl Plan {
    /// The highest risk among the steps.
    pub fn risk(&self) -> Risk {
        self.steps.iter().map(|step| step.risk).max().unwrap_or(Risk::Safe)
    }

    /// Makes steps of those prunable ones that are wanted, at their place in the order.
    pub fn include_prunable(&mut self, wanted: &dyn Fn(&Step) -> bool) {
        let (now, later): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut self.prunable).into_iter().partition(wanted);
        self.prunable = later;
        let (leaving, now) = now.into_iter().partition::<Vec<Step>, _>(|step| step.service.is_none());
        self.steps.extend(now);
        // Stable: steps of one service and stage keep the order they were decided in; the server's come last.
        self.steps.sort_by_key(|step| (step.service.is_none(), step.service.clone(), step.stage));
        // Last of all, and in an order of their own, what nobody declares any more.
        self.steps.extend(leaving);
    }

    /// The steps before what nobody declares any more goes, and those by which it goes.
    pub fn parts(&self) -> (&[Step], &[Step]) {
        let rights = |action: &Action| matches!(action, Action::Grant { .. } | Action::Revoke { .. });
        let leaving = |step: &Step| step.service.is_none() && !rights(&step.action);
        self.steps.split_at(self.steps.iter().position(leaving).unwrap_or(self.steps.len()))
    }
}
