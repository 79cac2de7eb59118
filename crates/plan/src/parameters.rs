//! Parameters that this server does not support, reported before anything is changed.

mod extensions;

use martydb_model::error::Error;
use martydb_model::grants::ident;
use martydb_model::sql::stmt;
use martydb_model::suggest::hint;
use martydb_model::{ActualServer, DesiredService};

/// Returns the reason why a database cannot have its declared parameters on this server.
pub fn impossible(actual: &ActualServer, service: &DesiredService) -> Option<Error> {
    if let Some(error) = extensions::refused(actual, service) {
        return Some(error);
    }
    let (parameters, major) = (&service.parameters, actual.major());
    let exists = actual.databases.contains_key(&service.database);
    let refused = |why: String| Error::manifest(format!("service \"{}\": {why}", service.name));
    let refresh = parameters.refresh_collation.then_some(("collation_version", 15));
    let beyond = parameters.made_with.beyond(major).or(refresh.filter(|(_, since)| *since > major));
    if let Some((what, since)) = beyond {
        let why =
            format!("PostgreSQL {major} does not support {what} for databases; it was added in {since}");
        return Some(refused(why).hint("remove it from `parameters`, or use a newer server"));
    }
    let tablespace = parameters.tablespace.as_ref()?;
    match actual.tablespaces.get(tablespace) {
        None => {
            let known: Vec<&str> = actual.tablespaces.keys().map(String::as_str).collect();
            let error = refused(format!("the server has no tablespace \"{tablespace}\""));
            Some(error.hint(hint(tablespace, "tablespaces", &known)))
        }
        Some(false) if !exists => {
            let admin = &actual.admin.name;
            let grant =
                stmt!("GRANT CREATE ON TABLESPACE {t} TO {a}", t = ident(tablespace), a = ident(admin));
            let why = format!("the admin \"{admin}\" lacks CREATE on tablespace \"{tablespace}\"");
            Some(refused(why).hint(format!("ask a DBA for: {grant}")))
        }
        Some(_) => None,
    }
}
