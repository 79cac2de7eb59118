//! The four roles: their existence, attributes and memberships.

use std::collections::BTreeMap;

use super::comparison::Comparison;
use crate::action::{Action, Attribute};
use crate::stage::Risk;
use martydb_model::contract::{
    ATTRIBUTES, LOGIN, MEMBERSHIPS, MemberLogin, MembershipRule, RoleAttribute, managed,
};
use martydb_model::{
    ActualRole, ActualServer, DesiredServer, DesiredService, Grantee, Membership, RoleKind, RoleName,
    ServiceName, StoredPassword,
};

/// Groups memberships by the responsible service: that of the group, or else that of the member.
pub(crate) fn memberships_by_service<'a>(
    desired: &'a DesiredServer,
    actual: &'a ActualServer,
) -> BTreeMap<&'a ServiceName, Vec<&'a Membership>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in &actual.memberships {
        let by_member = || managed(desired, &row.member).filter(|_| !desired.access.contains_key(&row.role));
        if let Some((service, _)) = managed(desired, &row.role).or_else(by_member) {
            all.entry(&service.name).or_default().push(row);
        }
    }
    all
}

/// Compares the roles; `found` are the memberships for which the service is responsible.
pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService, found: &[&Membership]) {
    for kind in RoleKind::ALL {
        match look.actual.roles.get(service.role(kind)) {
            None => create(look, service, kind),
            Some(found) => alter(look, service, kind, found),
        }
    }
    memberships(look, service, found);
}

fn create(look: &mut Comparison<'_>, service: &DesiredService, kind: RoleKind) {
    let role = service.role(kind).clone();
    let limit = service.connection_limit.get(&kind).copied().unwrap_or(-1);
    look.add(Risk::Safe, Action::CreateRole { role: role.clone(), kind, limit }, "missing");
    let marker = look.desired.marker();
    look.add(
        Risk::Safe,
        Action::MarkRole { role, marker, dates_password: kind.logs_in() },
        "tag as managed by this manifest",
    );
}

fn alter(look: &mut Comparison<'_>, service: &DesiredService, kind: RoleKind, found: &ActualRole) {
    let role = service.role(kind);
    // During a rotation one of the two logins is disabled, and the one that is not in use may be.
    let alternate_in_use = look.alternate_in_use(service, kind).is_some();
    let closed = |may_be: bool| if may_be { &[LOGIN.on][..] } else { &[] };
    attributes(look, role, kind, found, closed(alternate_in_use));
    if !kind.logs_in() {
        return;
    }
    limit(look, role, service.connection_limit[&kind], found);
    let login = look.alternate_in_use(service, kind).unwrap_or_else(|| role.clone());
    password(look, &login);
    // No alternate login is created here; an existing one gets the attributes of its primary.
    if let Some(alternate) = look.alternate(service, kind) {
        let found = &look.actual.roles[&alternate];
        attributes(look, &alternate, kind, found, closed(!alternate_in_use));
        limit(look, &alternate, service.connection_limit[&kind], found);
    }
}

/// Compares the attributes with those of a kind, except the `excused` ones.
pub(crate) fn attributes(
    look: &mut Comparison<'_>,
    role: &RoleName,
    kind: RoleKind,
    found: &ActualRole,
    excused: &[&str],
) {
    let differs = |attribute: &&RoleAttribute| (attribute.is_set)(found) != attribute.belongs_to(kind);
    let excused = |attribute: &&RoleAttribute| excused.contains(&attribute.on);
    let wrong = ATTRIBUTES.iter().filter(differs).filter(|attribute| !excused(attribute));
    let words: Vec<_> = wrong.map(|attribute| attribute.word(kind)).collect();
    if words.is_empty() {
        return;
    }
    let mut reason = format!("set {}", words.join(", "));
    // A role that another hand made may be the login of a running application.
    let locks_out = words.contains(&"NOLOGIN") && !look.is_ours(found.comment.as_deref());
    if locks_out {
        reason += ": clients that log in as it are locked out";
    }
    let risk = if locks_out { Risk::Caution } else { Risk::Safe };
    let attributes = words.into_iter().map(Attribute::Word).collect();
    look.add(risk, Action::AlterRole { role: role.clone(), attributes }, reason);
}

pub(crate) fn limit(look: &mut Comparison<'_>, role: &RoleName, wanted: i32, found: &ActualRole) {
    let has = found.connection_limit;
    if wanted != has {
        // -1 means no limit, and a lower limit may lock out a running service.
        let lower = (has == -1 || wanted < has) && wanted != -1;
        let risk = if lower { Risk::Caution } else { Risk::Safe };
        let reason = format!("change connection limit from {has} to {wanted}");
        let attributes = vec![Attribute::ConnectionLimit(wanted)];
        look.add(risk, Action::AlterRole { role: role.clone(), attributes }, reason);
    }
}

/// Sets the password of a login if the store has none, or the server has another.
pub(crate) fn password(look: &mut Comparison<'_>, login: &RoleName) {
    let kept = look.actual.passwords.get(login);
    let (risk, reason) = if !look.stored.contains(login) {
        missing(login, kept)
    } else if look.actual.refused_logins.contains(login) {
        (Risk::Caution, useless(login, kept))
    } else {
        return;
    };
    let comment = look.actual.roles.get(login).and_then(|found| found.comment.as_deref());
    let marker = look.is_ours(comment).then(|| look.desired.marker());
    look.add(risk, Action::SetPassword { role: login.clone(), marker }, reason);
}

/// Returns risk and reason for a login without a stored password. The store may lack it only for now (another
/// file, another vault) while clients go on using it.
fn missing(role: &RoleName, kept: Option<&StoredPassword>) -> (Risk, String) {
    match kept {
        Some(StoredPassword { digest: None, .. }) => {
            (Risk::Caution, format!("neither the server nor the secret store has a password for {role}"))
        }
        _ => (
            Risk::Destructive,
            format!(
                "the secret store has no password for {role}, which exists: only `apply --reset-passwords` replaces \
                 the one that the server has"
            ),
        ),
    }
}

fn useless(role: &RoleName, kept: Option<&StoredPassword>) -> String {
    match kept.map(|kept| (&kept.digest, &kept.salt)) {
        Some((None, _)) => format!("the server has no password for {role}, so the stored one is set again"),
        Some((_, None)) => {
            format!("the server stores the password of {role} as MD5, so it is set again as SCRAM-SHA-256")
        }
        _ => format!("the server rejects the stored password of {role}, so it is set again"),
    }
}

/// A membership that the contract requires.
struct RequiredMembership {
    role: RoleName,
    member: RoleName,
    inherit: bool,
}

fn bonds(look: &Comparison<'_>, service: &DesiredService) -> Vec<RequiredMembership> {
    let of = |rule: &MembershipRule| {
        let member = match rule.login {
            MemberLogin::Primary => service.role(rule.member).clone(),
            MemberLogin::Alternate => look.alternate(service, rule.member)?,
        };
        Some(RequiredMembership { role: service.role(rule.of).clone(), member, inherit: rule.inherit })
    };
    MEMBERSHIPS.iter().filter_map(of).collect()
}

fn memberships(look: &mut Comparison<'_>, service: &DesiredService, all: &[&Membership]) {
    let bonds = bonds(look, service);
    let actual = look.actual;
    let mut kept = vec![false; bonds.len()];
    for found in all {
        let wanted = bonds.iter().position(|bond| bond.role == found.role && bond.member == found.member);
        match wanted {
            Some(place) if !kept[place] && is_as_wanted(actual, &bonds[place], found) => kept[place] = true,
            Some(place) => {
                let options = if bonds[place].inherit { "SET and INHERIT" } else { "SET" };
                revoke(look, found, &format!("with other options than {options}"));
            }
            None => judge(look, found),
        }
    }
    for (bond, _) in bonds.into_iter().zip(kept).filter(|(_, kept)| !kept) {
        let RequiredMembership { role, member, inherit } = bond;
        let reason = format!("{member} is not a member of {role}");
        look.add(Risk::Safe, Action::GrantMembership { role, member, inherit }, reason);
    }
}

/// Returns `true` if a membership has the required options. Before 16 they do not exist: INHERIT is an
/// attribute of the member, and compared there.
fn is_as_wanted(actual: &ActualServer, bond: &RequiredMembership, found: &Membership) -> bool {
    let options = actual.major() < 16 || (found.inherit == bond.inherit && found.set);
    options && !found.admin
}

fn judge(look: &mut Comparison<'_>, found: &Membership) {
    let admin = found.member.as_str() == look.actual.admin.name;
    // From 16 on the creator of a role holds ADMIN on it.
    if admin && found.is_admin_alone() {
        return;
    }
    if look.is_managed(&Grantee::Role(found.member.clone())) {
        revoke(look, found, "not in the manifest");
    } else if admin {
        revoke(look, found, "a temporary membership that was left behind");
    } else {
        look.add_prunable(ending(found), format!("{} is a member of {}", found.member, found.role));
    }
}

fn revoke(look: &mut Comparison<'_>, found: &Membership, why: &str) {
    let reason = format!("{} is a member of {}: {why}", found.member, found.role);
    look.add(Risk::Safe, ending(found), reason);
}

pub(crate) fn ending(found: &Membership) -> Action {
    let Membership { role, member, grantor, .. } = found.clone();
    Action::RevokeMembership { role, member, grantor }
}

/// Keeps access for logins that lose ownership: as members of app they still read and write the objects, until
/// `--prune`.
pub(crate) fn keep_working(look: &mut Comparison<'_>, service: &DesiredService) {
    let app = service.role(RoleKind::App);
    for name in std::mem::take(&mut look.previous_owners) {
        let Ok(member) = RoleName::found(name) else { continue };
        let found = look.actual.roles.get(&member).filter(|found| found.login && !found.superuser);
        let ours =
            look.is_managed(&Grantee::Role(member.clone())) || member.as_str() == look.actual.admin.name;
        let already = look.actual.memberships.iter().any(|row| row.role == *app && row.member == member);
        if found.is_some() && !ours && !already {
            let reason =
                format!("{member} owned objects of {}, and keeps access as a member of {app}", service.name);
            let action = Action::GrantMembership { role: app.clone(), member, inherit: true };
            look.add(Risk::Caution, action, reason);
        }
    }
}
