//! Checks of a server and of the admin's login, before any change. Pure.

use martydb_apply::scratch;
use martydb_model::grants::alter_role;
use martydb_model::platform::Platform;
use martydb_model::platform::support::ended_support;
use martydb_model::sql::Keyword;
use martydb_model::units::{counted, listed};
use martydb_model::{ActualDatabase, ActualServer, Admin, RoleName};
use martydb_pg::wire::OLDEST_MAJOR;
use martydb_plan::Step;
use martydb_secrets::Secrets;
use serde::Serialize;
use time::Date;

use crate::plan::PlannedServer;

/// Supported major versions of PostgreSQL: those that martydb is tested with.
const MAJORS: std::ops::RangeInclusive<u32> = OLDEST_MAJOR..=18;

/// Minimum number of sessions for one `apply`: the lock's, one for shared objects, one inside a database.
const MIN_SESSIONS: usize = 3;

/// A property of a server, and what it means for the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerCheck {
    pub name: &'static str,
    pub ok: bool,
    pub detail: String,
    /// Statement for a DBA.
    pub grant: Option<String>,
    /// `true` if the check needs attention although it is ok.
    #[serde(skip)]
    pub note: bool,
}

/// Returns the checks of a server that answered; `workers` are those of a Citus cluster.
pub fn server_checks(
    planned: &PlannedServer,
    stored: &Secrets,
    workers: &[&str],
    today: Date,
) -> Vec<ServerCheck> {
    let actual = &planned.actual;
    let checks = [version(actual, today), writable(actual), connections(actual)].into_iter();
    let checks = checks.chain(platform(planned)).chain(scratch_databases(actual));
    let checks = checks.chain(citus(&databases_with(actual, "citus"), workers));
    checks.chain(attributes(&actual.admin)).chain(passwords(planned, stored)).collect()
}

/// Checks the passwords of existing logins. A wrong or incomplete store stops `apply`.
fn passwords(planned: &PlannedServer, stored: &Secrets) -> Option<ServerCheck> {
    let lost: Vec<&str> =
        planned.plan.steps.iter().filter_map(Step::replaces_password).map(RoleName::as_str).collect();
    let what = match lost.len() {
        0 => return None,
        count if stored.logins(&planned.server).is_empty() => {
            format!("the secret store is empty, but {} exist", counted(count, "login"))
        }
        count => {
            format!("the secret store lacks {} that exist: {}", counted(count, "login"), lost.join(", "))
        }
    };
    let detail = format!(
        "{what}: restore it, fill it with `martydb secrets import --from dotenv FILE`, or replace the passwords with `martydb apply \
         --reset-passwords`"
    );
    Some(ServerCheck { name: "passwords", ok: false, detail, grant: None, note: false })
}

/// Checks the platform of a managed server, and returns the line of the manifest that declares it.
fn platform(planned: &PlannedServer) -> Option<ServerCheck> {
    let has_role = |name: &str| planned.actual.roles.keys().any(|role| role.as_str() == name);
    let (detail, note) = match (planned.desired.platform, Platform::recognised(has_role)) {
        (None, None) => return None,
        (None, Some(found)) => {
            let line = format!("platform: {}", found.name);
            (format!("this looks like {0}: write `{line}` for server {1}", found.name, planned.server), true)
        }
        (Some(named), _) if named.is_here(has_role) => (format!("managed by {}", named.name), false),
        (Some(named), _) => {
            (format!("the manifest declares {}, but {} is missing", named.name, listed(named.signs)), true)
        }
    };
    Some(ServerCheck { name: "platform", ok: true, detail, grant: None, note })
}

/// Returns the databases with this extension, of those that were read.
fn databases_with<'a>(actual: &'a ActualServer, extension: &str) -> Vec<&'a str> {
    let has = |database: &ActualDatabase| {
        let contents = database.contents.as_ref();
        contents.is_some_and(|contents| contents.extensions.keys().any(|name| name.as_str() == extension))
    };
    actual.databases.iter().filter(|(_, database)| has(database)).map(|(name, _)| name.as_str()).collect()
}

/// Says what is proven on a coordinator of Citus: each worker has a pg_hba.conf and logins of its own, and Citus propagates
/// roles and grants in part only (<https://github.com/citusdata/citus/issues/4812>).
fn citus(databases: &[&str], workers: &[&str]) -> Option<ServerCheck> {
    let here = (!databases.is_empty()).then(|| listed(databases))?;
    let (detail, note) = match workers {
        [] => (
            format!(
                "{here} has Citus: `martydb verify-isolation` proves this coordinator, but none of its workers; declare each with role: worker under replicas"
            ),
            true,
        ),
        some => (
            format!(
                "{here} has Citus: `martydb verify-isolation` proves this coordinator and the workers {}",
                listed(some)
            ),
            false,
        ),
    };
    Some(ServerCheck { name: "citus", ok: true, detail, grant: None, note })
}

fn version(actual: &ActualServer, today: Date) -> ServerCheck {
    let (major, ok) = (actual.major(), MAJORS.contains(&actual.major()));
    let ended = ended_support(major, today);
    let detail = match (ok, major > *MAJORS.end()) {
        (true, _) => match ended {
            Some(end) => format!("PostgreSQL {major}, whose support ended on {end}"),
            None => format!("PostgreSQL {major}"),
        },
        (false, true) => {
            format!("PostgreSQL {major} is newer than the versions that martydb was tested with")
        }
        (false, false) => format!("PostgreSQL {major} is older than {}", MAJORS.start()),
    };
    ServerCheck { name: "version", ok, detail, grant: None, note: ok && ended.is_some() }
}

fn writable(actual: &ActualServer) -> ServerCheck {
    let standby = "this is a standby, which is read-only: declare the primary in the manifest";
    let detail = if actual.standby { standby } else { "primary, writable" };
    ServerCheck { name: "primary", ok: !actual.standby, detail: detail.into(), grant: None, note: false }
}

fn connections(actual: &ActualServer) -> ServerCheck {
    let capacity = &actual.capacity;
    let free = capacity.max_connections.saturating_sub(capacity.reserved + capacity.in_use);
    let detail = format!("{free} of {} connections are free", capacity.max_connections);
    ServerCheck { name: "connections", ok: free >= MIN_SESSIONS, detail, grant: None, note: false }
}

/// Reports scratch databases: each is a copy of a service, with its rows after a `restore`.
fn scratch_databases(actual: &ActualServer) -> Option<ServerCheck> {
    let detail = scratch::described(actual)?;
    Some(ServerCheck { name: "scratch databases", ok: true, detail, grant: None, note: true })
}

/// Checks the attributes `CREATEDB CREATEROLE`; a superuser needs neither.
fn attributes(admin: &Admin) -> Vec<ServerCheck> {
    let check = |check: &'static str, has: bool, word: &'static str, without: &str| ServerCheck {
        name: check,
        ok: has || admin.superuser,
        detail: match (admin.superuser, has) {
            (true, _) => format!("{} is a superuser", admin.name),
            (false, true) => format!("{} has {word}", admin.name),
            (false, false) => format!("{} lacks {word}: {without}", admin.name),
        },
        grant: (!has && !admin.superuser)
            .then(|| alter_role(&admin.name, Keyword(word)).statement().to_string()),
        note: false,
    };
    vec![
        check("databases", admin.createdb, "CREATEDB", "it cannot create databases"),
        check("roles", admin.createrole, "CREATEROLE", "it cannot create or change roles"),
        check(
            "ownership",
            admin.inherit,
            "INHERIT",
            "it cannot use the privileges it borrows from the owners",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_without_createdb_gets_a_hint() {
        let admin = Admin { name: "a\"b".into(), createrole: true, inherit: true, ..Admin::default() };
        let failed: Vec<_> = attributes(&admin).into_iter().filter(|check| !check.ok).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].grant.as_deref(), Some("ALTER ROLE \"a\"\"b\" CREATEDB"));
    }

    #[test]
    fn a_coordinator_of_citus_reports_the_proven_servers() {
        assert_eq!(citus(&[], &["w1"]), None);
        let unproven = citus(&["shop"], &[]).unwrap();
        assert!(unproven.note && unproven.ok, "{unproven:?}");
        assert!(unproven.detail.starts_with("shop has Citus") && unproven.detail.contains("role: worker"));
        let proven = citus(&["shop"], &["w1", "w2"]).unwrap();
        assert!(!proven.note && proven.detail.contains("w1") && proven.detail.contains("w2"), "{proven:?}");
    }

    #[test]
    fn a_superuser_needs_no_attribute() {
        let admin = Admin { name: "postgres".into(), superuser: true, ..Admin::default() };
        assert!(attributes(&admin).iter().all(|check| check.ok && check.grant.is_none()));
    }
}
