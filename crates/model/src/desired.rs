//! The desired state of one server, with every default and template filled in.

mod access;
mod extension;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::platform::Platform;
use super::{
    DbName, Outbox, PartitionedTable, RoleKind, RoleName, SchemaName, ServerName, ServiceExposure,
    ServiceName,
};

pub use access::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, AccessTarget, DesiredPublication, MONITOR_SERVICE,
    PG_MONITOR,
};
pub use extension::DesiredExtension;
pub use parameters::{
    ActualParameters, CollationVersions, CreationParameters, DatabaseParameters, FixedParameter,
    LocaleProvider, encoding, refused_setting,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredServer {
    pub name: ServerName,
    /// Name of the project, which marks what this manifest made.
    pub project: String,
    /// Provider of a managed server.
    pub platform: Option<&'static Platform>,
    /// `true` to revoke PUBLIC's privileges on the maintenance database and on `template1`.
    pub close_maintenance: bool,
    /// Required owner of the databases; `None` accepts the admin and its equals.
    pub database_owner: Option<RoleName>,
    /// `true` if martydb runs the server itself: only this manifest relies on it.
    pub embedded: bool,
    /// `true` if each connection string for its services verifies the server's certificate.
    pub verified: bool,
    pub services: BTreeMap<ServiceName, DesiredService>,
    /// Declared roles beyond the services' own, by name.
    pub access: BTreeMap<RoleName, AccessRole>,
    /// Names on this server of services that have moved to others.
    pub leaving: Vec<FormerNames>,
    pub index: ServiceIndex,
}

/// The `pg_ident.conf` map of an embedded server; with it the accounts that run the server log in as its admin.
pub const EMBEDDED_MAP: &str = "martydb";

/// Admin of an embedded Redis server.
pub const EMBEDDED_REDIS_ADMIN: &str = "martydb";

/// Index of roles and databases by service, computed on first use. A clone computes it again, since its services may
/// change.
#[derive(Debug, Default)]
pub struct ServiceIndex {
    roles: OnceLock<BTreeMap<RoleName, (ServiceName, RoleKind)>>,
    databases: OnceLock<BTreeMap<String, ServiceName>>,
}

impl Clone for ServiceIndex {
    fn clone(&self) -> Self {
        ServiceIndex::default()
    }
}

impl PartialEq for ServiceIndex {
    /// The index follows from the services.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ServiceIndex {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredService {
    pub name: ServiceName,
    pub server: ServerName,
    pub database: DbName,
    /// Migrations folder, absolute.
    pub migrations: PathBuf,
    pub down: DownFiles,
    pub on_schema_drift: OnSchemaDrift,
    /// Origin of its migrations, if they have to be imported.
    pub source: Option<MigrationSource>,
    /// Its own schemas, in `search_path` order; never empty.
    pub schemas: Vec<SchemaName>,
    /// Search path of its logins: its own schemas, and those of extensions that the manifest lists among them.
    pub search_path: Vec<SchemaName>,
    /// Schema of refinery's history table: `martydb`, or one of `schemas`.
    pub history_schema: SchemaName,
    pub roles: BTreeMap<RoleKind, RoleName>,
    /// Connection limits of its logins; `-1` is no limit.
    pub connection_limit: BTreeMap<RoleKind, i32>,
    /// Settings of its logins, by name; values in PostgreSQL's form.
    pub settings: BTreeMap<String, String>,
    pub extensions: Vec<DesiredExtension>,
    /// Parameters of its database.
    pub parameters: DatabaseParameters,
    /// `true` if `apply` also removes what is not declared.
    pub prune: bool,
    /// Access of further roles to its database.
    pub access: Vec<AccessGrant>,
    /// Publications for further logins.
    pub publications: Vec<DesiredPublication>,
    /// The outbox for its events.
    pub outbox: Option<Outbox>,
    /// Tables that `martydb partitions` maintains.
    pub partitions: Vec<PartitionedTable>,
    /// Exposure by the data service.
    pub serve: Option<ServiceExposure>,
    /// Former names and server.
    pub moved: Option<FormerNames>,
    /// `true` to write `schema.sql` next to its migrations.
    pub dump_schema: bool,
    pub lint: LintRules,
}

/// Migrations of another tool, which a service's own have to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationSource {
    /// Name of the tool, as for `import --from`; `sql` for files that the tool of a container runs.
    pub tool: String,
    /// Folder or file, absolute.
    pub path: PathBuf,
}

/// The names of a service's database and roles before it was renamed or moved to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerNames {
    pub service: ServiceName,
    /// The former server, if it is another one.
    pub server: Option<ServerName>,
    pub database: DbName,
    pub roles: BTreeMap<RoleKind, RoleName>,
}

/// Rule for files that undo migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DownFiles {
    /// Every migration needs one; `validate` names the missing ones.
    #[default]
    Required,
    /// A migration may have one.
    Optional,
    /// Migrations are never undone.
    None,
}

/// Rule for a run of `upgrade` on a schema that was changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnSchemaDrift {
    /// The run names the changes and goes on.
    #[default]
    Warn,
    /// The run ends before the first migration.
    Refuse,
}

/// Overrides of `lint`'s default rules, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LintRules {
    pub disable: Vec<String>,
    pub enable: Vec<String>,
    /// `true` if the server has standbys, whose readers a lock can cancel.
    pub has_standbys: bool,
    /// Schemas of the login's search path, the first first; `public` if there is none.
    pub search_path: Vec<String>,
    pub roles: DeclaredRoles,
}

/// Roles of all services, as a service sees them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeclaredRoles {
    /// Roles with the name of their service. Shared: with a copy in each, ten thousand services would take 19 GB.
    pub all: Arc<BTreeMap<String, String>>,
    pub own: BTreeSet<String>,
    /// The service's four roles.
    pub kinds: BTreeMap<String, RoleKind>,
}

impl DeclaredRoles {
    /// Returns the service of a role, if it is not this one.
    pub fn other_service(&self, role: &str) -> Option<&str> {
        if self.own.contains(role) { None } else { self.all.get(role).map(String::as_str) }
    }
}

impl DesiredService {
    /// Returns the tables whose partitions martydb makes and removes, as `schema.table`.
    pub fn maintained_tables(&self) -> Vec<String> {
        let outbox = self.outbox.iter().map(|outbox| format!("{}.{}", outbox.schema, outbox.table));
        self.partitions.iter().map(ToString::to_string).chain(outbox).collect()
    }

    /// Returns `true` if the manifest declares the extension.
    pub fn installs(&self, extension: &str) -> bool {
        self.extensions.iter().any(|one| one.name == extension)
    }

    /// Returns `true` for a schema of extensions: it belongs to the admin, and no role of the service creates in it.
    pub fn is_of_extensions(&self, schema: &SchemaName) -> bool {
        !self.schemas.contains(schema)
            && self.extensions.iter().any(|one| one.schema.as_ref() == Some(schema))
    }

    /// Returns the schemas of extensions, each once.
    pub fn extension_schemas(&self) -> impl Iterator<Item = &SchemaName> {
        let named = self.extensions.iter().filter_map(|one| one.schema.as_ref());
        let all: std::collections::BTreeSet<&SchemaName> = named.collect();
        all.into_iter().filter(|schema| !self.schemas.contains(schema))
    }

    pub fn role(&self, kind: RoleKind) -> &RoleName {
        &self.roles[&kind]
    }

    /// Returns its roles and the further roles with access to its database, each once.
    pub fn own_roles(&self) -> Vec<RoleName> {
        let further = self.access.iter().map(|grant| &grant.role);
        let roles: BTreeSet<&RoleName> = self.roles.values().chain(further).collect();
        roles.into_iter().cloned().collect()
    }

    /// Returns the further roles with access to its database, each once.
    pub fn further_roles(&self) -> Vec<RoleName> {
        let roles: BTreeSet<&RoleName> = self.access.iter().map(|grant| &grant.role).collect();
        roles.into_iter().cloned().collect()
    }

    /// Returns the same service in another, temporary database: only its own roles, without a connection limit.
    pub fn copied_to(&self, database: &DbName) -> DesiredService {
        DesiredService {
            database: database.clone(),
            access: vec![],
            publications: vec![],
            outbox: None,
            serve: None,
            parameters: self.parameters.of_copy(),
            ..self.clone()
        }
    }

    /// Returns the same service on its former server.
    pub fn at_former_server(&self) -> Option<DesiredService> {
        let former = self.moved.as_ref()?;
        Some(DesiredService {
            name: former.service.clone(),
            server: former.server.clone()?,
            database: former.database.clone(),
            roles: former.roles.clone(),
            moved: None,
            ..self.clone()
        })
    }

    pub fn kind_of(&self, role: &RoleName) -> Option<RoleKind> {
        self.roles.iter().find(|(_, name)| *name == role).map(|(kind, _)| *kind)
    }
}

/// Beginning of the marker, before the project's name.
pub(super) const MARK: &str = "martydb:";

/// Text between the marker and the time in the comment of a login whose password martydb set.
pub(super) const PASSWORD_NOTE: &str = "; password set ";

impl DesiredServer {
    pub fn managed_role(&self, role: &RoleName) -> Option<(&DesiredService, RoleKind)> {
        let of = |service: &DesiredService| {
            let roles = service.roles.iter();
            roles.map(|(kind, role)| (role.clone(), (service.name.clone(), *kind))).collect::<Vec<_>>()
        };
        // `rev`: of two services that share a role, the first wins.
        let all = self.index.roles.get_or_init(|| self.services.values().rev().flat_map(of).collect());
        let (service, kind) = all.get(role)?;
        Some((self.services.get(service)?, *kind))
    }

    /// Returns the service that declares this database as its own.
    pub fn owning_service(&self, database: &str) -> Option<&DesiredService> {
        // `rev`: of two services that share a database, the first wins.
        let services = self.services.values().rev();
        let of = || services.map(|service| (service.database.to_string(), service.name.clone())).collect();
        self.services.get(self.index.databases.get_or_init(of).get(database)?)
    }

    /// Returns the role for objects of removed services that no other service takes over.
    pub fn orphans(&self) -> RoleName {
        super::project_roles::orphans(&self.project)
    }

    /// Returns the comment that marks what this manifest made.
    pub fn marker(&self) -> String {
        format!("{MARK}{}", self.project)
    }

    /// Returns the comment of a database that this manifest made: the marker, then the declared comment.
    pub fn database_comment(&self, service: &DesiredService) -> String {
        let own = service.parameters.comment.as_deref().filter(|comment| !comment.is_empty());
        own.map_or_else(|| self.marker(), |comment| format!("{}\n{comment}", self.marker()))
    }

    /// Returns `true` if a comment marks its object as made by this manifest: the marker, optionally with a note or
    /// further lines.
    pub fn marks(&self, comment: Option<&str>) -> bool {
        let rest = comment.and_then(|comment| comment.strip_prefix(&self.marker()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n') || rest.starts_with(PASSWORD_NOTE))
    }
}
