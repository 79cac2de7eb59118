//! A server → [`ActualServer`]. Reads only: every session here is read-only by a setting of its own.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::decode::{ClusterRows, HoldingRow, LimitedAdmin, Named, take_contents};
use super::rows;
use crate::error::Result;
use crate::model::{ActualServer, Contents, DbName, Holdings, KeptPassword, RoleName};
use crate::server::{Access, Connection};
use crate::sqlstate;

/// Reads the shared catalogues and, for the databases named, what is inside: `jobs` at a time, or fewer where the
/// server has few connections left. A database that cannot be read says so itself ([`unread`](crate::model::ActualDatabase::unread)), and stops
/// nothing else. Roles with `marker` as their comment are looked for in every database.
pub async fn inspect(access: &Access, inside: &[DbName], marker: &str, jobs: usize) -> Result<ActualServer> {
    let mut actual = whole_cluster(access, marker).await?;
    let open: Vec<DbName> = inside
        .iter()
        .filter(|name| actual.databases.get(name).is_some_and(|found| found.allow_connections))
        .cloned()
        .collect();
    let parallel = actual.capacity.share(jobs, 1);
    let read = stream::iter(open).map(|name| async move { (inspect_database(access, &name).await, name) });
    let read: Vec<(Result<Option<Contents>>, DbName)> = read.buffer_unordered(parallel).collect().await;
    for (contents, name) in read {
        let Some(database) = actual.databases.get_mut(&name) else { continue };
        match contents {
            Ok(contents) => {
                database.shut = contents.is_none();
                database.contents = contents;
            }
            // The other databases' services go on.
            Err(error) => {
                let what = format!("cannot read what is inside database {name}");
                database.unread = Some(error.while_doing(what));
            }
        }
    }
    Ok(actual)
}

pub async fn inspect_cluster(access: &Access) -> Result<ActualServer> {
    cluster(&mut access.read(&access.maintenance).await?).await
}

/// The same on a connection to the maintenance database.
pub async fn cluster(connection: &mut Connection) -> Result<ActualServer> {
    let mut rows = ClusterRows::default();
    rows::read_all(connection, include_str!("sql/cluster.sql"), |row| rows.take(row)).await?;
    let mut actual = rows.finish();
    if !actual.admin.superuser {
        let sql = match actual.major() {
            15.. => include_str!("sql/limited.sql"),
            _ => include_str!("sql/limited_before_15.sql"),
        };
        let limited: LimitedAdmin = rows::document(connection, sql).await?;
        actual.admin.forbidden_settings = limited.forbidden_settings;
        actual.admin.untrusted_extensions = limited.untrusted_extensions;
    }
    Ok(actual)
}

/// With passwords, and with what the roles of the marker own or hold.
async fn whole_cluster(access: &Access, marker: &str) -> Result<ActualServer> {
    let mut connection = access.read(&access.maintenance).await?;
    let mut actual = cluster(&mut connection).await?;
    if actual.admin.sees_passwords {
        actual.passwords = kept_passwords(&mut connection).await?;
    }
    if actual.roles.values().any(|role| role.comment.as_deref() == Some(marker)) {
        actual.holdings = read_holdings(&mut connection).await?;
    }
    Ok(actual)
}

/// How passwords are kept, by login; fails where the admin may not look.
pub async fn kept_passwords(connection: &mut Connection) -> Result<BTreeMap<RoleName, KeptPassword>> {
    let mut kept = BTreeMap::new();
    let sql = include_str!("sql/passwords.sql");
    rows::read_all(connection, sql, |row| {
        kept.extend(row.parse::<Named<_, _>>()?.entry());
        Ok(())
    })
    .await?;
    Ok(kept)
}

/// What roles own or hold; asked only where a role is marked as ours.
async fn read_holdings(connection: &mut Connection) -> Result<BTreeMap<RoleName, Holdings>> {
    let mut all: BTreeMap<RoleName, Holdings> = BTreeMap::new();
    rows::read_all(connection, include_str!("sql/holdings.sql"), |row| {
        let row: HoldingRow = row.parse()?;
        let holdings = all.entry(row.role).or_default();
        holdings.stuck.extend(row.stuck.map(|what| (row.database.clone(), what)));
        match row.database {
            Some(database) => *holdings.inside.entry(database).or_default() |= row.owned,
            None => holdings.shared |= row.owned,
        }
        Ok(())
    })
    .await?;
    Ok(all)
}

/// `None` where the admin holds no CONNECT: another admin's database.
async fn inspect_database(access: &Access, name: &DbName) -> Result<Option<Contents>> {
    let mut connection = match access.read(name.as_str()).await {
        Ok(connection) => connection,
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut contents = Contents::default();
    let sql = include_str!("sql/contents.sql");
    rows::read_all(&mut connection, sql, |row| take_contents(&mut contents, row)).await?;
    contents.objects.sort_by_cached_key(|object| {
        (object.kind, object.schema.clone(), object.name.clone(), object.signature.clone())
    });
    Ok(Some(contents))
}
