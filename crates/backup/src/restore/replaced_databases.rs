//! Databases that restores have replaced: closed, kept until they are discarded, and marked in their comment, so
//! neither a plan nor prune takes one for the service's database.

use time::OffsetDateTime;
use time::macros::format_description;

use martydb_apply::scratch::drop_with_sessions;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, MAX_IDENTIFIER_BYTES, stmt};
use martydb_model::{DbName, DesiredServer, DesiredService};
use martydb_pg::server::{Access, Connection, query_as};

const BEFORE: &str = "_before_";

/// A database that a restore has replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDatabase {
    pub database: DbName,
    pub bytes: Option<i64>,
    /// Names of its replication slots: a reader may still wait for its changes.
    pub slots: Vec<String>,
}

/// Returns its name: the service's database and the time.
pub(crate) fn name(database: &DbName, at: OffsetDateTime) -> Result<DbName> {
    let format = format_description!("[year][month][day]T[hour][minute][second]");
    let at = at.format(format).map_err(|error| Error::operation(error.to_string()))?;
    let room = MAX_IDENTIFIER_BYTES - BEFORE.len() - at.len();
    let mut end = room.min(database.as_str().len());
    while !database.as_str().is_char_boundary(end) {
        end -= 1;
    }
    let name = format!("{}{BEFORE}{at}", &database.as_str()[..end]);
    DbName::found(name).map_err(|error| Error::operation(error.to_string()))
}

/// Returns the comment that marks it. `settings` are its roles' settings there, for a manual return.
pub(crate) fn mark(
    desired: &DesiredServer,
    service: &DesiredService,
    backup: &str,
    settings: &[String],
) -> String {
    let first = format!("{}replaced by a restore of {backup}", desired.replaced_mark(service));
    [first]
        .into_iter()
        .chain(settings.iter().map(|line| format!("it had: {line}")))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the replaced databases of a service.
pub async fn list(
    session: &mut Connection,
    desired: &DesiredServer,
    service: &DesiredService,
) -> Result<Vec<KeptDatabase>> {
    let query = stmt!(
        "SELECT d.datname::pg_catalog.text, CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END,
             (SELECT pg_catalog.string_agg(s.slot_name, ' ') FROM pg_catalog.pg_replication_slots s WHERE s.database = d.datname)
         FROM pg_catalog.pg_database d WHERE NOT d.datallowconn AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
             AND pg_catalog.starts_with(pg_catalog.shobj_description(d.oid, 'pg_database'), {beginning}) ORDER BY 1",
        beginning = Literal(desired.replaced_mark(service))
    );
    let kept = |(name, bytes, slots): (String, _, Option<String>)| {
        Ok(KeptDatabase {
            database: DbName::found(name).map_err(|error| Error::operation(error.to_string()))?,
            bytes,
            slots: slots.iter().flat_map(|all| all.split(' ')).map(str::to_owned).collect(),
        })
    };
    query_as(session, &query).await?.into_iter().map(kept).collect()
}

/// Drops a replaced database.
///
/// # Errors
/// If it has a replication slot, which would be dropped with it.
pub async fn discard(access: &Access, kept: &KeptDatabase) -> Result<()> {
    let name = &kept.database;
    if !kept.slots.is_empty() {
        return Err(Error::operation(format!("cannot drop database \"{name}\": it has replication slots"))
            .causes(&kept.slots)
            .hint("their readers may still wait for its changes; drop the slots first"));
    }
    drop_with_sessions(&mut access.write(&access.maintenance).await?, name, &[]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_database_has_the_time_in_its_name_however_long_it_is() {
        let at = time::macros::datetime!(2026-11-23 08:25:48 UTC);
        let of = |text: &str| name(&DbName::found(text).unwrap(), at).unwrap().to_string();
        assert_eq!(of("shop"), "shop_before_20261123T082548");
        assert_eq!(of(&"x".repeat(63)).len(), 63);
        assert!(of(&"\u{e4}".repeat(31)).ends_with("_before_20261123T082548"));
    }
}
