//! A server → [`ActualServer`]. Reads only: every session here is read-only by a setting of its own.

mod raw;

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use sqlx::{Executor, PgConnection, Row};

use super::access::Access;
use super::describe;
use crate::error::{Error, Result};
use crate::model::{ActualRole, ActualServer, Contents, DbName, Holdings, KeptPassword, RoleName};
use raw::{Cluster, Inside, Limited, database, role};

/// Reads the shared catalogues and, for the databases named, what is inside: `jobs` at a time, or fewer where the
/// server has few connections left. Roles with `marker` as their comment are looked for in every database.
pub async fn inspect(access: &Access, inside: &[DbName], marker: &str, jobs: usize) -> Result<ActualServer> {
    let (mut actual, holdings) = read_cluster(access, Some(marker)).await?;
    actual.holdings = holdings;
    let open: Vec<DbName> = inside
        .iter()
        .filter(|name| actual.databases.get(name).is_some_and(|found| found.allow_connections))
        .cloned()
        .collect();
    let parallel = actual.capacity.share(jobs, 1);
    let contents: Vec<(DbName, Option<Contents>)> = stream::iter(open)
        .map(|name| async move {
            let contents = inspect_database(access, &name).await?;
            Ok::<_, Error>((name, contents))
        })
        .buffer_unordered(parallel)
        .try_collect()
        .await?;
    for (name, contents) in contents {
        if let Some(database) = actual.databases.get_mut(&name) {
            database.shut = contents.is_none();
            database.contents = contents;
        }
    }
    Ok(actual)
}

/// The shared catalogues alone.
pub async fn inspect_cluster(access: &Access) -> Result<ActualServer> {
    read_cluster(access, None).await.map(|(actual, _)| actual)
}

async fn read_cluster(access: &Access, marker: Option<&str>) -> Result<(ActualServer, AllHoldings)> {
    let mut connection = access.read(&access.maintenance).await?;
    let raw: Cluster = document(&mut connection, include_str!("sql/cluster.sql")).await?;
    let mut actual = raw.typed()?;
    if !actual.admin.superuser {
        let sql = match actual.major() {
            15.. => include_str!("sql/limited.sql"),
            _ => include_str!("sql/limited_before_15.sql"),
        };
        let limited: Limited = document(&mut connection, sql).await?;
        actual.admin.forbidden_settings = limited.forbidden_settings.unwrap_or_default();
        actual.admin.untrusted_extensions = limited.untrusted_extensions.unwrap_or_default();
    }
    if marker.is_some() && actual.admin.sees_passwords {
        let raw: BTreeMap<String, KeptPassword> =
            document(&mut connection, include_str!("sql/passwords.sql")).await?;
        actual.passwords =
            raw.into_iter().map(|(name, kept)| Ok((role(name)?, kept))).collect::<Result<_>>()?;
    }
    let marked = |role: &ActualRole| marker.is_some() && role.comment.as_deref() == marker;
    let holdings = match actual.roles.values().any(marked) {
        true => read_holdings(&mut connection).await?,
        false => AllHoldings::new(),
    };
    Ok((actual, holdings))
}

type AllHoldings = BTreeMap<RoleName, Holdings>;

#[derive(Deserialize)]
struct Held {
    role: String,
    database: Option<String>,
    owned: bool,
    stuck: Option<String>,
}

/// What roles own or hold; asked only where a role is marked as ours.
async fn read_holdings(connection: &mut PgConnection) -> Result<AllHoldings> {
    let rows: Vec<Held> = document(connection, include_str!("sql/holdings.sql")).await?;
    let mut all = AllHoldings::new();
    for row in rows {
        let holdings = all.entry(role(row.role)?).or_default();
        let place = row.database.map(database).transpose()?;
        holdings.stuck.extend(row.stuck.map(|what| (place.clone(), what)));
        match place {
            Some(place) => *holdings.inside.entry(place).or_default() |= row.owned,
            None => holdings.shared |= row.owned,
        }
    }
    Ok(all)
}

/// `None` where the admin holds no CONNECT: another admin's database, closed to everybody.
async fn inspect_database(access: &Access, name: &DbName) -> Result<Option<Contents>> {
    let mut connection = match access.read(name.as_str()).await {
        Ok(connection) => connection,
        Err(error) if error.sqlstate.as_deref() == Some("42501") => return Ok(None),
        Err(error) => return Err(error),
    };
    let raw: Inside = document(&mut connection, include_str!("sql/contents.sql")).await?;
    raw.typed().map(Some)
}

async fn document<T: for<'de> Deserialize<'de>>(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<T> {
    let failed = || Error::operation("cannot read the server's catalogues");
    let row =
        connection.fetch_one(sqlx::raw_sql(sql)).await.map_err(|error| failed().cause(describe(&error)))?;
    let text: String = row.try_get(0).map_err(|error| failed().cause(error))?;
    serde_json::from_str(&text).map_err(|error| failed().cause(error))
}
