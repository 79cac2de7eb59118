//! The role that takes over objects of removed services, and whether it is safe. Pure.
//!
//! It must be unusable by other roles: a login or a member could act as the owner of code that others call, and
//! an attribute or a membership would give privileges to that code.

use martydb_model::contract::{ATTRIBUTES, LOGIN};
use martydb_model::error::{Error, Result};
use martydb_model::{ActualRole, ActualServer, DesiredServer, Membership, RoleName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanRole {
    pub role: RoleName,
    pub exists: bool,
    /// `true` if its comment is this manifest's marker.
    pub marked: bool,
}

/// Examines the role.
///
/// # Errors
/// If the role can be used: each reason, with a remedy.
pub fn check(desired: &DesiredServer, actual: &ActualServer) -> Result<OrphanRole> {
    let role = desired.orphans();
    let Some(found) = actual.roles.get(&role) else {
        return Ok(OrphanRole { role, exists: false, marked: false });
    };
    let marked = desired.marks(found.comment.as_deref());
    let mut wrong: Vec<String> = powers(found).into_iter().map(|(word, _)| format!("it is {word}")).collect();
    if !marked && found.comment.is_some() {
        wrong.push(format!("its comment is not '{}': this manifest did not make it", desired.marker()));
    }
    wrong.extend(bonds(actual, &role).map(|row| format!("{} is a member of {}", row.member, row.role)));
    if wrong.is_empty() {
        return Ok(OrphanRole { role, exists: true, marked });
    }
    Err(Error::operation(format!("role \"{role}\" cannot take over what the roles own"))
        .causes(wrong)
        .hint("it must be NOLOGIN, without attributes, members and memberships: take these away, or rename the role"))
}

/// Returns each attribute that a mere owner does not need, with the word of `ALTER ROLE` that removes it.
pub fn powers(found: &ActualRole) -> Vec<(&'static str, &'static str)> {
    let powers = ATTRIBUTES.iter().filter(|attribute| attribute.is_power() || attribute.on == LOGIN.on);
    let held = powers.filter(|attribute| (attribute.is_set)(found));
    held.map(|attribute| (attribute.on, attribute.off)).collect()
}

/// Returns memberships by which another role could act as this one, or this one as another. From 16 on the
/// creator of a role holds ADMIN on it: the connected admin's own membership gives nothing that the admin does
/// not have anyway.
pub fn bonds<'a>(actual: &'a ActualServer, role: &'a RoleName) -> impl Iterator<Item = &'a Membership> {
    let creators_own = |row: &Membership| row.member.as_str() == actual.admin.name && row.is_admin_alone();
    let all = actual.memberships.iter().filter(move |row| row.role == *role || row.member == *role);
    all.filter(move |row| !creators_own(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_samples::{desired, provisioned, role};

    fn found(comment: Option<&str>, change: impl Fn(&mut ActualServer)) -> Result<OrphanRole> {
        let desired = desired(&["csca"]);
        let mut actual = provisioned(&desired, 160_000);
        let comment = comment.map(String::from);
        actual.roles.insert(role("t_orphans"), ActualRole { comment, ..ActualRole::default() });
        change(&mut actual);
        check(&desired, &actual)
    }

    fn member(member: &str, of: &str, admin_alone: bool) -> Membership {
        Membership {
            role: role(of),
            member: role(member),
            grantor: None,
            admin: admin_alone,
            inherit: !admin_alone,
            set: !admin_alone,
        }
    }

    #[test]
    fn a_role_that_somebody_can_use_is_refused() {
        let bond = |a: &'static str, b: &'static str| {
            move |actual: &mut ActualServer| actual.memberships.push(member(a, b, false))
        };
        assert!(found(Some("martydb:other"), |_| {}).is_err());
        assert!(found(Some("martydb:t"), bond("csca_app", "t_orphans")).is_err());
        assert!(found(Some("martydb:t"), bond("t_orphans", "csca_owner")).is_err());
        let login =
            |actual: &mut ActualServer| actual.roles.get_mut(&role("t_orphans")).unwrap().login = true;
        assert!(found(Some("martydb:t"), login).unwrap_err().to_string().contains("t_orphans"));
    }

    #[test]
    fn the_creators_admin_option_and_a_lost_comment_are_harmless() {
        let own = |actual: &mut ActualServer| actual.memberships.push(member("postgres", "t_orphans", true));
        assert_eq!(found(Some("martydb:t"), own).map(|found| found.marked), Ok(true));
        assert_eq!(found(None, |_| {}).map(|found| (found.exists, found.marked)), Ok((true, false)));
        let desired = desired(&["csca"]);
        assert!(!check(&desired, &provisioned(&desired, 160_000)).unwrap().exists);
    }
}
