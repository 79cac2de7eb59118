//! Reading the facts. Thin: sessions are read-only, pinned, and call nothing that a tenant could have made.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::facts::{Cluster, Facts, HbaLine, IdentLine, Inside, NotExamined, ParameterAcl};
use crate::error::{Error, Result};
use crate::model::{ActualServer, DbName};
use crate::server::{Access, Connection, Unreadable, query};
use crate::sql::{Qualified, Statement};
use crate::stmt;

/// Databases looked into at the same time: few enough to leave `max_connections` to the services.
const PARALLEL: usize = 4;

/// Reads one server. What the admin may not read is listed in [`Facts::not_examined`].
pub async fn look(access: &Access, actual: &ActualServer) -> Result<Facts> {
    let mut connection = access.read(&access.maintenance).await?;
    let cluster: Cluster = document(&mut connection, include_str!("sql/cluster.sql")).await?;
    alone(cluster.alone, &access.maintenance)?;
    let mut facts = Facts { cluster, ..Facts::default() };
    if actual.major() >= 15 {
        facts.parameters =
            document::<Vec<ParameterAcl>>(&mut connection, include_str!("sql/parameters.sql")).await?;
    }
    let admin = actual.admin.name.as_str();
    facts.kept = optional(
        &mut connection,
        include_str!("../server/sql/passwords.sql"),
        &PASSWORDS,
        admin,
        &mut facts.not_examined,
    )
    .await?;
    facts.hba = optional::<Vec<HbaLine>>(
        &mut connection,
        include_str!("sql/hba.sql"),
        &HBA,
        admin,
        &mut facts.not_examined,
    )
    .await?;
    let (maps, guarded) = match actual.major() {
        15.. => (include_str!("sql/ident.sql"), &IDENT),
        _ => (include_str!("sql/ident_before_15.sql"), &IDENT_FILE),
    };
    facts.ident =
        optional::<Vec<IdentLine>>(&mut connection, maps, guarded, admin, &mut facts.not_examined).await?;
    if !facts.cluster.subscriptions.is_empty() {
        let sources = include_str!("sql/sources.sql");
        let found = optional(&mut connection, sources, &SOURCES, admin, &mut facts.not_examined).await?;
        facts.sources = found.unwrap_or_default();
    }
    databases(access, actual, &mut facts).await;
    facts.not_examined.extend(unseen(access, &facts.cluster, actual));
    facts.not_examined.sort();
    Ok(facts)
}

async fn databases(access: &Access, actual: &ActualServer, facts: &mut Facts) {
    let open: Vec<&DbName> =
        actual.databases.iter().filter(|(_, found)| found.allow_connections).map(|(name, _)| name).collect();
    let read: Vec<(String, Result<Inside>)> = stream::iter(open)
        .map(|name| async move { (name.to_string(), inside(access, name).await) })
        .buffered(PARALLEL)
        .collect()
        .await;
    let mut inside = BTreeMap::new();
    for (name, read) in read {
        match read {
            Ok(found) => drop(inside.insert(name, found)),
            Err(error) => facts.not_examined.push(NotExamined {
                what: format!("what is inside database {name}"),
                why: error.to_string(),
                // Where pg_hba.conf keeps it out, no grant helps.
                grant: (error.sqlstate.as_deref() == Some(DENIED)).then(|| {
                    format!(
                        "GRANT CONNECT ON DATABASE \"{}\" TO \"{}\"",
                        name.replace('"', "\"\""),
                        actual.admin.name
                    )
                }),
            }),
        }
    }
    facts.databases = inside;
}

async fn inside(access: &Access, name: &DbName) -> Result<Inside> {
    let mut connection = access.read(name.as_str()).await?;
    let found: Inside = document(&mut connection, include_str!("sql/database.sql")).await?;
    alone(found.alone, name.as_str())?;
    Ok(found)
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

async fn optional<T: for<'de> Deserialize<'de>>(
    connection: &mut Connection,
    sql: &'static str,
    guarded: &Guarded,
    admin: &str,
    not_examined: &mut Vec<NotExamined>,
) -> Result<Option<T>> {
    match document(connection, sql).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.sqlstate.as_deref() == Some(DENIED) => {
            not_examined.push(NotExamined {
                what: guarded.what.into(),
                why: format!("{admin} may not read it"),
                grant: Some(format!("{} \"{admin}\"", guarded.grant.replace("ADMIN", admin))),
            });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn document<T: for<'de> Deserialize<'de>>(connection: &mut Connection, sql: &'static str) -> Result<T> {
    let failed = || Error::operation("cannot read the server's catalogues");
    let rows = query(connection, &Statement::from_program(sql)).await?;
    let row = rows.first().ok_or_else(Unreadable::no_row).map_err(|error| failed().cause(error))?;
    let text: String = row.try_get(0).map_err(|error| failed().cause(error))?;
    serde_json::from_str(&text).map_err(|error| failed().cause(error))
}
