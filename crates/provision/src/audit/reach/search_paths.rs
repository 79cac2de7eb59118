//! Search paths of superusers' sessions.

use super::super::context::Audit;
use martydb_model::{ActualServer, DatabaseKind, DbName};

/// Parts of superusers' search paths that apply to every database; computed once for all of them.
pub struct SuperuserPaths<'a> {
    /// Superusers that can log in.
    logins: Vec<&'a str>,
    /// Their search paths, each for one database or for all.
    own: Vec<(Option<&'a DbName>, &'a str)>,
}

impl<'a> SuperuserPaths<'a> {
    pub fn of(actual: &'a ActualServer) -> SuperuserPaths<'a> {
        let superusers = actual.roles.iter().filter(|(_, found)| found.superuser);
        let logins = superusers.clone().filter(|(_, found)| found.login).map(|(role, _)| role.as_str());
        let settings = superusers.clone().filter_map(|(role, _)| actual.role_settings.get(role)).flatten();
        let own = settings.filter(|row| row.name == "search_path");
        SuperuserPaths {
            logins: logins.collect(),
            own: own.map(|row| (row.database.as_ref(), row.value.as_str())).collect(),
        }
    }

    /// Returns the schemas that superusers' sessions in this database search: by a setting of a superuser, of
    /// the database or of all roles, by a superuser's name, and in the maintenance database and the templates
    /// by default.
    pub fn in_database(&self, audit: &Audit<'a>, database: &str) -> Vec<String> {
        let here = |of: &Option<&DbName>| of.is_none_or(|other| other.as_str() == database);
        let mut values: Vec<&str> =
            self.own.iter().filter(|(of, _)| here(of)).map(|(_, path)| *path).collect();
        let of_database = audit.database(database).into_iter().flat_map(|found| &found.settings);
        let settings = of_database.chain(&audit.actual.everyones_settings);
        let paths = settings.filter(|(name, _)| name == "search_path").map(|(_, value)| value.as_str());
        // A service's database is meant to have the service's schemas in its search path.
        let of_service = audit.service_of(database).is_some();
        values.extend(paths.filter(|path| !of_service || precedes_the_server(path)));
        if is_shared(audit, database) && audit.actual.major() >= 15 {
            values.push("public");
        }
        let others = values.iter().filter(|value| **value != DEFAULT_PATH);
        let named = others.flat_map(|value| schemas_of(value)).filter(|name| name != "pg_catalog");
        // The default path begins with a schema of the role's own name.
        named.chain(self.logins.iter().map(|login| (*login).to_owned())).collect()
    }
}

fn is_shared(audit: &Audit<'_>, database: &str) -> bool {
    let kind = DatabaseKind::of(database, audit.desired, audit.actual);
    matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template)
}

/// Returns `true` if superusers search a schema in which PUBLIC may create because of initdb's grant, as
/// before 15: then the finding is that roles may connect, not that they may create.
pub fn is_open_as_delivered(audit: &Audit<'_>, database: &str, schema: &str) -> bool {
    schema == "public" && audit.actual.major() < 15 && is_shared(audit, database)
}

fn schemas_of(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split(',').map(|name| name.trim().trim_matches('"').to_owned())
}

/// Returns `true` if a path names `pg_catalog` after another schema. If it does not name it, `pg_catalog` comes
/// first.
fn precedes_the_server(path: &str) -> bool {
    schemas_of(path).position(|name| name == "pg_catalog").is_some_and(|at| at > 0)
}

const DEFAULT_PATH: &str = "\"$user\", public";
