//! Default privileges: who will hold what on objects that are not made yet.

use super::facts::{DefaultRow, Right};
use super::found::{Found, Look, PUBLIC, Room, grantee, ident, privilege};
use super::kinds::{DEFAULT_RIGHT, GRANT_OPTION, UNKNOWN_KIND};
use crate::model::RoleKind;
use crate::plan::DefaultKind;
use crate::probe::Severity::{High, Low, Medium};
use crate::sql::{Keyword, ServerText, Statement};
use crate::stmt;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for room in look.rooms() {
        for row in &room.inside.defaults {
            row.acl.iter().for_each(|right| one(look, &room, row, right, out));
        }
        missing(&room, out);
    }
}

/// What PostgreSQL gives PUBLIC where no row says otherwise, and repeats in rows for the whole database.
fn is_builtin(row: &DefaultRow, right: &Right) -> bool {
    let usual = matches!((row.object, right.privilege.as_str()), ('f', "EXECUTE") | ('T', "USAGE"));
    usual && row.schema.is_none() && right.grantee.is_none()
}

fn one(look: &Look<'_>, room: &Room<'_>, row: &DefaultRow, right: &Right, out: &mut Vec<Found>) {
    let owner = room.service.map(|service| service.role(RoleKind::Owner).as_str());
    let by_owner = owner == Some(row.role.as_str());
    if is_builtin(row, right) && !by_owner {
        return;
    }
    let kind = DefaultKind::from_letter(row.object);
    let word = kind.map_or("objects of an unknown kind", DefaultKind::word);
    let object = format!("default privileges of {} on {word}", row.role);
    for user in look.users_of(right) {
        let own = matches!((look.managed(user), room.service), (Some((a, _)), Some(b)) if a.name == b.name);
        let declared = own && by_owner && is_declared(row.object, kind_of(look, user), &right.privilege);
        let among_strangers = look.managed(user).is_none() && look.managed(&row.role).is_none();
        if declared && right.grantable {
            let seen = format!(
                "{user} will hold {} with grant option on the {word} that {} makes",
                right.privilege, row.role
            );
            let finding = GRANT_OPTION.of(user).room(room).object(object.clone()).seen(seen);
            out.push(match kind {
                Some(kind) => {
                    finding.close(taking(OPTION, &row.role, row.schema.as_deref(), kind.word(), right))
                }
                None => finding,
            });
        }
        let severity = match (user == PUBLIC, look.managed(user).is_some(), room.service.is_some()) {
            _ if declared => continue,
            (_, _, false) if among_strangers => continue,
            // What it holds on the owner's, it will hold on this one's too: nothing but the maker differs.
            (false, true, true) if own && is_declared(row.object, kind_of(look, user), &right.privilege) => {
                Low
            }
            (true, _, true) => High,
            (false, true, true) if own => Medium,
            (false, true, true) => High,
            (true, _, false) => Low,
            (false, true, false) => Medium,
            (false, false, _) => Low,
        };
        let place = row.schema.as_ref().map_or(String::new(), |schema| format!(" in schema {schema}"));
        let seen =
            format!("{user} will hold {} on the {word} that {} makes{place}", right.privilege, row.role);
        let finding = DEFAULT_RIGHT.of(user).at(severity).room(room).object(object.clone()).seen(seen);
        out.push(match kind {
            Some(kind) => finding.close(revoke_default(&row.role, row.schema.as_deref(), kind.word(), right)),
            None => finding,
        });
    }
    if kind.is_none() {
        out.push(UNKNOWN_KIND.of(row.role.as_str()).room(room).object(object));
    }
}

fn kind_of(look: &Look<'_>, user: &str) -> Option<RoleKind> {
    look.managed(user).map(|(_, kind)| kind)
}

fn is_declared(object: char, kind: Option<RoleKind>, privilege: &str) -> bool {
    match kind {
        Some(RoleKind::Owner) => true,
        Some(kind) => declared(kind).any(|(letter, due)| letter == object && due == privilege),
        None => false,
    }
}

/// What a login holds on whatever its service's owner makes: the letter of `pg_default_acl`, and the privilege.
pub fn declared(kind: RoleKind) -> impl Iterator<Item = (char, &'static str)> {
    let due = DECLARED.iter().filter(move |(of, ..)| *of == kind);
    due.flat_map(|(_, letter, privileges)| privileges.iter().map(|privilege| (*letter, *privilege)))
}

const DECLARED: &[(RoleKind, char, &[&str])] = &[
    (RoleKind::App, 'r', &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    (RoleKind::App, 'S', &["USAGE", "SELECT"]),
    (RoleKind::App, 'f', &["EXECUTE"]),
    (RoleKind::App, 'n', &["USAGE"]),
    (RoleKind::Readonly, 'r', &["SELECT"]),
    (RoleKind::Readonly, 'S', &["SELECT"]),
    (RoleKind::Readonly, 'n', &["USAGE"]),
];

/// Without a row PUBLIC gets EXECUTE on every function, and USAGE on every type, that the owner makes.
fn missing(room: &Room<'_>, out: &mut Vec<Found>) {
    // What was left out may be the row.
    let Some(service) = room.service.filter(|_| !room.inside.partial) else { return };
    let owner = service.role(RoleKind::Owner);
    for (letter, kind, privilege) in
        [('f', DefaultKind::Functions, "EXECUTE"), ('T', DefaultKind::Types, "USAGE")]
    {
        let mut rows = room.inside.defaults.iter();
        if rows.any(|row| row.role == owner.as_str() && row.schema.is_none() && row.object == letter) {
            continue;
        }
        let right = Right {
            grantee: None,
            grantor: owner.to_string(),
            privilege: privilege.into(),
            grantable: false,
        };
        let seen = format!(
            "PUBLIC will hold {privilege} on the {} that {owner} makes: PostgreSQL's default",
            kind.word()
        );
        let object = format!("default privileges of {owner} on {}", kind.word());
        let close = revoke_default(owner.as_str(), None, kind.word(), &right);
        out.push(DEFAULT_RIGHT.of(PUBLIC).at(Medium).room(room).object(object).seen(seen).close(close));
    }
}

/// `REVOKE … FROM grantee` for default privileges.
pub fn revoke_default(role: &str, schema: Option<&str>, word: &'static str, right: &Right) -> Statement {
    taking(Keyword(""), role, schema, word, right)
}

/// Where the right stays.
const OPTION: Keyword = Keyword("GRANT OPTION FOR ");

fn taking(what: Keyword, role: &str, schema: Option<&str>, word: &'static str, right: &Right) -> Statement {
    let place = schema.map_or(stmt!(""), |schema| stmt!(" IN SCHEMA {s}", s = ident(schema)));
    stmt!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {role}{place} REVOKE {what}{p} ON {word} FROM {who}",
        role = ident(role),
        place = place,
        what = what,
        p = privilege(&right.privilege),
        word = ServerText(word.into()),
        who = grantee(right),
    )
}
