//! Names that PostgreSQL accepts but a service cannot have, rejected here instead of at the first login.

use super::scope::Scope;
use crate::checked::ServerLocation;
use martydb_model::contract::{ALTERNATE_SUFFIX, HISTORY_SCHEMA};
use martydb_model::error::Result;
use martydb_model::sql::MAX_IDENTIFIER_BYTES;
use martydb_model::{DbName, RoleKind, RoleName, SERVE_SCHEMA, SchemaName};

const CLUSTER_DATABASES: [&str; 3] = ["postgres", "template0", "template1"];

/// Role that `initdb` creates by convention, and that embedded servers have.
pub(crate) const CLUSTER_ROLE: &str = "postgres";

pub(crate) fn database(scope: &Scope, service: &str, text: String) -> Result<DbName> {
    let path = ["services", service, "database"];
    if CLUSTER_DATABASES.contains(&text.as_str()) {
        return Err(scope
            .error(path, format!("database \"{text}\" belongs to the server itself"))
            .hint("give the service a database of its own"));
    }
    DbName::new(text.clone()).map_err(|error| scope.error(path, format!("database \"{text}\" {error}")))
}

pub(crate) fn schemas(scope: &Scope, service: &str, names: &[String]) -> Result<Vec<SchemaName>> {
    if names.is_empty() {
        return Err(scope.error(["services", service, "schemas"], "a service needs at least one schema"));
    }
    let mut schemas: Vec<SchemaName> = vec![];
    for (index, text) in names.iter().enumerate() {
        let wrong = |why: &dyn std::fmt::Display| {
            let element = ["services", service, "schemas", &index.to_string()];
            scope.error(element, format!("schema \"{text}\" {why}"))
        };
        let schema = SchemaName::new(text.clone()).map_err(|error| wrong(&error))?;
        // martydb keeps its history and the data service's records in schemas of their own, on which no role of a service has privileges.
        if [HISTORY_SCHEMA, SERVE_SCHEMA, "information_schema"].contains(&schema.as_str()) {
            return Err(wrong(&"is reserved"));
        }
        if schemas.contains(&schema) {
            return Err(wrong(&"is declared twice"));
        }
        schemas.push(schema);
    }
    Ok(schemas)
}

/// Checks the name of a role. `admin` is the role that martydb connects as.
pub(crate) fn role(
    scope: &Scope,
    path: [&str; 4],
    kind: RoleKind,
    text: String,
    admin: &str,
) -> Result<RoleName> {
    let wrong = |why: &dyn std::fmt::Display| scope.error(path, format!("role \"{text}\" {why}"));
    let role = RoleName::new(text.clone()).map_err(|error| wrong(&error))?;
    if text == admin || text == CLUSTER_ROLE {
        return Err(wrong(&"administers the server, and cannot be a service's"));
    }
    if kind.logs_in() {
        login(&text).map_err(|(why, fix)| wrong(&why).hint(fix))?;
    }
    Ok(role)
}

/// Rejects the role that martydb connects as, which has all privileges already.
pub(crate) fn not_the_admin(
    scope: &Scope,
    path: &[&str],
    role: &RoleName,
    server: &ServerLocation,
) -> Result<()> {
    let admin = match server {
        ServerLocation::Url(url) => url.user.as_str(),
        ServerLocation::Embedded { .. } => CLUSTER_ROLE,
    };
    if role.as_str() == admin || role.as_str() == CLUSTER_ROLE {
        return Err(scope.sources.error_at(path, format!("role \"{role}\" administers the server")));
    }
    Ok(())
}

/// Checks the name of a login. `Err` contains the reason and a hint.
pub fn login(name: &str) -> Result<(), (String, String)> {
    // SCRAM prepares names with SASLprep (RFC 5802).
    if stringprep::saslprep(name).is_err() {
        return Err((
            "contains characters that a login's name cannot have (SASLprep, RFC 4013)".into(),
            "remove control characters and right-to-left text".into(),
        ));
    }
    // The SCRAM message contains the name as it is, and these two have a meaning in it.
    if name.contains([',', '=']) {
        return Err((
            "contains a comma or an equals sign, and could not log in with SCRAM".into(),
            "use another character, such as _ or -; the owner never logs in and may have them".into(),
        ));
    }
    // The alternate login of a rotation must fit too.
    let most = MAX_IDENTIFIER_BYTES - ALTERNATE_SUFFIX.len();
    if name.len() > most {
        let hint = format!(
            "shorten it: `rotate --overlap` needs room for {{role}}{ALTERNATE_SUFFIX} in PostgreSQL's {MAX_IDENTIFIER_BYTES} bytes"
        );
        return Err((format!("is {} bytes long, and a login may have {most}", name.len()), hint));
    }
    Ok(())
}
