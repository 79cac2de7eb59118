//! Relations that lend their owner's rights: views, materialised views, and tables with rules.

use super::{is_elsewhere, is_given, reach};
use crate::audit::facts::{Right, Thing};
use crate::audit::found::{Found, Look, Room, revoke};
use crate::audit::kinds::DEFINER_VIEW;
use crate::probe::Severity::{High, Low, Medium};

pub fn view(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    let invoker = |option: &String| {
        matches!(option.as_str(), "security_invoker=true" | "security_invoker=on" | "security_invoker=1")
    };
    let own = look.managed(&thing.owner).is_some();
    if own || thing.options.iter().flatten().any(invoker) {
        return;
    }
    lent(look, room, thing, &["SELECT", "INSERT", "UPDATE", "DELETE"], "reads", out);
}

/// What a rule does, it does with the rights of its table's owner.
pub fn rules(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    if look.managed(&thing.owner).is_none() {
        lent(look, room, thing, &["SELECT", "INSERT", "UPDATE", "DELETE"], "sets off rules of", out);
    }
}

/// A relation that lends its owner's rights, to each who may use it.
fn lent(
    look: &Look<'_>,
    room: &Room<'_>,
    thing: &Thing,
    privileges: &[&str],
    verb: &str,
    out: &mut Vec<Found>,
) {
    for (user, right, of) in readers(look, room, thing, privileges) {
        let seen = format!("{user} {verb} {} with the rights of {}", thing.object(), thing.owner);
        let severity = match (room.service.is_some(), is_given(look, room, user)) {
            (true, _) => High,
            (false, true) => Low,
            (false, false) => reach(look, room, user).min(Medium),
        };
        if is_elsewhere(look, room, thing, user) {
            continue;
        }
        let finding = DEFINER_VIEW.of(user).at(severity).room(room).object(thing.object()).seen(seen);
        out.push(finding.close(revoke(right, of.column.as_deref(), &of.grant_on, &of.owner)));
    }
}

/// Whoever may use a relation, or a single column of it.
fn readers<'a>(
    look: &Look<'a>,
    room: &'a Room<'_>,
    thing: &'a Thing,
    privileges: &[&str],
) -> Vec<(&'a str, &'a Right, &'a Thing)> {
    let same = |other: &&Thing| {
        other.shown == thing.shown
            || other.kind == "column" && other.schema == thing.schema && other.name == thing.name
    };
    let rights = room
        .inside
        .things
        .iter()
        .filter(same)
        .flat_map(|thing| thing.acl.iter().map(move |right| (right, thing)));
    let due = rights.filter(|(right, _)| privileges.contains(&right.privilege.as_str()));
    let mut users: Vec<_> = due
        .flat_map(|(right, thing)| look.users_of(right).into_iter().map(move |user| (user, right, thing)))
        .collect();
    users.sort_by_key(|(user, ..)| *user);
    users.dedup_by_key(|(user, ..)| *user);
    users
}
