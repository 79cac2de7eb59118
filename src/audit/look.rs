//! Reading the facts. Thin: sessions are read-only, pinned, and call nothing that a tenant could have made.

use futures_util::stream::{self, StreamExt};

use super::facts::{Cluster, Facts, Inside, MOST_OF_A_KIND, NotExamined, ParameterAcl, Unread};
use super::found::ident;
use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName, DesiredServer};
use crate::server::rows::{self, End};
use crate::server::{Access, Connection, inspect};
use crate::sql::Qualified;
use crate::stmt;

/// Databases looked into at the same time: few enough to leave `max_connections` to the services.
const PARALLEL: usize = 4;

/// Whose password of the secret store a text holds: a service's.
pub type Known<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Reads one server. What the admin may not read is listed in [`Facts::not_examined`], and what could not be read for
/// any other reason in [`Facts::unread`].
pub async fn look(
    access: &Access,
    desired: &DesiredServer,
    actual: &ActualServer,
    known: Known<'_>,
) -> Result<Facts> {
    let mut connection = access.read(&access.maintenance).await?;
    let mut cluster = Cluster::default();
    rows::read_all(&mut connection, include_str!("sql/cluster.sql"), |item| cluster.take(item)).await?;
    alone(cluster.alone, &access.maintenance)?;
    cluster.sort();
    let mut facts = Facts { cluster, ..Facts::default() };
    if actual.major() >= 15 {
        facts.parameters =
            rows::document::<Vec<ParameterAcl>>(&mut connection, include_str!("sql/parameters.sql")).await?;
    }
    guarded(&mut connection, actual, &mut facts).await?;
    databases(access, &Scene { desired, actual, known }, &mut facts).await;
    facts.not_examined.extend(unseen(access, &facts.cluster, actual));
    facts.not_examined.sort();
    facts.unread.sort();
    Ok(facts)
}

/// What not every admin may read.
async fn guarded(connection: &mut Connection, actual: &ActualServer, facts: &mut Facts) -> Result<()> {
    let missing = &mut Missing { admin: actual.admin.name.as_str(), all: &mut facts.not_examined };
    facts.kept = missing.or(inspect::kept_passwords(connection).await, &PASSWORDS)?;
    facts.hba = missing.or(rows::document(connection, include_str!("sql/hba.sql")).await, &HBA)?;
    let (maps, told) = match actual.major() {
        15.. => (include_str!("sql/ident.sql"), &IDENT),
        _ => (include_str!("sql/ident_before_15.sql"), &IDENT_FILE),
    };
    facts.ident = missing.or(rows::document(connection, maps).await, told)?;
    if !facts.cluster.subscriptions.is_empty() {
        let found = rows::document(connection, include_str!("sql/sources.sql")).await;
        facts.sources = missing.or(found, &SOURCES)?.unwrap_or_default();
    }
    Ok(())
}

/// What the reading of databases needs to know.
struct Scene<'a> {
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
    known: Known<'a>,
}

impl Scene<'_> {
    fn service(&self, database: &str) -> Option<String> {
        let mut services = self.desired.services.values();
        let found = services.find(|service| service.database.as_str() == database)?;
        Some(found.name.to_string())
    }
}

async fn databases(access: &Access, scene: &Scene<'_>, facts: &mut Facts) {
    let all = scene.actual.databases.iter();
    let open: Vec<&DbName> = all.filter(|(_, found)| found.allow_connections).map(|(name, _)| name).collect();
    let read: Vec<(String, Partly)> = stream::iter(open)
        .map(|name| async move { (name.to_string(), inside(access, name, scene.known).await) })
        .buffered(PARALLEL)
        .collect()
        .await;
    for (name, (found, error)) in read {
        if let Some(found) = found {
            facts.databases.insert(name.clone(), found);
        }
        if let Some(error) = error {
            place(scene, &name, &error, &access.server, facts);
        }
    }
}

/// What was read of a database, and why that is not all.
type Partly = (Option<Inside>, Option<Error>);

/// A missing right is the admin's to ask for. Everything else may be a service's doing, and proves nothing.
fn place(scene: &Scene<'_>, name: &str, error: &Error, server: &str, facts: &mut Facts) {
    let service = scene.service(name);
    if !is_withheld(error.sqlstate.as_deref(), service.is_some()) {
        let whose = service.as_ref().map_or(String::new(), |service| format!(" of service {service}"));
        facts.unread.push(Unread {
            what: format!("what is inside database {name}{whose}"),
            why: error.to_string(),
            server: server.to_owned(),
            database: Some(name.to_owned()),
            service,
        });
        return;
    }
    facts.not_examined.push(NotExamined {
        what: format!("what is inside database {name}"),
        why: error.to_string(),
        // Where pg_hba.conf keeps it out, no grant helps.
        grant: (error.sqlstate.as_deref() == Some(DENIED)).then(|| {
            let (database, admin) = (ident(name), ident(&scene.actual.admin.name));
            stmt!("GRANT CONNECT ON DATABASE {database} TO {admin}", database = database, admin = admin)
                .to_string()
        }),
    });
}

/// Whether it is a right that the admin lacks. A service's database is there for the admin to enter: nothing but a
/// missing privilege excuses what is not seen in it. Another may be closed by pg_hba.conf, or gone meanwhile.
fn is_withheld(sqlstate: Option<&str>, of_service: bool) -> bool {
    match sqlstate {
        Some(DENIED) => true,
        Some("28000" | "3D000") => !of_service,
        _ => false,
    }
}

async fn inside(access: &Access, name: &DbName, known: Known<'_>) -> Partly {
    let mut found = Inside::default();
    let error = match access.read(name.as_str()).await {
        Ok(mut connection) => fill(&mut connection, &mut found, name, known).await.err(),
        Err(error) => return (None, Some(error)),
    };
    found.partial = error.is_some();
    found.sort();
    // Until the session has said that it is the admin's, nothing that it tells counts.
    (found.alone.then_some(found), error)
}

async fn fill(
    connection: &mut Connection,
    found: &mut Inside,
    name: &DbName,
    known: Known<'_>,
) -> Result<()> {
    let sql = include_str!("sql/database.sql");
    let end = rows::read(connection, sql, |item| found.take(item, known)).await?;
    alone(found.alone, name.as_str())?;
    if end == End::TooMuch {
        return Err(rows::too_much());
    }
    match found.crowded().as_slice() {
        [] => Ok(()),
        kinds => Err(Error::operation(format!(
            "more than {MOST_OF_A_KIND} of each of these are there, and the rest was not read: {}",
            kinds.join(", ")
        ))),
    }
}

/// A session that starts as somebody else sees less, and would call it all.
fn alone(alone: bool, database: &str) -> Result<()> {
    match alone {
        true => Ok(()),
        false => Err(Error::operation(format!(
            "the session in database {database} did not start as the admin"
        ))
        .cause("current_user differs from session_user, or the search path is not the one that was asked for")
        .hint("look for ALTER DATABASE … SET role and for login event triggers")),
    }
}

/// What nobody refuses and the server still keeps back.
fn unseen(access: &Access, cluster: &Cluster, actual: &ActualServer) -> Vec<NotExamined> {
    let admin = || Qualified(vec![actual.admin.name.clone()]);
    let mut all = vec![];
    if access.hooks.may_run() {
        all.push(NotExamined {
            what: "databases in sessions that no login event trigger can change".into(),
            why: format!("{} may not switch event triggers off", actual.admin.name),
            grant: Some(
                stmt!("GRANT SET ON PARAMETER event_triggers TO {admin}", admin = admin()).to_string(),
            ),
        });
    }
    if cluster.sessions.iter().any(|session| session.since.is_none()) {
        all.push(NotExamined {
            what: "since when others' sessions run (pg_stat_activity)".into(),
            why: format!("{} may not see more of them than who is where", actual.admin.name),
            grant: Some(stmt!("GRANT pg_read_all_stats TO {admin}", admin = admin()).to_string()),
        });
    }
    all
}

/// Something that only some may read.
struct Guarded {
    what: &'static str,
    grant: &'static str,
}

const PASSWORDS: Guarded =
    Guarded { what: "how passwords are kept (pg_authid)", grant: "GRANT SELECT ON pg_catalog.pg_authid TO" };
const SOURCES: Guarded = Guarded {
    what: "where subscriptions get their rows from (pg_subscription)",
    grant: "GRANT SELECT ON pg_catalog.pg_subscription TO",
};
const HBA: Guarded = Guarded {
    what: "the rules of pg_hba.conf",
    grant: "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO \"ADMIN\"; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO",
};
const IDENT: Guarded = Guarded {
    what: "the maps of pg_ident.conf",
    grant: "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ident_file_mappings() TO \"ADMIN\"; GRANT SELECT ON pg_catalog.pg_ident_file_mappings TO",
};
const IDENT_FILE: Guarded = Guarded {
    what: IDENT.what,
    grant: "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO \"ADMIN\"; GRANT pg_read_all_settings, pg_read_server_files TO",
};

/// Insufficient privilege.
const DENIED: &str = "42501";

/// Collects what the admin lacks a right for.
struct Missing<'a> {
    admin: &'a str,
    all: &'a mut Vec<NotExamined>,
}

impl Missing<'_> {
    fn or<T>(&mut self, read: Result<T>, guarded: &Guarded) -> Result<Option<T>> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.sqlstate.as_deref() == Some(DENIED) => {
                let admin = self.admin;
                self.all.push(NotExamined {
                    what: guarded.what.into(),
                    why: format!("{admin} may not read it"),
                    grant: Some(format!("{} \"{admin}\"", guarded.grant.replace("ADMIN", admin))),
                });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_missing_right_excuses_what_is_not_seen_in_a_services_database() {
        for (sqlstate, of_service, of_others) in [
            (Some("42501"), true, true),
            (Some("28000"), false, true),
            (Some("3D000"), false, true),
            (Some("54000"), false, false),
            (Some("57014"), false, false),
            (Some("53200"), false, false),
            (Some("55000"), false, false),
            (Some("XX000"), false, false),
            (None, false, false),
        ] {
            assert_eq!(is_withheld(sqlstate, true), of_service, "{sqlstate:?}");
            assert_eq!(is_withheld(sqlstate, false), of_others, "{sqlstate:?}");
        }
    }
}
