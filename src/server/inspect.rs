//! A server → [`ActualServer`]. Reads only: every session here is read-only by a setting of its own.

mod raw;

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};

use super::access::Access;
use super::{Connection, rows};
use crate::error::Result;
use crate::model::{ActualRole, ActualServer, Contents, DbName, Holdings, KeptPassword, RoleName};
use raw::{Cluster, Inside, Limited, RawHeld, RawKept, database, role};

/// Reads the shared catalogues and, for the databases named, what is inside: `jobs` at a time, or fewer where the
/// server has few connections left. A database that cannot be read says so itself ([`unread`](crate::model::ActualDatabase::unread)), and stops
/// nothing else. Roles with `marker` as their comment are looked for in every database.
pub async fn inspect(access: &Access, inside: &[DbName], marker: &str, jobs: usize) -> Result<ActualServer> {
    let (mut actual, holdings) = read_cluster(access, Some(marker)).await?;
    actual.holdings = holdings;
    let open: Vec<DbName> = inside
        .iter()
        .filter(|name| actual.databases.get(name).is_some_and(|found| found.allow_connections))
        .cloned()
        .collect();
    let parallel = actual.capacity.share(jobs, 1);
    let contents: Vec<(DbName, Result<Option<Contents>>)> = stream::iter(open)
        .map(|name| async move {
            let contents = inspect_database(access, &name).await;
            (name, contents)
        })
        .buffer_unordered(parallel)
        .collect()
        .await;
    for (name, contents) in contents {
        if let Some(database) = actual.databases.get_mut(&name) {
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
    }
    Ok(actual)
}

/// The shared catalogues alone.
pub async fn inspect_cluster(access: &Access) -> Result<ActualServer> {
    read_cluster(access, None).await.map(|(actual, _)| actual)
}

async fn read_cluster(access: &Access, marker: Option<&str>) -> Result<(ActualServer, AllHoldings)> {
    let mut connection = access.read(&access.maintenance).await?;
    let mut raw = Cluster::default();
    rows::read_all(&mut connection, include_str!("sql/cluster.sql"), |item| raw.take(item)).await?;
    let mut actual = raw.typed()?;
    if !actual.admin.superuser {
        let sql = match actual.major() {
            15.. => include_str!("sql/limited.sql"),
            _ => include_str!("sql/limited_before_15.sql"),
        };
        let limited: Limited = rows::document(&mut connection, sql).await?;
        actual.admin.forbidden_settings = limited.forbidden_settings.unwrap_or_default();
        actual.admin.untrusted_extensions = limited.untrusted_extensions.unwrap_or_default();
    }
    if marker.is_some() && actual.admin.sees_passwords {
        let kept = kept_passwords(&mut connection).await?;
        actual.passwords =
            kept.into_iter().map(|(name, kept)| Ok((role(name)?, kept))).collect::<Result<_>>()?;
    }
    let marked = |role: &ActualRole| marker.is_some() && role.comment.as_deref() == marker;
    let holdings = match actual.roles.values().any(marked) {
        true => read_holdings(&mut connection).await?,
        false => AllHoldings::new(),
    };
    Ok((actual, holdings))
}

type AllHoldings = BTreeMap<RoleName, Holdings>;

/// How passwords are kept, by login; fails where the admin may not look.
pub async fn kept_passwords(connection: &mut Connection) -> Result<BTreeMap<String, KeptPassword>> {
    let mut kept = BTreeMap::new();
    let sql = include_str!("sql/passwords.sql");
    rows::read_all(connection, sql, |item| {
        let raw: RawKept = item.parse()?;
        kept.insert(raw.role, raw.kept);
        Ok(())
    })
    .await?;
    Ok(kept)
}

/// What roles own or hold; asked only where a role is marked as ours.
async fn read_holdings(connection: &mut Connection) -> Result<AllHoldings> {
    let mut all = AllHoldings::new();
    rows::read_all(connection, include_str!("sql/holdings.sql"), |item| {
        let raw: RawHeld = item.parse()?;
        let holdings = all.entry(role(raw.role)?).or_default();
        let place = raw.database.map(database).transpose()?;
        holdings.stuck.extend(raw.stuck.map(|what| (place.clone(), what)));
        match place {
            Some(place) => *holdings.inside.entry(place).or_default() |= raw.owned,
            None => holdings.shared |= raw.owned,
        }
        Ok(())
    })
    .await?;
    Ok(all)
}

/// `None` where the admin holds no CONNECT: another admin's database, closed to everybody.
async fn inspect_database(access: &Access, name: &DbName) -> Result<Option<Contents>> {
    let mut connection = match access.read(name.as_str()).await {
        Ok(connection) => connection,
        Err(error) if error.sqlstate.as_deref() == Some("42501") => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut inside = Inside::default();
    rows::read_all(&mut connection, include_str!("sql/contents.sql"), |item| inside.take(item)).await?;
    Ok(Some(inside.typed()))
}
