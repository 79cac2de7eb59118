//! Settings and members of the service's roles, which apply to the whole server. The migrator loads the archive,
//! and every role may change some of these itself: its settings, and before 15 also its members. A restore must not
//! leave such changes behind.

use std::collections::BTreeSet;

use martydb_model::RoleName;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{List, Literal, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Connection, query_as};

/// Settings and members, one per line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RoleState(BTreeSet<String>);

impl RoleState {
    /// Reads the state of these roles in the maintenance database.
    #[martydb_pg::boxed]
    pub async fn read(session: &mut Connection, roles: &[RoleName]) -> Result<RoleState> {
        let names = List(roles.iter().map(|role| Literal(role.to_string())).collect());
        let query = stmt!(
            "SELECT pg_catalog.concat('setting ', c.line, ' of ', r.rolname, ' in ' || d.datname)
             FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
             LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) c (line)
             WHERE r.rolname IN ({names})
             UNION ALL SELECT pg_catalog.concat('membership of ', m.rolname, ' in ', r.rolname, CASE WHEN a.admin_option THEN ', which it may give on' END)
             FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
             WHERE r.rolname IN ({names}) OR m.rolname IN ({names})"
        );
        Ok(RoleState(query_as(session, &query).await?.into_iter().collect()))
    }

    /// Compares with the state afterwards.
    ///
    /// # Errors
    /// If something changed: lists the differences.
    pub(crate) fn unchanged(&self, after: &RoleState) -> Result<()> {
        let new = after.0.difference(&self.0).map(|line| format!("new: {}", printable(line)));
        let gone = self.0.difference(&after.0).map(|line| format!("gone: {}", printable(line)));
        let all: Vec<String> = new.chain(gone).collect();
        if all.is_empty() {
            return Ok(());
        }
        let what = "roles of the service were changed while the backup was loaded";
        Err(Error::new(Kind::Divergent, what)
            .causes(all)
            .hint("the archive or a concurrent run changed them; `martydb apply --all` restores them"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_removed_cells_are_named() {
        let of = |lines: &[&str]| RoleState(lines.iter().map(|line| (*line).to_owned()).collect());
        assert!(of(&["a", "b"]).unchanged(&of(&["b", "a"])).is_ok());
        let error = of(&["a", "b"]).unchanged(&of(&["b", "c"])).unwrap_err();
        assert_eq!((error.kind, error.causes), (Kind::Divergent, vec!["new: c".into(), "gone: a".into()]));
    }
}
