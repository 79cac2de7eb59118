//! What the manifest wants of one server, with every default and template already filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use super::platform::Platform;
use super::{
    AccessGrant, AccessRole, DatabaseParameters, DbName, DesiredPublication, Outbox, RoleKind, RoleName,
    SchemaName, ServerName, ServiceName,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredServer {
    pub name: ServerName,
    /// Marks what this manifest made.
    pub project: String,
    /// Whose managed server it is.
    pub platform: Option<&'static Platform>,
    /// Whether PUBLIC loses its rights on the maintenance database and on `template1`.
    pub close_maintenance: bool,
    /// The role that must own the databases; `None` accepts the admin and its like.
    pub database_owner: Option<RoleName>,
    /// Whether martydb runs the server itself, so that nothing but this manifest relies on it.
    pub embedded: bool,
    pub services: BTreeMap<ServiceName, DesiredService>,
    /// Further roles, by name.
    pub access: BTreeMap<RoleName, AccessRole>,
    /// What services that are on other servers now were called here.
    pub leaving: Vec<FormerNames>,
    pub index: ServiceIndex,
}

/// The map in `pg_ident.conf` of an embedded server by which the accounts that run it are its admin.
pub const EMBEDDED_MAP: &str = "martydb";

/// Whose each role and each database is, worked out when it is first asked. A copy works it out again: its services may
/// become others.
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
    /// It follows from the services.
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
    /// The folder of its migrations, absolute.
    pub migrations: PathBuf,
    pub down: DownFiles,
    /// The schemas it declares, in `search_path` order; never empty.
    pub schemas: Vec<SchemaName>,
    pub roles: BTreeMap<RoleKind, RoleName>,
    /// Connection limits of its logins; `-1` is none.
    pub connection_limit: BTreeMap<RoleKind, i32>,
    /// Settings of its logins, by name; values as PostgreSQL takes them.
    pub settings: BTreeMap<String, String>,
    pub extensions: Vec<String>,
    /// What its database is made with, and what is put on it.
    pub parameters: DatabaseParameters,
    /// Whether `apply` also removes what is not declared.
    pub prune: bool,
    /// What further roles may do in its database.
    pub access: Vec<AccessGrant>,
    /// What further roles may follow there.
    pub publications: Vec<DesiredPublication>,
    /// Where it writes its events.
    pub outbox: Option<Outbox>,
    /// What it was called, and where it was, before.
    pub moved: Option<FormerNames>,
    /// Whether `schema.sql` is written beside its migrations.
    pub dump_schema: bool,
    pub lint: LintRules,
}

/// The names of a service's database and roles before it was renamed or moved to another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerNames {
    pub service: ServiceName,
    /// The server that it was on, where that is another one.
    pub server: Option<ServerName>,
    pub database: DbName,
    pub roles: BTreeMap<RoleKind, RoleName>,
}

/// Whether the migrations of a service come with files that undo them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DownFiles {
    /// A missing one is worth a note.
    #[default]
    Required,
    /// A missing one is not, until a downgrade meets it.
    Optional,
    /// There are none: the service only goes forward.
    None,
}

/// Rules of `lint` that are other than usual, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LintRules {
    pub disable: Vec<String>,
    pub enable: Vec<String>,
}

impl DesiredService {
    pub fn role(&self, kind: RoleKind) -> &RoleName {
        &self.roles[&kind]
    }

    /// Its roles, and the further ones that may use its database, each once.
    pub fn own_roles(&self) -> Vec<RoleName> {
        let further = self.access.iter().map(|grant| &grant.role);
        let roles: BTreeSet<&RoleName> = self.roles.values().chain(further).collect();
        roles.into_iter().cloned().collect()
    }

    /// The further roles that may use its database, each once.
    pub fn further_roles(&self) -> Vec<RoleName> {
        let roles: BTreeSet<&RoleName> = self.access.iter().map(|grant| &grant.role).collect();
        roles.into_iter().cloned().collect()
    }

    /// The same service in another database that lives for a while: its own roles alone, and as many connections as they
    /// like.
    pub fn copied_to(&self, database: &DbName) -> DesiredService {
        DesiredService {
            database: database.clone(),
            access: vec![],
            publications: vec![],
            outbox: None,
            parameters: self.parameters.of_copy(),
            ..self.clone()
        }
    }

    /// The same service where it was before it came to this server.
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

/// What follows the marker in the comment of a login whose password martydb set.
pub(super) const PASSWORD_NOTE: &str = "; password set ";

impl DesiredServer {
    pub fn managed_role(&self, role: &RoleName) -> Option<(&DesiredService, RoleKind)> {
        let of = |service: &DesiredService| {
            let roles = service.roles.iter();
            roles.map(|(kind, role)| (role.clone(), (service.name.clone(), *kind))).collect::<Vec<_>>()
        };
        // The first service of two that share a role.
        let all = self.index.roles.get_or_init(|| self.services.values().rev().flat_map(of).collect());
        let (service, kind) = all.get(role)?;
        Some((self.services.get(service)?, *kind))
    }

    /// The service that declares this database as its own.
    pub fn owning_service(&self, database: &str) -> Option<&DesiredService> {
        // The first service of two that share a database.
        let services = self.services.values().rev();
        let of = || services.map(|service| (service.database.to_string(), service.name.clone())).collect();
        self.services.get(self.index.databases.get_or_init(of).get(database)?)
    }

    /// The role that keeps what the roles of a removed service owned and no service takes over.
    pub fn orphans(&self) -> RoleName {
        super::project_roles::orphans(&self.project)
    }

    /// The comment that marks what this manifest made.
    pub fn marker(&self) -> String {
        format!("martydb:{}", self.project)
    }

    /// The comment of a database that this manifest made: the marker, and below it what the manifest says.
    pub fn database_comment(&self, service: &DesiredService) -> String {
        let own = service.parameters.comment.as_deref().filter(|comment| !comment.is_empty());
        own.map_or_else(|| self.marker(), |comment| format!("{}\n{comment}", self.marker()))
    }

    /// Whether a comment says that this manifest made what it stands on: it is the marker, before a note or further lines.
    pub fn marks(&self, comment: Option<&str>) -> bool {
        let rest = comment.and_then(|comment| comment.strip_prefix(&self.marker()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n') || rest.starts_with(PASSWORD_NOTE))
    }
}
