//! What `apply` and `init-all` do only where it was asked for in so many words, because no later run can undo it.

use clap::Args;

use martydb_model::error::{Error, Result};
use martydb_provision::plan::Step;
use martydb_provision::provision::{Plans, left_elsewhere, planned};
use martydb_provision::run::Run;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Consent {
    /// Replace the passwords of roles that exist and that the secret store does not know.
    #[arg(long)]
    pub reset_passwords: bool,
    /// Make an empty database also where one that this manifest made belongs to no service any more.
    #[arg(long)]
    pub new_database: bool,
}

impl Consent {
    /// # Errors
    /// With what the plans would do, if that was not asked for.
    pub async fn check(self, run: &Run, plans: &Plans) -> Result<()> {
        if !self.reset_passwords {
            let error =
                Error::usage("the secret store lacks the passwords of roles that exist, nothing was touched")
                    .hint("restore the secret store, or check that it is the one for this environment")
                    .hint("or fill it with `martydb secrets import --from dotenv FILE`: applications have their passwords, too")
                    .hint("or replace the passwords with --reset-passwords: the present ones stop working");
            refuse(replaced_passwords(plans), error)?;
        }
        if !self.new_database {
            let error = Error::usage("a service would get an empty database, nothing was touched")
                .hint("if the service or its database was renamed, say so in the manifest: `moved: { from: FORMER_NAME }`")
                .hint("if it was moved to another server, say so: `moved: { from: NAME, server: FORMER_SERVER }` copies its database")
                .hint("or make the empty database with --new-database: what is in the other one stays there");
            let elsewhere = left_elsewhere(run, plans).await;
            refuse(doubtful_databases(plans).chain(elsewhere), error)?;
        }
        Ok(())
    }
}

/// The error, if there are causes.
fn refuse(causes: impl Iterator<Item = String>, error: Error) -> Result<()> {
    let mut causes = causes.peekable();
    if causes.peek().is_none() {
        return Ok(());
    }
    Err(causes.fold(error, Error::cause))
}

/// A password that clients use: the store may be another one than usual, or be back in a minute.
fn replaced_passwords(plans: &Plans) -> impl Iterator<Item = String> {
    planned(plans).filter_map(|(server, planned)| {
        let roles = planned.plan.steps.iter().filter_map(Step::replaces_password);
        let roles: Vec<String> = roles.map(|role| format!("\"{role}\"")).collect();
        (!roles.is_empty()).then(|| format!("on server \"{server}\" these roles exist: {}", roles.join(", ")))
    })
}

/// A service that was renamed, or whose database was, must not go on with an empty one while its rows lie in the other.
fn doubtful_databases(plans: &Plans) -> impl Iterator<Item = String> {
    planned(plans).flat_map(|(server, planned)| {
        planned.plan.steps.iter().filter_map(move |step| {
            let name = step.makes_doubtful_database()?;
            Some(format!("on server \"{server}\": database \"{name}\" is {}", step.reason))
        })
    })
}
