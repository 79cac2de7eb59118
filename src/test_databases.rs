//! Test databases: migrated databases of a service that live for a day, copied from a template that is made once for
//! each content of the migration files.
//!
//! A template begins as a scratch database, in which the migrator runs the migrations as in the service's own database. It
//! gets its name, its mark and the end of all connections in one transaction, so that a template with the name is
//! complete. No session enters it afterwards. The admin copies, marks and drops databases from outside; what a service has
//! made in one never runs with the admin's rights.
//!
//! The owner of both kinds is the admin, so that no login of a service can write their mark.

mod content;
mod old;
mod template;

pub use old::{Cleared, InUse};
pub use template::Template;

use crate::catalog::inspect;
use crate::converge::{Jobs, Planner, Policy, Remaining, converge};
use crate::error::{Error, Result};
use crate::migrate::{EventSender, MigrationTarget, Options};
use crate::model::{
    ActualServer, DbName, DesiredServer, DesiredService, RoleKind, TestDatabase, made_at, test_name,
};
use crate::plan::admin_capabilities::AdminCapabilities;
use crate::plan::{Step, copy};
use crate::server::{Access, Connection, execute_protected, query};
use crate::sql::stmt;
use crate::sqlstate;

/// How long a test database stays, in seconds.
pub const LIFETIME: u64 = 24 * 60 * 60;

/// Tries of a copy whose template another run has removed meanwhile.
const TRIES: usize = 3;

/// A service of which test databases are made.
pub struct Workshop<'a> {
    pub access: Access,
    pub desired: &'a DesiredServer,
    pub service: &'a DesiredService,
    /// The service's own database and migrations.
    pub target: MigrationTarget,
    pub options: Options,
    /// The admin's session in the maintenance database.
    session: Connection,
    /// The server as it was seen last.
    actual: ActualServer,
}

/// A test database that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub database: DbName,
    pub template: Template,
}

/// A test database that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    pub database: DbName,
    pub template: DbName,
    /// In seconds; `None` where the name does not tell.
    pub age: Option<u64>,
    pub sessions: usize,
}

impl<'a> Workshop<'a> {
    /// Looks at the server.
    ///
    /// # Errors
    /// If the service's roles are missing, or the server cannot be reached.
    pub async fn open(
        access: Access,
        desired: &'a DesiredServer,
        service: &'a DesiredService,
        target: MigrationTarget,
        options: Options,
    ) -> Result<Workshop<'a>> {
        let mut session = access.write(&access.maintenance).await?;
        let actual = inspect::cluster_outside(&mut session).await?;
        refuse_without_roles(&actual, service)?;
        Ok(Workshop { access, desired, service, target, options, session, actual })
    }

    /// Makes a test database, and its template where that is missing.
    ///
    /// # Errors
    /// If a migration fails, or the server refuses.
    pub async fn make(&mut self, events: &EventSender) -> Result<Made> {
        let mut tries = 1..TRIES;
        loop {
            let template = self.template(events).await?;
            match self.copy(&template.database).await {
                Ok(database) => return Ok(Made { database, template }),
                // Another run, with other files, has removed what no test database came from.
                Err(error) if is_gone(&error) && tries.next().is_some() => self.look().await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn copy(&mut self, template: &DbName) -> Result<DbName> {
        let random = getrandom::u64().map_err(|error| Error::operation("no random numbers").cause(error))?;
        let name = test_name(&self.service.name, self.now().await?, random);
        let made = TestDatabase { service: self.service.name.clone(), copied_from: Some(template.clone()) };
        let steps = copy(self.desired, &self.actual, self.service, &name, &made);
        let mut planner = Copying { desired: self.desired, actual: &self.actual, steps };
        // The name is this run's alone, so that no other one is kept out.
        let policy = Policy { lock_wait: None, jobs: Jobs::ONE };
        match converge(&self.access, &mut planner, &policy).await.end {
            Ok(()) => Ok(name),
            Err(error) => {
                let drop = stmt!("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name = name);
                let left = execute_protected(&mut self.session, &drop).await.err();
                Err(error.causes(left.map(|left| format!("{name} could not be removed: {}", left.message))))
            }
        }
    }

    /// The test databases of the service, the oldest first.
    pub async fn list(&mut self) -> Result<Vec<Present>> {
        let now = self.now().await?;
        let sessions = old::sessions(&mut self.session).await?;
        let own = self.actual.test_databases(self.desired).into_iter();
        let own = own.filter(|(_, test)| test.service == self.service.name);
        let mut all: Vec<Present> = own
            .filter_map(|(database, test)| {
                let age = made_at(&database).map(|then| now.saturating_sub(then));
                let sessions = sessions.get(database.as_str()).copied().unwrap_or(0);
                Some(Present { template: test.copied_from?, age, sessions, database })
            })
            .collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.age));
        Ok(all)
    }

    /// Removes a test database of the service, and ends the sessions in it.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) if it is none, with nothing touched.
    pub async fn drop(&mut self, name: &str) -> Result<DbName> {
        let present = self.list().await?;
        let Some(found) = present.into_iter().find(|one| one.database.as_str() == name) else {
            let service = &self.service.name;
            return Err(Error::usage(format!("\"{name}\" is not a test database of {service}"))
                .hint(format!("`martydb test-db --service {service} --list` shows them")));
        };
        let drop = stmt!("DROP DATABASE {name} WITH (FORCE)", name = found.database);
        execute_protected(&mut self.session, &drop).await?;
        Ok(found.database)
    }

    /// The server's clock, in seconds since 1970.
    async fn now(&mut self) -> Result<u64> {
        let now = stmt!(
            "SELECT EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())::pg_catalog.int8::pg_catalog.text"
        );
        let rows = query(&mut self.session, &now).await?;
        let text: Option<String> = rows.first().and_then(|row| row.try_get(0).ok());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| Error::operation("the server tells no time"))
    }

    async fn look(&mut self) -> Result<()> {
        self.actual = inspect::cluster_outside(&mut self.session).await?;
        Ok(())
    }
}

/// Roles belong to the server, not to a database: all four have to be there.
fn refuse_without_roles(actual: &ActualServer, service: &DesiredService) -> Result<()> {
    let (name, roles) = (&service.name, RoleKind::ALL.map(|kind| service.role(kind)));
    let missing: Vec<_> = roles.iter().filter(|role| !actual.roles.contains_key(role)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::operation(format!("{name} is not provisioned"))
        .causes(missing.iter().map(|role| format!("the role {role} does not exist")))
        .hint(format!("run `martydb apply --service {name}`")))
}

/// Whether the template that was found before is no longer there.
fn is_gone(error: &Error) -> bool {
    error.sqlstate.as_deref() == Some(sqlstate::INVALID_CATALOG_NAME)
}

/// Steps that are known beforehand. Nothing is inspected after them: no other run knows the name.
struct Copying<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    steps: Vec<Step>,
}

impl Planner for Copying<'_> {
    async fn remaining(&mut self, done: &[Step]) -> Result<Remaining> {
        let left = self.steps.iter().filter(|step| !done.contains(step));
        Ok(left.cloned().collect::<Vec<_>>().into())
    }

    fn actual(&self) -> &ActualServer {
        self.actual
    }

    fn authority(&self) -> Option<AdminCapabilities<'_>> {
        Some(AdminCapabilities::new(self.desired, self.actual))
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        Error::operation("the test database is not complete").causes(left.iter().map(|step| &step.reason))
    }
}
