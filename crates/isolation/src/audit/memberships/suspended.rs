//! Roles with LOGIN that the server lets in nowhere: <https://www.postgresql.org/docs/current/sql-createrole.html>.

use std::collections::BTreeSet;

use martydb_catalog::{HbaLine, Snapshot};
use martydb_model::{ActualRole, RoleName};

/// Methods of pg_hba.conf that ask for the password of the role, and therefore heed VALID UNTIL.
const PASSWORDS: &[&str] = &["md5", "password", "reject", "scram-sha-256"];

/// Returns the roles with CONNECTION LIMIT 0, and those with a password past its VALID UNTIL where each line of pg_hba.conf that
/// may concern them asks for it. No limit holds for superusers.
pub(crate) fn suspended(snapshot: &Snapshot) -> BTreeSet<&RoleName> {
    let is_suspended = |(name, found): &(&RoleName, &ActualRole)| {
        let expired = || found.expired && asks_for_password(snapshot.hba.as_deref(), name);
        // No limit counts the connections by which a standby follows, from 17 on.
        let is_limited = found.connection_limit == 0 && !found.replication;
        found.login && !found.superuser && (is_limited || expired())
    };
    snapshot.actual.roles.iter().filter(is_suspended).map(|(name, _)| name).collect()
}

fn asks_for_password(lines: Option<&[HbaLine]>, role: &RoleName) -> bool {
    let asks = |line: &HbaLine| line.method.as_deref().is_some_and(|method| PASSWORDS.contains(&method));
    lines.is_some_and(|lines| lines.iter().filter(|line| line.may_concern(role)).all(asks))
}

#[cfg(test)]
mod tests {
    use crate::audit::hba::tests::lines;
    use crate::audit::testing::{NOTHING, Server, assert_finds, healthy};
    use martydb_model::ActualRole;

    /// A reader of `blue` that is no role of a service.
    fn reader(change: impl FnOnce(&mut ActualRole)) -> Server {
        healthy().unmanaged("bi").role("bi", change).member("bi", "blue_ro")
    }

    #[test]
    fn a_role_that_the_server_lets_in_nowhere_is_a_note() {
        let line = "high | unmanaged-membership | blue | bi | blue_db | role blue_ro";
        let dated = |method: &str| {
            let rules = lines(&format!("host all all 127.0.0.1/32 {method}\n"));
            let server =
                reader(|found| (found.login, found.expired, found.connection_limit) = (true, true, -1));
            server.with(|snapshot| snapshot.hba = Some(rules))
        };
        assert_finds(&reader(|found| (found.login, found.connection_limit) = (true, 1)), line);
        for server in
            [reader(|found| (found.login, found.connection_limit) = (true, 0)), dated("scram-sha-256")]
        {
            assert_eq!(server.grave(), NOTHING);
            assert_finds(&server, &line.replacen("high", "low", 1));
        }
        assert_finds(&dated("ldap ldapserver=x"), line);
        assert_finds(&dated("scram-sha-256").with(|snapshot| snapshot.hba = None), line);
    }
}
