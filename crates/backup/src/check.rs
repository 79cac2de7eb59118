//! Objects that a backup would lack, found before anything is written: all of them, each with its name and
//! solution.

use crate::move_service::load_order::ReadingTables;
use crate::move_service::obstacles::{of_objects, rows_of_extensions};
use martydb_migrate::MigrationTarget;
use martydb_model::ServiceName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Literal, stmt};
use martydb_model::text::printable;
use martydb_model::units::listed;
use martydb_pg::server::{Connection, query_as};

/// Gaps that were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BackupGaps {
    /// Problems that prevent a dump or its restore.
    pub blocking: Vec<String>,
    /// Objects that the backup leaves out, or restores differently.
    pub lost: Vec<String>,
}

/// Examines the database as its owner, who makes the dump.
pub(crate) async fn gaps(session: &mut Connection, target: &MigrationTarget) -> Result<BackupGaps> {
    let mut found = BackupGaps::default();
    let query = of_objects(include_str!("sql/check.sql"));
    for (class, kind, name, why) in query_as::<(String, String, String, String)>(session, &query).await? {
        found.add(&class, &format!("{kind}: {name}; {why}"));
    }
    for line in of_strangers(session, target).await?.into_iter().chain(of_schemas(session).await?) {
        found.add("lost", &line);
    }
    for rows in rows_of_extensions(session).await? {
        let (table, extension) = (&rows.table, &rows.extension);
        match rows.readable {
            true => found.add(
                "lost",
                &format!("table {table} of extension {extension}: its rows cannot be restored by the owner; insert them again"),
            ),
            false => found.add(
                "blocks",
                &format!("table {table} of extension {extension}: the owner may not read it; GRANT SELECT on it to the owner"),
            ),
        }
    }
    if let circle @ [_, ..] = &ReadingTables::read(session).await?.circles()[..] {
        let names: Vec<String> = circle.iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
        found.add("lost", &format!("tables {}: {IN_A_CIRCLE}", listed(&names)));
    }
    Ok(found)
}

/// Reason that no order of rows is right.
const IN_A_CIRCLE: &str = "functions in their checks or generated columns read the rows of each other, so that a restore may be refused; \
    make a check NOT VALID, which is restored behind the rows";

/// Returns large objects and default privileges of roles outside of the service: after a restore the owner has the
/// objects, and the privileges are not granted.
async fn of_strangers(session: &mut Connection, target: &MigrationTarget) -> Result<Vec<String>> {
    let own = target.roles().into_iter().chain(&target.further);
    let own = own.map(ToString::to_string).chain([target.login.role.clone()]);
    let query = stmt!(
        "SELECT 'large object ' || m.oid || ': belongs to ' || r.rolname || ', and will be the owner''s once it is restored'
         FROM pg_catalog.pg_largeobject_metadata m JOIN pg_catalog.pg_roles r ON r.oid = m.lomowner WHERE r.rolname NOT IN ({own})
         UNION ALL SELECT 'default privileges of ' || r.rolname || coalesce(' in schema ' || n.nspname, '') || ' on '
             || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'schemas' END
             || ': are not given again by a restore'
         FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace WHERE r.rolname NOT IN ({own}) ORDER BY 1",
        own = List(own.map(Literal).collect())
    );
    query_as(session, &query).await
}

/// Returns the owner's publications for the tables of schemas, to which only a superuser adds a schema.
async fn of_schemas(session: &mut Connection) -> Result<Vec<String>> {
    if session.major() < 15 {
        return Ok(vec![]);
    }
    let query = stmt!(
        "SELECT 'publication ' || p.pubname || ': is for tables in schemas, which only a superuser can restore; make it again after a restore'
         FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_roles r ON r.oid = p.pubowner
         WHERE r.rolname = current_user AND p.oid IN (SELECT s.pnpubid FROM pg_catalog.pg_publication_namespace s) ORDER BY 1"
    );
    query_as(session, &query).await
}

impl BackupGaps {
    fn add(&mut self, class: &str, line: &str) {
        let list = if class == "blocks" { &mut self.blocking } else { &mut self.lost };
        list.push(printable(line));
    }

    /// Returns the entries for the record's list of omissions.
    ///
    /// # Errors
    /// If a problem prevents the backup, or objects would be lost and that is not accepted. Lists all of them.
    pub(crate) fn accepted(self, service: &ServiceName, accept: bool) -> Result<Vec<String>> {
        if !self.blocking.is_empty() {
            return Err(Error::operation(format!("cannot back up service \"{service}\" completely"))
                .causes(self.blocking)
                .causes(self.lost)
                .hint("no flag accepts these: a dump would fail, or could not be restored"));
        }
        if !accept && !self.lost.is_empty() {
            return Err(Error::operation(format!("a backup of service \"{service}\" would be incomplete"))
                .causes(self.lost)
                .hint("--accept makes the backup without these, and records that"));
        }
        Ok(self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_can_be_accepted_and_obstacles_cannot() {
        let service = ServiceName::new("shop").unwrap();
        let blind = |blocking: &[&str], lost: &[&str]| {
            let mut blind = BackupGaps::default();
            blocking.iter().for_each(|line| blind.add("blocks", line));
            lost.iter().for_each(|line| blind.add("lost", line));
            blind
        };
        assert_eq!(blind(&[], &[]).accepted(&service, false).unwrap(), Vec::<String>::new());
        assert_eq!(blind(&[], &["slot"]).accepted(&service, false).unwrap_err().causes, ["slot"]);
        assert_eq!(blind(&[], &["slot"]).accepted(&service, true).unwrap(), ["slot"]);
        let refused = blind(&["table"], &["slot"]).accepted(&service, true).unwrap_err();
        assert_eq!(refused.causes, ["table", "slot"]);
    }
}
