//! Migration targets of services: the database, the migrator's login and the folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::future::join_all;

use crate::Context;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List};
use martydb_model::{
    DbName, DesiredService, DownFiles, LintRules, MigrationSource, OnSchemaDrift, RoleKind, RoleName,
    SchemaName, ServerName, ServiceName,
};
use martydb_pg::server::existence::ExistenceCheck;
use martydb_pg::server::{Access, ActingLogin, Endpoint, Login};

/// One service's database and folder.
#[derive(Debug, Clone)]
pub struct MigrationTarget {
    pub service: ServiceName,
    pub server: ServerName,
    pub database: DbName,
    /// Its schemas, in the order of the search path; never empty.
    pub schemas: Vec<SchemaName>,
    /// Search path of its sessions: its schemas, and those of extensions among them.
    pub search_path: Vec<SchemaName>,
    /// The schema in which refinery's table has to be; the declared schemas are searched too.
    pub history_schema: SchemaName,
    pub owner: RoleName,
    pub app: RoleName,
    pub readonly: RoleName,
    /// Further roles that may use the database.
    pub further: Vec<RoleName>,
    /// The one of them that may read the history: the data service's reading login.
    pub history_reader: Option<RoleName>,
    pub endpoint: Endpoint,
    /// The migrator.
    pub login: Login,
    pub folder: PathBuf,
    pub down: DownFiles,
    /// Another tool's migrations, from which those of the folder have to come.
    pub source: Option<MigrationSource>,
    pub existence: ExistenceCheck,
    /// Set for a scratch database: its contents need not survive a crash of the server.
    pub throwaway: bool,
    /// Set if the service's data may be dropped and made again: `redo` and `dev reset` work there.
    pub disposable: bool,
    pub lint: LintRules,
    /// Tables whose partitions martydb makes and removes, as `schema.table`.
    pub maintained: Vec<String>,
    /// Declared extensions: `apply` installs them.
    pub extensions: Vec<String>,
    pub on_schema_drift: OnSchemaDrift,
}

impl MigrationTarget {
    /// Returns the migrator's login, which acts as the owner.
    pub fn acting_login(&self) -> ActingLogin<'_> {
        let MigrationTarget { endpoint, login, database, owner, .. } = self;
        ActingLogin { endpoint, login, database, role: owner }
    }

    /// Returns the roles of the service without its migrator, owner first.
    pub fn roles(&self) -> [&RoleName; 3] {
        [&self.owner, &self.app, &self.readonly]
    }

    /// Returns the roles that must not read or change the history, although default privileges grant them
    /// access to new tables; of the further roles, only `further`, those that exist on the server.
    pub fn outsiders(&self, further: &[RoleName]) -> List<Ident> {
        let all = [&self.app, &self.readonly].into_iter().chain(further);
        List(all.map(|role| role.ident().clone()).collect())
    }
}

/// Returns the target of each service, or the error if it has none, such as a server that is down.
#[martydb_pg::boxed]
pub async fn for_services(
    context: &Context,
    services: &[DesiredService],
) -> Result<Vec<(DesiredService, Result<MigrationTarget>)>> {
    let secrets = context.secrets(services).await?;
    let servers = context.servers_of(services).into_iter().map(|server| async move {
        let access = context.access(&server).await;
        (server, access.map(|access| (access.clone(), ExistenceCheck::new(access))))
    });
    let servers: BTreeMap<String, Result<(Access, ExistenceCheck)>> =
        join_all(servers).await.into_iter().collect();
    let target = |service: &DesiredService| {
        let (access, existence) = servers[&service.server].as_ref().map_err(Error::clone)?;
        let role = service.role(RoleKind::Migrator);
        let current = secrets.current(&service.server, role);
        let login = match current {
            Some((login, password)) => Login::with_password(login.as_str(), password.clone()),
            None => Login::of_service(role.as_str(), None),
        };
        Ok(MigrationTarget {
            service: service.name.clone(),
            server: service.server.clone(),
            database: service.database.clone(),
            schemas: service.schemas.clone(),
            search_path: service.search_path.clone(),
            history_schema: service.history_schema.clone(),
            owner: service.role(RoleKind::Owner).clone(),
            app: service.role(RoleKind::App).clone(),
            readonly: service.role(RoleKind::Readonly).clone(),
            further: service.further_roles(),
            history_reader: service.serve.as_ref().map(|exposure| exposure.reader.clone()),
            endpoint: access.endpoint.clone(),
            login,
            folder: service.migrations.clone(),
            down: service.down,
            source: service.source.clone(),
            existence: existence.clone(),
            throwaway: false,
            disposable: context.manifest.servers[&service.server].is_disposable(),
            lint: service.lint.clone(),
            maintained: service.maintained_tables(),
            extensions: service.extensions.iter().map(|one| one.name.to_string()).collect(),
            on_schema_drift: service.on_schema_drift,
        })
    };
    Ok(services.iter().map(|service| (service.clone(), target(service))).collect())
}
