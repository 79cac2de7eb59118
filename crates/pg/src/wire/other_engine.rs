//! Other database systems that speak PostgreSQL's protocol. martydb relies on two promises that they do not keep: an
//! advisory lock excludes a second run, and a failed transaction undoes its DDL. They are recognised by what they report
//! while logging in, and get no statement.

use super::outcome::{ConnectionFailure, Stage};

/// A system, the parameter that it reports, and what its value contains.
struct Engine {
    name: &'static str,
    parameter: &'static str,
    contains: &'static str,
    reason: &'static str,
}

const ENGINES: &[Engine] = &[
    // It reports the parameter at every login: pkg/sql/pgwire/conn.go, `sendInitialConnData`. Its session-level advisory
    // locks are granted to everybody: https://github.com/cockroachdb/cockroach/issues/13546
    Engine {
        name: "CockroachDB",
        parameter: "crdb_version",
        contains: "",
        reason: "its advisory locks are always granted, so two runs would work at once, and its DDL is not transactional",
    },
    // "server_version" is such as "15.12-YB-2025.1.0.0-b0". Advisory locks exist by a flag only
    // (https://github.com/yugabyte/yugabyte-db/issues/3642), and so does transactional DDL (issue 27849).
    Engine {
        name: "YugabyteDB",
        parameter: "server_version",
        contains: "-YB-",
        reason: "its advisory locks and its transactional DDL depend on flags, so a failed migration may be half applied",
    },
];

/// Hint of an error about another system.
pub const NAME_POSTGRES: &str = "name a PostgreSQL server in the manifest";

/// Fails if a parameter that the server reports shows another system.
///
/// # Errors
/// [`Stage::NotPostgres`].
pub(crate) fn check(parameter: &str, value: &str) -> Result<(), ConnectionFailure> {
    let shows = |engine: &&Engine| engine.parameter == parameter && value.contains(engine.contains);
    let Some(engine) = ENGINES.iter().find(shows) else { return Ok(()) };
    let why = format!("the server is {}, not PostgreSQL: {}", engine.name, engine.reason);
    Err(ConnectionFailure { stage: Stage::NotPostgres, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_recognised_by_what_it_reports() {
        for (parameter, value, name) in [
            ("crdb_version", "CockroachDB CCL v25.1.0", Some("CockroachDB")),
            ("crdb_version", "", Some("CockroachDB")),
            ("server_version", "15.12-YB-2025.1.0.0-b0", Some("YugabyteDB")),
            ("server_version", "15.20 (Debian 15.20-1.pgdg12+1)", None),
            ("server_version", "17devel", None),
            ("application_name", "-YB-", None),
        ] {
            let said = check(parameter, value).err().map(|failure| failure.why);
            assert_eq!(said.is_some(), name.is_some(), "{parameter} {value}");
            assert!(said.is_none_or(|said| name.is_some_and(|name| said.contains(name))));
        }
    }
}
