//! Irreversible effects of `apply` and `init-all`, which each need an explicit flag.

use clap::Args;

use crate::app::App;
use crate::commands::support::companions::CompanionPlans;
use martydb_model::error::{Error, Result};
use martydb_plan::Step;
use martydb_provision::{Plans, left_elsewhere, planned};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args)]
pub struct Confirmation {
    /// Replace the passwords of existing roles that the secret store lacks, or that the server rejects.
    #[arg(long)]
    pub reset_passwords: bool,
    /// Create an empty database even if one of this manifest has lost its service.
    #[arg(long)]
    pub new_database: bool,
    /// Switch off `default` of Redis even if clients use it.
    #[arg(long)]
    pub close_default: bool,
}

impl Confirmation {
    /// # Errors
    /// With the effects of the plans that were not requested.
    pub async fn check(self, app: &App, plans: &Plans, companions: &CompanionPlans) -> Result<()> {
        if !self.reset_passwords {
            let error =
                Error::usage("the secret store lacks the passwords of existing roles, nothing was touched")
                    .hint("restore the secret store, or check that it is the store of this environment")
                    .hint("or fill it with `martydb secrets import --from dotenv FILE`: the applications have the passwords, too")
                    .hint("or replace the passwords with --reset-passwords: the current ones stop working");
            refuse(replaced_passwords(plans).chain(companions.replaced_passwords()), error)?;
        }
        if !self.new_database {
            let error = Error::usage("a service would get an empty database, nothing was touched")
                .hint("if the service or its database was renamed, write `moved: { from: FORMER_NAME }` in the manifest")
                .hint("if it was moved to another server, write `moved: { from: NAME, server: FORMER_SERVER }`: `apply` then copies its database")
                .hint("or create the empty database with --new-database: the data of the other one stays there");
            let elsewhere = left_elsewhere(app, plans).await;
            refuse(doubtful_databases(plans).chain(elsewhere), error)?;
        }
        Ok(())
    }
}

/// Returns the error, if there are causes.
fn refuse(causes: impl Iterator<Item = String>, error: Error) -> Result<()> {
    let mut causes = causes.peekable();
    if causes.peek().is_none() {
        return Ok(());
    }
    Err(causes.fold(error, Error::cause))
}

/// Lists passwords of existing roles that would be replaced: the store may be the wrong one, or temporarily
/// unavailable.
fn replaced_passwords(plans: &Plans) -> impl Iterator<Item = String> {
    planned(plans).filter_map(|(server, planned)| {
        let roles = planned.plan.steps.iter().filter_map(Step::replaces_password);
        let roles: Vec<String> = roles.map(|role| format!("\"{role}\"")).collect();
        (!roles.is_empty()).then(|| format!("on server \"{server}\" existing roles: {}", roles.join(", ")))
    })
}

/// Lists empty databases that would replace one with data: a service whose name or database was renamed must keep its
/// rows.
fn doubtful_databases(plans: &Plans) -> impl Iterator<Item = String> {
    planned(plans).flat_map(|(server, planned)| {
        planned.plan.steps.iter().filter_map(move |step| {
            let name = step.makes_doubtful_database()?;
            Some(format!("on server \"{server}\": database \"{name}\" is {}", step.reason))
        })
    })
}
