//! Search paths of superusers' sessions.

use std::collections::BTreeSet;

use super::super::context::Audit;
use super::super::search_paths::{DEFAULT_PATH, PathSource, exposures, path_of, schemas_of};
use martydb_model::grants::{Repair, reset_setting};
use martydb_model::{ActualServer, DatabaseKind, DbName, RoleName};

/// Superusers that can log in; computed once for all databases.
pub(crate) struct SuperuserPaths<'a> {
    logins: Vec<&'a RoleName>,
}

impl<'a> SuperuserPaths<'a> {
    pub(crate) fn new(actual: &'a ActualServer) -> SuperuserPaths<'a> {
        let superusers = actual.roles.iter().filter(|(_, found)| found.superuser && found.login);
        SuperuserPaths { logins: superusers.map(|(role, _)| role).collect() }
    }

    /// Returns the schemas that superusers' sessions in this database search, without those where a service's objects
    /// belong: a service's database is meant to have the service's schemas in its search path.
    pub(crate) fn in_database(&self, audit: &Audit<'a>, database: &str) -> BTreeSet<String> {
        let Some(name) = DbName::found(database).ok() else { return BTreeSet::new() };
        let mut all = BTreeSet::new();
        for login in &self.logins {
            let (source, path) = path_of(audit, login, &name);
            let is_default = split(path, login) == split(DEFAULT_PATH, login);
            // The default path begins with a schema of the role's own name.
            all.extend(schemas_of(path, login.as_str()).filter(|schema| schema == login.as_str()));
            if is_default {
                all.extend(
                    (is_shared(audit, database) && audit.actual.major() >= 15).then(|| "public".to_owned()),
                );
            } else if source == PathSource::Role || audit.service_of(database).is_none() {
                all.extend(schemas_of(path, login.as_str()));
            } else if let Some(db) = audit.inside(&name) {
                all.extend(exposures(&db, login.as_str(), path).map(|(schema, _)| schema.name.clone()));
            }
        }
        all.remove("pg_catalog");
        all
    }

    /// Returns what takes a schema out of the paths of superusers' sessions, where a setting names it.
    pub(crate) fn resets(&self, audit: &Audit<'_>, database: &str, schema: &str) -> Vec<Repair> {
        let Some(name) = DbName::found(database).ok() else { return vec![] };
        let mut all = vec![];
        for login in &self.logins {
            let (source, path) = path_of(audit, login, &name);
            if !schemas_of(path, login.as_str()).any(|named| named == schema) {
                continue;
            }
            let here = audit.actual.role_settings.get(*login).into_iter().flatten();
            let here =
                here.filter(|row| row.name == "search_path").any(|row| row.database.as_ref() == Some(&name));
            let (role, database) = match source {
                PathSource::Role => (Some(login.as_str()), here.then_some(database)),
                PathSource::Database => (None, Some(database)),
                PathSource::Everyone => (None, None),
                PathSource::Server => continue,
            };
            all.push(reset_setting(role, database, "search_path"));
        }
        all.dedup();
        all
    }
}

fn split(path: &str, login: &RoleName) -> Vec<String> {
    schemas_of(path, login.as_str()).collect()
}

fn is_shared(audit: &Audit<'_>, database: &str) -> bool {
    let kind = DatabaseKind::classify(database, audit.desired, audit.actual);
    matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template)
}

/// Returns `true` if superusers search a schema in which PUBLIC may create because of initdb's grant, as
/// before 15: then the finding is that roles may connect, not that they may create.
pub(crate) fn is_open_as_delivered(audit: &Audit<'_>, database: &str, schema: &str) -> bool {
    schema == "public" && audit.actual.major() < 15 && is_shared(audit, database)
}
