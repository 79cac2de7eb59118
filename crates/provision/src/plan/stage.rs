//! When a step runs, how much it can hurt, and how it ended.

/// How much a step can hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Adds what is declared, or takes back what is not declared.
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
/// `Create` and `Autocommit` aside, which PostgreSQL runs in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In the maintenance database, before any service: roles that several of these need.
    Prepare,
    /// In the maintenance database.
    Cluster,
    /// In the maintenance database, outside a transaction.
    Create,
    /// In the maintenance database, about one database.
    AlterDatabase,
    /// In the service's database.
    InDatabase,
    /// In the maintenance database, last of all: the service's logins may connect.
    GrantConnect,
    /// In the step's database, by itself: `ROLLBACK PREPARED` and `ALTER SYSTEM` run in no transaction.
    Autocommit,
}

/// How a step ended.
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
    /// The JSON word.
    pub fn word(self) -> &'static str {
        match self {
            StepOutcome::Ok => "ok",
            StepOutcome::Failed => "failed",
            StepOutcome::Skipped => "skipped",
        }
    }
}
