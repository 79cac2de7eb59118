//! Context for creating a service's test databases: a session of the admin, and the last snapshot of the server.

use martydb_catalog::inspect;
use martydb_migrate::{MigrationTarget, Options};
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind};
use martydb_pg::server::{Access, Connection, query_one};

/// A service and the state that creating its test databases needs.
pub struct CopyContext<'a> {
    pub access: Access,
    pub desired: &'a DesiredServer,
    pub service: &'a DesiredService,
    /// Service's own database and migrations.
    pub target: MigrationTarget,
    pub options: Options,
    /// Session of the admin in the maintenance database.
    pub(super) session: Connection,
    /// Last snapshot of the server.
    pub(super) actual: ActualServer,
}

impl<'a> CopyContext<'a> {
    /// Connects and reads the snapshot.
    ///
    /// # Errors
    /// If the service's roles are missing, or the server cannot be reached.
    pub async fn open(
        access: Access,
        desired: &'a DesiredServer,
        service: &'a DesiredService,
        target: MigrationTarget,
        options: Options,
    ) -> Result<CopyContext<'a>> {
        let mut session = access.write(&access.maintenance).await?;
        let actual = inspect::cluster_outside(&mut session).await?;
        refuse_without_roles(&actual, service)?;
        Ok(CopyContext { access, desired, service, target, options, session, actual })
    }

    /// Returns the server's clock, in seconds since 1970.
    pub(super) async fn now(&mut self) -> Result<u64> {
        let now = stmt!(
            "SELECT EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())::pg_catalog.int8::pg_catalog.text"
        );
        let text: String = query_one(&mut self.session, &now).await?;
        text.parse().map_err(|_| Error::operation("cannot read the server's clock"))
    }

    /// Reads the snapshot of the server again.
    pub(super) async fn refresh(&mut self) -> Result<()> {
        self.actual = inspect::cluster_outside(&mut self.session).await?;
        Ok(())
    }
}

/// Requires all four roles: they belong to the server, not to a database.
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
