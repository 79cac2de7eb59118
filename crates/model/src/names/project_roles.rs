//! Roles that belong to a whole project.
//!
//! `<project>_orphans` owns the objects of removed services' roles. A function, an index expression or a rule can run
//! with its owner's privileges: owned by a superuser, a service's code would run as one. This role has no privileges,
//! so its objects give none. `<project>_monitor` is the login of `martydb monitor`,
//! `<project>_admin` martydb's own user on a Redis server.

use sha2::{Digest, Sha256};

use crate::sql::MAX_IDENTIFIER_BYTES;
use crate::{RoleName, hex};

/// Length of the digest that replaces the omitted part of a name.
const DIGEST: usize = 12;

/// Returns the role that owns the objects of removed services.
pub fn orphans(project: &str) -> RoleName {
    name(project, "_orphans")
}

/// Returns the login that reads a server's statistics and none of the services' rows.
pub fn monitor(project: &str) -> RoleName {
    name(project, "_monitor")
}

/// Returns the user that replaces `default` as the admin of a Redis server.
pub fn redis_admin(project: &str) -> RoleName {
    name(&project.replace(char::is_whitespace, "_"), "_admin")
}

/// Returns `<project><suffix>`. If the project's name is too long, it is truncated and a digest of all of it added;
/// if no role can begin with it (`pg_`), only the digest is used.
fn name(project: &str, suffix: &str) -> RoleName {
    let plain = RoleName::new(format!("{project}{suffix}"));
    let cut = || RoleName::new(format!("{}_{}{suffix}", start(project, suffix), digest(project)));
    let bare = || RoleName::new(format!("martydb_{}{suffix}", digest(project)));
    plain.or_else(|_| cut()).or_else(|_| bare()).expect("letters and digits are a name")
}

/// Truncates to whole characters, leaving room for the rest.
fn start<'a>(project: &'a str, suffix: &str) -> &'a str {
    let most = MAX_IDENTIFIER_BYTES - suffix.len() - DIGEST - 1;
    let end = (0..=most.min(project.len())).rev().find(|end| project.is_char_boundary(*end));
    &project[..end.unwrap_or(0)]
}

fn digest(project: &str) -> String {
    hex::encode(Sha256::digest(project))[..DIGEST].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_project_has_a_role_that_postgresql_can_keep() {
        assert_eq!(orphans("marty").as_str(), "marty_orphans");
        assert_eq!(monitor("marty").as_str(), "marty_monitor");
        assert_eq!(orphans(&"x".repeat(55)).as_str(), format!("{}_orphans", "x".repeat(55)));
        for long in ["x".repeat(56), "é".repeat(40), "pg_x".into(), "a\0b".into()] {
            let role = orphans(&long);
            assert!(
                role.as_str().len() <= MAX_IDENTIFIER_BYTES && role.as_str().ends_with("_orphans"),
                "{role}"
            );
        }
        assert_ne!(orphans(&"x".repeat(56)), orphans(&"x".repeat(57)));
        assert!(orphans("pg_x").as_str().starts_with("martydb_"));
    }
}
