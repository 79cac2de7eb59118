//! Search paths by which a session finds objects of a weaker role before those that it means.
//!
//! A setting of a database is for its service's logins, and a session of another role has it too: a superuser's, an
//! admin's or another service's. <https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS>

use super::context::{Audit, Database};
use super::roles::RoleClass;
use martydb_catalog::{CatalogObject, SchemaAccess};
use martydb_model::contract::{ATTRIBUTES, acts_as_owner};
use martydb_model::findings::PUBLIC;
use martydb_model::sql::split_name_list;
use martydb_model::{DbName, RoleName, RoleSetting};

const NAME: &str = "search_path";

/// Path of a session that no setting changes.
pub(crate) const DEFAULT_PATH: &str = "\"$user\", public";

/// Setting from which a session has its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathSource {
    /// Of the role, for one database or for all.
    Role,
    Database,
    /// Of all roles.
    Everyone,
    /// In the configuration files, or none.
    Server,
}

/// A session that finds objects of a weaker role before those of a stronger one.
pub(crate) struct ExposedSession<'a> {
    pub login: &'a str,
    pub database: &'a str,
    schema: String,
    creator: &'a str,
    hidden: String,
}

impl std::fmt::Display for ExposedSession<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ExposedSession { login, database, schema, creator, hidden } = self;
        let creator = if *creator == PUBLIC { "each role" } else { creator };
        write!(
            f,
            "a session of {login} in {database} finds what {creator} creates in schema {schema} before schema {hidden}"
        )
    }
}

/// Returns the path with which a login's sessions in a database start: the most specific setting wins.
pub(crate) fn path_of<'a>(audit: &Audit<'a>, login: &RoleName, database: &DbName) -> (PathSource, &'a str) {
    let of_role = audit.actual.role_settings.get(login).into_iter().flatten().filter(|row| row.name == NAME);
    let here = of_role.clone().find(|row| row.database.as_ref() == Some(database));
    if let Some(row) = here.or_else(|| of_role.clone().find(|row| row.database.is_none())) {
        return (PathSource::Role, &row.value);
    }
    let of = |settings: &'a [(String, String)]| {
        settings.iter().find(|(name, _)| name == NAME).map(|(_, value)| value.as_str())
    };
    let of_database = audit.actual.databases.get(database).and_then(|found| of(&found.settings));
    if let Some(path) = of_database {
        return (PathSource::Database, path);
    }
    if let Some(path) = of(&audit.actual.everyones_settings) {
        return (PathSource::Everyone, path);
    }
    let mut lines = audit.snapshot.files.iter().flatten().rev();
    let line = lines.find(|line| line.name.eq_ignore_ascii_case(NAME));
    (PathSource::Server, line.map_or(DEFAULT_PATH, |line| &line.value.0))
}

/// Returns `true` if objects of others are found before PostgreSQL's: `pg_catalog` is first unless a path names
/// it later.
pub(crate) fn hides_the_server(path: &str) -> bool {
    split_name_list(path).iter().skip(1).any(|name| name == "pg_catalog")
}

/// Returns the names of a path, with the login's name for `$user`.
pub(crate) fn schemas_of<'p>(path: &'p str, login: &'p str) -> impl Iterator<Item = String> + 'p {
    split_name_list(path).into_iter().map(|name| if name == "$user" { login.to_owned() } else { name })
}

/// Returns the first session of a stronger role that a database's setting exposes.
pub(crate) fn exposed_by_database<'a>(
    audit: &'a Audit<'a>,
    database: &'a DbName,
) -> Option<ExposedSession<'a>> {
    let db = audit.inside(database)?;
    let mut logins = audit.actual.roles.iter().filter(|(_, found)| found.login).map(|(name, _)| name);
    logins.find_map(|login| {
        let (source, path) = path_of(audit, login, database);
        if source != PathSource::Database || !enters(&db, login) {
            return None;
        }
        first_exposed(&db, login, path)
    })
}

/// Returns the first session of the role that its own setting exposes.
pub(crate) fn exposed_by_role<'a>(
    audit: &'a Audit<'a>,
    setting: &'a RoleSetting,
) -> Option<ExposedSession<'a>> {
    let role = setting.role.as_str();
    let login = audit.role(role).filter(|login| audit.actual.roles[*login].login && setting.name == NAME)?;
    let mut databases = audit.actual.databases.keys().filter(|name| match &setting.database {
        Some(database) => database == *name,
        // One for this database alone would win.
        None => path_of(audit, login, name) == (PathSource::Role, &setting.value),
    });
    databases.find_map(|database| {
        let db = audit.inside(database).filter(|db| enters(db, login))?;
        first_exposed(&db, login, &setting.value)
    })
}

fn first_exposed<'a>(db: &Database<'a>, login: &'a RoleName, path: &str) -> Option<ExposedSession<'a>> {
    // Most logins are no stronger than those who create here.
    let login = login.as_str();
    exposures(db, login, path).find_map(|(schema, hidden)| {
        let creator = creators(db, schema).into_iter().find(|creator| is_stronger(db, login, creator))?;
        Some(ExposedSession { login, database: db.name, schema: schema.name.clone(), creator, hidden })
    })
}

/// Returns the schemas of a path in which other roles create before the session finds the server's own objects, or
/// those that it means, each with the schema that is found too late.
pub(crate) fn exposures<'d>(
    db: &'d Database<'_>,
    login: &str,
    path: &str,
) -> impl Iterator<Item = (&'d SchemaAccess, String)> {
    let names: Vec<String> = schemas_of(path, login).collect();
    let schemas = db.catalog.privileged.schemas.iter().filter(|schema| schema.name != "pg_catalog");
    schemas.filter_map(move |schema| {
        let at = names.iter().position(|name| *name == schema.name)?;
        let hidden = names[at + 1..].iter().find(|later| hides(db, schema, later))?;
        Some((schema, hidden.clone()))
    })
}

/// Returns `true` if another role creates in the first schema, and the later one is `pg_catalog` or has objects and is
/// closed to that role. Members of extensions do not count: most extensions are meant for the service.
fn hides(db: &Database<'_>, first: &SchemaAccess, later: &str) -> bool {
    let creators = creators(db, first);
    if later == "pg_catalog" || creators.is_empty() {
        return !creators.is_empty();
    }
    let closed = db.catalog.privileged.schemas.iter().find(|schema| schema.name == later);
    let of_both = closed.map_or(vec![], |later| self::creators(db, later));
    let mut found = db.catalog.objects.iter().filter(|item| item.schema.as_deref() == Some(later));
    creators.iter().any(|creator| !of_both.contains(creator)) && found.any(is_found)
}

/// Returns `true` for an object that statements name: a function or a relation.
fn is_found(item: &CatalogObject) -> bool {
    let relation = ["table", "view", "materialized view", "foreign table"].contains(&item.kind.as_str());
    item.is_users() && item.column.is_none() && (item.is_routine() || relation)
}

/// Returns the roles that may create in a schema, and that can enter its database.
pub(crate) fn creators<'a>(db: &Database<'a>, schema: &SchemaAccess) -> Vec<&'a str> {
    let entries = schema.acl.iter().filter(|entry| entry.privilege == "CREATE");
    let mut users: Vec<&str> = entries.flat_map(|entry| db.audit.users_of(entry)).collect();
    users.extend(db.audit.actors(&schema.owner));
    users.retain(|user| match *user {
        PUBLIC => db.is_visited() || db.is_entered(),
        _ => db.is_own(user) || db.audit.user_can_connect(user, db.name),
    });
    users
}

fn enters<'a>(db: &Database<'a>, login: &'a RoleName) -> bool {
    db.audit.actual.roles[login].superuser || db.audit.can_connect(login, db.name)
}

/// Returns `true` if code of the creator gains something in a session of the login.
fn is_stronger<'a>(db: &Database<'a>, login: &'a str, creator: &str) -> bool {
    let audit = db.audit;
    let Some(role) = audit.role(login).filter(|_| login != creator) else { return false };
    match audit.roles.class_of(role) {
        RoleClass::Trusted => true,
        RoleClass::Managed(service, kind) => match audit.managed(creator) {
            Some((own, by)) if own.name == service.name => acts_as_owner(kind) && !acts_as_owner(by),
            _ => true,
        },
        RoleClass::Predefined | RoleClass::Unmanaged => has_more(db, role),
    }
}

/// Returns `true` if an unmanaged login has more than what it has in this database.
fn has_more<'a>(db: &Database<'a>, role: &'a RoleName) -> bool {
    let audit = db.audit;
    let found = &audit.actual.roles[role];
    let has_power = ATTRIBUTES.iter().any(|attribute| attribute.is_power() && (attribute.is_set)(found));
    let gives = |of: &RoleName| {
        audit
            .managed(of.as_str())
            .is_some_and(|(service, _)| db.service.is_none_or(|own| own.name != service.name))
            || audit.class_of(of.as_str()) == RoleClass::Predefined
            || audit.actual.roles.get(of).is_some_and(|found| found.superuser)
    };
    let services = audit.desired.services.values().filter(|service| service.database.as_str() != db.name);
    has_power
        || audit.roles.reachable(role).iter().any(|path| gives(path.role))
        || services.map(|service| service.database.as_str()).any(|other| audit.can_connect(role, other))
}
