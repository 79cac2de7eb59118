//! Removal of a service's database and roles from its server.

use crate::converge::{Planner, Remaining};
use martydb_catalog::dependencies::dependencies;
use martydb_catalog::inspect;
use martydb_model::error::{Error, Result};
use martydb_model::{ActualServer, DesiredServer, DesiredService};
use martydb_pg::server::Access;
use martydb_plan::Step;
use martydb_plan::teardown::{AdoptedDatabase, drops_database, refuse_kept, teardown};

pub struct Teardown<'a> {
    access: &'a Access,
    desired: &'a DesiredServer,
    service: &'a DesiredService,
    adopted: AdoptedDatabase,
    actual: ActualServer,
}

impl<'a> Teardown<'a> {
    pub fn new(
        access: &'a Access,
        desired: &'a DesiredServer,
        service: &'a DesiredService,
        adopted: AdoptedDatabase,
    ) -> Self {
        Teardown { access, desired, service, adopted, actual: ActualServer::default() }
    }

    fn drops_database(&self) -> bool {
        drops_database(self.desired, &self.actual, self.service, self.adopted)
    }

    /// Returns `true` if the database exists and is kept because this manifest did not create it. Known after the
    /// first inspection.
    pub fn keeps_database(&self) -> bool {
        self.actual.databases.contains_key(&self.service.database) && !self.drops_database()
    }
}

impl Planner for Teardown<'_> {
    async fn remaining(&mut self, _done: &[Step]) -> Result<Remaining> {
        self.actual = inspect::inspect_cluster(self.access).await?;
        refuse_kept(self.desired, &self.actual, self.service)?;
        let drops_database = self.drops_database();
        let traces =
            dependencies(self.access, self.desired, &self.actual, self.service, drops_database).await?;
        // The steps contain the memberships that they need.
        let steps = teardown(self.desired, &self.actual, self.service, &traces, self.adopted)?;
        Ok(Remaining { steps, with_temporary_membership: 0 })
    }

    fn actual(&self) -> &ActualServer {
        &self.actual
    }

    fn unfinished(&self, left: &[Step]) -> Error {
        let Step { action, reason, .. } = &left[0];
        Error::operation(format!("service \"{}\" is not completely removed", self.service.name))
            .cause(format!("{}: {reason}", action.object()))
            .hint("something on the server undoes the change: look for an event trigger or another tool")
    }
}
