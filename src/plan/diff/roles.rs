//! The four roles: that they exist, their attributes, and who is a member of whom.

use super::{Look, Steps};
use crate::model::{ActualRole, DesiredService, Grantee, KeptPassword, Membership, RoleKind, RoleName};
use crate::plan::{Action, Attribute, Risk};

pub fn diff(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    for kind in RoleKind::ALL {
        let role = service.role(kind);
        match look.actual.roles.get(role) {
            None => create(look, service, kind, steps),
            Some(found) => alter(look, service, kind, found, steps),
        }
    }
    memberships(look, service, steps);
}

fn create(look: &Look<'_>, service: &DesiredService, kind: RoleKind, steps: &mut Steps<'_>) {
    let role = service.role(kind).clone();
    let limit = service.connection_limit.get(&kind).copied().unwrap_or(-1);
    let reason = format!("the {} role of {} does not exist", kind.key(), service.name);
    steps.add(Risk::Safe, Action::CreateRole { role: role.clone(), kind, limit }, reason);
    let marker = look.desired.marker();
    steps.add(Risk::Safe, Action::MarkRole { role, marker }, "marks the role as made by this manifest");
}

/// An attribute: how to read it, what it should be, and the words that set it either way.
struct Row {
    read: fn(&ActualRole) -> bool,
    on: &'static str,
    off: &'static str,
}

const ATTRIBUTES: &[Row] = &[
    Row { read: |role| role.login, on: "LOGIN", off: "NOLOGIN" },
    Row { read: |role| role.inherit, on: "INHERIT", off: "NOINHERIT" },
    Row { read: |role| role.superuser, on: "SUPERUSER", off: "NOSUPERUSER" },
    Row { read: |role| role.createdb, on: "CREATEDB", off: "NOCREATEDB" },
    Row { read: |role| role.createrole, on: "CREATEROLE", off: "NOCREATEROLE" },
    Row { read: |role| role.replication, on: "REPLICATION", off: "NOREPLICATION" },
    Row { read: |role| role.bypassrls, on: "BYPASSRLS", off: "NOBYPASSRLS" },
];

/// What contract section 3 wants of each kind of role.
fn wanted(kind: RoleKind) -> ActualRole {
    ActualRole {
        login: kind != RoleKind::Owner,
        inherit: kind != RoleKind::Migrator,
        ..ActualRole::default()
    }
}

fn alter(
    look: &Look<'_>,
    service: &DesiredService,
    kind: RoleKind,
    found: &ActualRole,
    steps: &mut Steps<'_>,
) {
    let role = service.role(kind);
    // During a rotation one of the two logins is closed, and the one that is not in use may be.
    attributes(role, kind, found, look.twin_in_use(service, kind), steps);
    if kind != RoleKind::Owner {
        limit(role, service.connection_limit[&kind], found, steps);
        password(look, service, kind, steps);
        twin(look, service, kind, steps);
    }
}

/// A second login is nobody's to miss, but where there is one it is like the first.
fn twin(look: &Look<'_>, service: &DesiredService, kind: RoleKind, steps: &mut Steps<'_>) {
    let Some(twin) = look.twin(service, kind) else { return };
    let found = &look.actual.roles[&twin];
    attributes(&twin, kind, found, !look.twin_in_use(service, kind), steps);
    limit(&twin, service.connection_limit[&kind], found, steps);
}

fn attributes(
    role: &RoleName,
    kind: RoleKind,
    found: &ActualRole,
    may_be_closed: bool,
    steps: &mut Steps<'_>,
) {
    let wanted = wanted(kind);
    let mut words = vec![];
    for row in ATTRIBUTES {
        let differs = (row.read)(found) != (row.read)(&wanted);
        let excused = row.on == "LOGIN" && may_be_closed;
        if differs && !excused {
            words.push(if (row.read)(&wanted) { row.on } else { row.off });
        }
    }
    if !words.is_empty() {
        let reason = format!("{role} should be {} and is not", words.join(", "));
        let attributes = words.into_iter().map(Attribute::Word).collect();
        steps.add(Risk::Safe, Action::AlterRole { role: role.clone(), attributes }, reason);
    }
}

fn limit(role: &RoleName, wanted: i32, found: &ActualRole, steps: &mut Steps<'_>) {
    let has = found.connection_limit;
    if wanted != has {
        // -1 is no limit at all, and a lower one may turn a running service away.
        let lower = (has == -1 || wanted < has) && wanted != -1;
        let risk = if lower { Risk::Caution } else { Risk::Safe };
        let reason = format!("the connection limit of {role} should be {wanted} and is {has}");
        let attributes = vec![Attribute::ConnectionLimit(wanted)];
        steps.add(risk, Action::AlterRole { role: role.clone(), attributes }, reason);
    }
}

fn password(look: &Look<'_>, service: &DesiredService, kind: RoleKind, steps: &mut Steps<'_>) {
    let twin = look.twin(service, kind).filter(|twin| (look.stored)(twin));
    let role = twin.as_ref().unwrap_or(service.role(kind));
    let kept = look.actual.passwords.get(role);
    let (risk, reason) = if !(look.stored)(role) {
        missing(role, kept)
    } else if look.actual.refused_logins.contains(role) {
        (Risk::Caution, useless(role, kept))
    } else {
        return;
    };
    steps.add(risk, Action::SetPassword { role: role.clone() }, reason);
}

/// The store may have lost it only for now (another file, another vault), while clients go on using it.
fn missing(role: &RoleName, kept: Option<&KeptPassword>) -> (Risk, String) {
    match kept {
        Some(KeptPassword { digest: None, .. }) => {
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

fn useless(role: &RoleName, kept: Option<&KeptPassword>) -> String {
    match kept.map(|kept| (&kept.digest, &kept.salt)) {
        Some((None, _)) => format!("the server has no password for {role}, so the stored one is set again"),
        Some((_, None)) => {
            format!("the server keeps the password of {role} as MD5, so it is set again as SCRAM-SHA-256")
        }
        _ => format!("the server refuses the stored password of {role}, so it is set again"),
    }
}

/// A membership that is to be.
struct Bond {
    role: RoleName,
    member: RoleName,
    inherit: bool,
}

/// The migrator acts as the owner; a twin is a member of its first, the migrator's one of the owner.
fn bonds(look: &Look<'_>, service: &DesiredService) -> Vec<Bond> {
    let owner = service.role(RoleKind::Owner);
    let acts = |member: RoleName| Bond { role: owner.clone(), member, inherit: false };
    let mut bonds = vec![acts(service.role(RoleKind::Migrator).clone())];
    bonds.extend(look.twin(service, RoleKind::Migrator).map(acts));
    for kind in [RoleKind::App, RoleKind::Readonly] {
        let twin = look.twin(service, kind);
        bonds.extend(twin.map(|member| Bond { role: service.role(kind).clone(), member, inherit: true }));
    }
    bonds
}

fn memberships(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    let bonds = bonds(look, service);
    let ours = |role: &RoleName| {
        service.kind_of(role).is_some()
            || look.twin_of(role).is_some_and(|first| service.kind_of(&first).is_some())
    };
    let mut kept = vec![false; bonds.len()];
    for found in &look.actual.memberships {
        // Seen once: by the service of the group, or else by that of the member.
        let group_managed = look.is_managed(&Grantee::Role(found.role.clone()));
        if !ours(&found.role) && (!ours(&found.member) || group_managed) {
            continue;
        }
        let wanted = bonds.iter().position(|bond| bond.role == found.role && bond.member == found.member);
        match wanted {
            Some(place) if !kept[place] && is_as_wanted(look, &bonds[place], found) => kept[place] = true,
            Some(place) => {
                let options = if bonds[place].inherit { "SET and INHERIT" } else { "SET" };
                revoke(found, steps, &format!("it should be held with {options} alone"));
            }
            None => judge(look, found, steps),
        }
    }
    for (bond, _) in bonds.iter().zip(kept).filter(|(_, kept)| !kept) {
        let Bond { role, member, inherit } = bond;
        let reason = format!("{member} should act as {role} and cannot");
        let action =
            Action::GrantMembership { role: role.clone(), member: member.clone(), inherit: *inherit };
        steps.add(Risk::Safe, action, reason);
    }
}

/// Before 16 the options do not exist: INHERIT is the member's own, and compared there.
fn is_as_wanted(look: &Look<'_>, bond: &Bond, found: &Membership) -> bool {
    let options = look.actual.major() < 16 || (found.inherit == bond.inherit && found.set);
    options && !found.admin
}

fn judge(look: &Look<'_>, found: &Membership, steps: &mut Steps<'_>) {
    let admin = found.member.as_str() == look.actual.admin.name;
    // From 16 on whoever makes a role holds ADMIN on it, and that alone opens nothing without another grant.
    let creators_own = found.admin && !found.inherit && !found.set;
    let member_managed = look.is_managed(&Grantee::Role(found.member.clone()));
    match (admin && creators_own, member_managed) {
        (true, _) => {}
        (_, true) => revoke(found, steps, "nobody declared it"),
        _ if admin => revoke(found, steps, "the admin only borrows it"),
        _ => {
            let reason = format!("{} is a member of {}", found.member, found.role);
            steps.prunable(action(found), reason);
        }
    }
}

fn revoke(found: &Membership, steps: &mut Steps<'_>, why: &str) {
    let reason = format!("{} is a member of {}, and {why}", found.member, found.role);
    steps.add(Risk::Safe, action(found), reason);
}

fn action(found: &Membership) -> Action {
    Action::RevokeMembership {
        role: found.role.clone(),
        member: found.member.clone(),
        grantor: found.grantor.clone(),
    }
}

/// Logins that lose what they owned go on reading and writing it as members of app, until `--prune`.
pub fn keep_working(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    let app = service.role(RoleKind::App);
    for name in steps.ousted.clone() {
        let Ok(member) = RoleName::found(name) else { continue };
        let found = look.actual.roles.get(&member).filter(|found| found.login && !found.superuser);
        let ours =
            look.is_managed(&Grantee::Role(member.clone())) || member.as_str() == look.actual.admin.name;
        let already = look.actual.memberships.iter().any(|row| row.role == *app && row.member == member);
        if found.is_some() && !ours && !already {
            let reason = format!("{member} owned what {} uses, and keeps working as a member", service.name);
            let action = Action::GrantMembership { role: app.clone(), member, inherit: true };
            steps.add(Risk::Caution, action, reason);
        }
    }
}
