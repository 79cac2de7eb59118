//! Creates a test database: its template, if that is missing, and a copy.

use super::context::CopyContext;
use super::template::Template;
use crate::converge::{Planner, Policy, Remaining, converge};
use martydb_migrate::EventSender;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::sqlstate;
use martydb_model::{ActualServer, DbName, DesiredServer, Jobs, TestDatabase, test_name};
use martydb_pg::server::execute_protected;
use martydb_plan::admin_capabilities::AdminCapabilities;
use martydb_plan::{Step, copy};

/// Attempts to copy a template that another run may drop meanwhile.
const MAX_TRIES: usize = 3;

/// A test database that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedTestDatabase {
    pub database: DbName,
    pub template: Template,
}

impl CopyContext<'_> {
    /// Creates a test database, and its template if that is missing.
    ///
    /// # Errors
    /// If a migration fails, or the server rejects a statement.
    #[martydb_pg::boxed]
    pub async fn make(&mut self, events: &EventSender) -> Result<CreatedTestDatabase> {
        let mut tries = 1..MAX_TRIES;
        loop {
            let template = self.template(events).await?;
            match self.copy(&template.database).await {
                Ok(database) => return Ok(CreatedTestDatabase { database, template }),
                // Another run, with other files, has dropped a template that no test database was copied from.
                Err(error) if is_gone(&error) && tries.next().is_some() => self.refresh().await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn copy(&mut self, template: &DbName) -> Result<DbName> {
        let random =
            getrandom::u64().map_err(|error| Error::operation("cannot get random numbers").cause(error))?;
        let name = test_name(&self.service.name, self.now().await?, random);
        let made = TestDatabase { service: self.service.name.clone(), copied_from: Some(template.clone()) };
        let steps = copy(self.desired, &self.actual, self.service, &name, &made);
        let mut planner = CopyPlanner { desired: self.desired, actual: &self.actual, steps };
        // Only this run knows the name, so no lock is needed.
        let policy = Policy { lock_wait: None, jobs: Jobs::ONE, record: None };
        match converge(&self.access, &mut planner, &policy).await.end {
            Ok(()) => Ok(name),
            Err(error) => {
                let drop = stmt!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let left = execute_protected(&mut self.session, &drop).await.err();
                Err(error.causes(left.map(|left| format!("cannot remove {name}: {}", left.message))))
            }
        }
    }
}

/// Returns `true` if the template that was found before no longer exists.
fn is_gone(error: &Error) -> bool {
    error.sqlstate.as_deref() == Some(sqlstate::INVALID_CATALOG_NAME)
}

/// Planner with known steps. It inspects nothing afterwards: no other run knows the name.
struct CopyPlanner<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    steps: Vec<Step>,
}

impl Planner for CopyPlanner<'_> {
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
