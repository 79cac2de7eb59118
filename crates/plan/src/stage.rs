//! Stage, risk and outcome of a step.

/// Risk of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Adds what is declared, or revokes what is not.
    Safe,
    /// Changes something on which others may rely.
    Caution,
    /// Loses data or a login.
    Destructive,
}

impl Risk {
    /// Returns the word for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Risk::Safe => "safe",
            Risk::Caution => "caution",
            Risk::Destructive => "destructive",
        }
    }
}

/// Place and order of a step. Consecutive steps of one service and stage are one transaction, except `Create`
/// and `Autocommit`, which PostgreSQL runs outside of any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In the maintenance database, before any service: roles that several services need.
    Prepare,
    /// In the maintenance database.
    Cluster,
    /// In the maintenance database, outside a transaction.
    Create,
    /// In the maintenance database, about one database.
    AlterDatabase,
    /// In the service's database.
    InDatabase,
    /// In the maintenance database, last of all: lets the service's logins connect.
    GrantConnect,
    /// In the step's database, by itself: `ROLLBACK PREPARED` and `ALTER SYSTEM` cannot run in a transaction.
    Autocommit,
}

/// Outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Outcome")]
pub enum StepOutcome {
    /// Done and committed.
    Ok,
    /// Failed, or rolled back with one that failed.
    Failed,
    /// Not reached.
    Skipped,
}

impl StepOutcome {
    /// Returns the word for JSON.
    pub fn word(self) -> &'static str {
        match self {
            StepOutcome::Ok => "ok",
            StepOutcome::Failed => "failed",
            StepOutcome::Skipped => "skipped",
        }
    }
}
