//! Code that runs with somebody else's rights: functions, views, triggers, languages, and doors to elsewhere.

mod away;
mod lent;

use super::facts::Thing;
use super::found::{Found, Look, PUBLIC, Room, ident, revoke};
use super::kinds::{
    DEFINER_PATH, DEFINER_SUPERUSER, EVENT_TRIGGER, FOREIGN_TRIGGER, SHADOW, TRUSTED_LANGUAGE,
    UNTRUSTED_FUNCTION,
};
use super::who::Who;
use crate::model::RoleKind;
use crate::probe::Severity::{self, Critical, High, Low, Medium};
use crate::sql::{Literal, ServerText};
use crate::stmt;
use away::{extensions, foreign_server};
use lent::{rules, view};

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for room in look.rooms() {
        room.inside
            .things
            .iter()
            .filter(|thing| thing.is_armed())
            .for_each(|thing| armed(look, &room, thing, out));
        for thing in room.inside.things.iter().filter(|thing| thing.is_users()) {
            match thing.kind.as_str() {
                "view" | "materialized view" => view(look, &room, thing, out),
                "table" if thing.rules => rules(look, &room, thing, out),
                _ if thing.is_routine() => routine(look, &room, thing, out),
                _ => {}
            }
        }
        languages(&room, out);
        event_triggers(look, &room, out);
        triggers(look, &room, out);
        room.inside.servers.iter().for_each(|server| foreign_server(look, &room, server, out));
        extensions(&room, out);
    }
}

/// PUBLIC, services' roles and strangers that may use what this function gives.
fn callers<'a>(look: &Look<'a>, thing: &'a Thing, privilege: &str) -> Vec<&'a str> {
    let mut users: Vec<&str> = thing
        .acl
        .iter()
        .filter(|right| right.privilege == privilege)
        .flat_map(|right| look.users_of(right))
        .collect();
    users.extend(look.behind(&thing.owner));
    users.sort_unstable();
    users.dedup();
    users
}

/// How bad it is that somebody may call what is as mighty as a superuser.
fn reach(look: &Look<'_>, room: &Room<'_>, user: &str) -> Severity {
    let enters = |role| look.role(role).is_some_and(|role| look.may_enter(role, room.name));
    match user {
        PUBLIC if room.service.is_some() || is_visited(look, room) => Critical,
        // Nobody gets in today; every database that is made from a template has it.
        PUBLIC if room.name == "template1" => High,
        // Strangers whom somebody let in there: no service is behind it before they do more.
        PUBLIC => Low,
        _ if room.service.is_some() && look.managed(user).is_some() || enters(user) => Critical,
        _ => Medium,
    }
}

/// Whether a service's login may enter.
fn is_visited(look: &Look<'_>, room: &Room<'_>) -> bool {
    look.roles.all_managed().any(|(role, ..)| look.may_enter(role, room.name))
}

/// Whether anybody may enter who is not trusted with everything anyway.
fn is_entered(look: &Look<'_>, room: &Room<'_>) -> bool {
    look.roles.strangers().into_iter().any(|role| look.may_enter(role, room.name))
}

fn routine(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    let owner_is_service = look.managed(&thing.owner).is_some();
    let untrusted = thing.trusted == Some(false)
        || ["c", "internal"].contains(&thing.language.as_deref().unwrap_or_default());
    let hook = thing.returns.as_deref() == Some("event_trigger");
    let mut users = if hook { vec![] } else { callers(look, thing, "EXECUTE") };
    let say = |finding: Found, user: &str, what: &str| {
        let finding = finding
            .room(room)
            .object(thing.object())
            .seen(format!("{user} may call {}, {what}", thing.object()));
        let right = thing.acl.iter().find(|right| look.users_of(right).contains(&user));
        match right {
            Some(right) => finding.close(revoke(right, None, &thing.grant_on, &thing.owner)),
            None => finding,
        }
    };
    for user in &users {
        if untrusted && !is_elsewhere(look, room, thing, user) {
            let language = thing.language.as_deref().unwrap_or("an unknown language");
            let what = match thing.is_aggregate() {
                true => format!("an aggregate that calls what {} may call and not everybody", thing.owner),
                false => format!("which is written in {language}"),
            };
            out.push(say(UNTRUSTED_FUNCTION.of(*user).at(reach(look, room, user)), user, &what));
        }
        let foreign = thing.definer && !owner_is_service && *user != thing.owner;
        if foreign && !is_elsewhere(look, room, thing, user) {
            let what = format!("which runs with the rights of {}", thing.owner);
            // Whether it can be misled is told by itself.
            let severity = if is_given(look, room, user) { Low } else { reach(look, room, user) };
            out.push(say(DEFINER_SUPERUSER.of(*user).at(severity), user, &what));
        }
    }
    let writer = room.service.filter(|_| thing.called).map(|service| service.role(RoleKind::App).as_str());
    let lent = thing.definer && !owner_is_service && users.is_empty();
    if let Some(writer) = writer.filter(|_| lent) {
        let seen = format!("{} runs with the rights of {} when {writer} writes", thing.object(), thing.owner);
        // What it does with the rows that it is given is not known here; an event trigger gets none.
        let severity = if hook { Low } else { Medium };
        out.push(DEFINER_SUPERUSER.of(writer).at(severity).room(room).object(thing.object()).seen(seen));
    }
    users.extend(writer);
    definer_path(look, room, thing, &users, out);
    if thing.shadows {
        let seen = format!("{} has the name and arguments of a function of the server", thing.object());
        out.push(SHADOW.of(thing.owner.as_str()).room(room).object(thing.object()).seen(seen));
    }
}

/// What strangers lend each other in a database of their own.
fn is_elsewhere(look: &Look<'_>, room: &Room<'_>, thing: &Thing, user: &str) -> bool {
    let among_them =
        is_given(look, room, user) || user == PUBLIC && room.service.is_none() && !is_visited(look, room);
    among_them && matches!(look.who(&thing.owner), Who::Unmanaged | Who::Predefined)
}

/// Whether it was given to a login that is no service's, by name, and where no service lives: a pooler's, say.
fn is_given(look: &Look<'_>, room: &Room<'_>, user: &str) -> bool {
    room.service.is_none() && user != PUBLIC && look.managed(user).is_none()
}

fn definer_path(look: &Look<'_>, room: &Room<'_>, thing: &Thing, users: &[&str], out: &mut Vec<Found>) {
    let gains = |user: &&&str| {
        **user != thing.owner
            && !look
                .managed(user)
                .is_some_and(|(_, kind)| matches!(kind, RoleKind::Owner | RoleKind::Migrator))
    };
    let elsewhere = |user: &&&str| is_elsewhere(look, room, thing, user);
    let Some(user) = users.iter().filter(|user| !elsewhere(user)).find(gains) else { return };
    if !thing.definer || is_path_fixed(thing) {
        return;
    }
    let severity = match look.managed(&thing.owner) {
        _ if names_are_written_out(thing) => Low,
        // No service's login gets that far.
        _ if room.service.is_none() && !is_visited(look, room) => {
            if is_entered(look, room) {
                Medium
            } else {
                Low
            }
        }
        Some(_) => Medium,
        None => High,
    };
    let finding = DEFINER_PATH.of(*user).at(severity);
    let seen =
        format!("{} runs as {} and does not end its search_path with pg_temp", thing.object(), thing.owner);
    let schema = thing.schema.as_deref().unwrap_or("public");
    let close = stmt!(
        "ALTER {what} SET search_path = pg_catalog, {schema}, pg_temp",
        what = ServerText(thing.alter.clone().unwrap_or_default()),
        schema = ident(schema)
    );
    out.push(finding.room(room).object(thing.object()).seen(seen).close(close));
}

fn search_path(thing: &Thing) -> Option<&str> {
    thing.config.iter().flatten().find_map(|setting| setting.strip_prefix("search_path="))
}

/// Where nothing but `pg_catalog` is searched, or names were looked up when the function was made: a temporary table
/// stands in only for one of the server's own that is not written with its schema.
fn names_are_written_out(thing: &Thing) -> bool {
    thing.atomic || search_path(thing).is_some_and(|path| ["", "\"\"", "pg_catalog"].contains(&path.trim()))
}

/// A path that names `pg_temp` last is safe.
fn is_path_fixed(thing: &Thing) -> bool {
    search_path(thing).is_some_and(|path| {
        let last = path.rsplit(',').next().unwrap_or_default().trim().trim_matches('"');
        last == "pg_temp"
    })
}

/// A function of the server that runs as a superuser for whoever calls it.
fn armed(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    for user in callers(look, thing, "EXECUTE") {
        let seen =
            format!("{user} may call {}, which runs with the rights of {}", thing.object(), thing.owner);
        let finding = DEFINER_SUPERUSER
            .of(user)
            .at(reach(look, room, user))
            .room(room)
            .object(thing.object())
            .seen(seen);
        let close = stmt!(
            "ALTER {what} SECURITY INVOKER",
            what = ServerText(thing.alter.clone().unwrap_or_default())
        );
        out.push(finding.close(close));
    }
}

/// Languages whose code cannot leave its session, by the name their authors gave them.
const TRUSTED: &[&str] =
    &["sql", "plpgsql", "plperl", "pltcl", "plv8", "plcoffee", "plls", "pllua", "pljs", "plrust"];

fn languages(room: &Room<'_>, out: &mut Vec<Found>) {
    for language in
        room.inside.languages.iter().filter(|one| one.trusted && !TRUSTED.contains(&one.name.as_str()))
    {
        let object = format!("language {}", language.name);
        let severity = if room.service.is_some() { Critical } else { High };
        let close = stmt!(
            "UPDATE pg_catalog.pg_language SET lanpltrusted = false WHERE lanname = {name}",
            name = Literal(language.name.clone())
        );
        let who =
            room.service.map_or(PUBLIC.to_owned(), |service| service.role(RoleKind::Migrator).to_string());
        out.push(
            TRUSTED_LANGUAGE
                .of(who)
                .at(severity)
                .room(room)
                .seen(format!("{object} is marked as trusted"))
                .object(object)
                .close(close),
        );
    }
}

fn event_triggers(look: &Look<'_>, room: &Room<'_>, out: &mut Vec<Found>) {
    for trigger in room.inside.event_triggers.iter().filter(|trigger| trigger.extension.is_none()) {
        let mut users = look.behind(&trigger.function_owner);
        users.extend(look.behind(&trigger.owner));
        users.sort_unstable();
        users.dedup();
        let severity = match (users.is_empty(), trigger.enabled) {
            (true, _) => Low,
            (false, true) => Critical,
            (false, false) => Medium,
        };
        let who = users.first().copied().unwrap_or(&trigger.function_owner);
        let object = format!("event trigger {}", trigger.name);
        let seen = format!(
            "{object} on {} calls {}, which belongs to {}",
            trigger.event, trigger.function, trigger.function_owner
        );
        let close = stmt!("DROP EVENT TRIGGER {name}", name = ServerText(trigger.quoted.clone()));
        out.push(EVENT_TRIGGER.of(who).at(severity).room(room).object(object).seen(seen).close(close));
    }
}

fn triggers(look: &Look<'_>, room: &Room<'_>, out: &mut Vec<Found>) {
    for trigger in &room.inside.triggers {
        let users = look.behind(&trigger.function_owner);
        let Some(who) = users.first() else { continue };
        let declared = matches!((look.managed(who), room.service), (Some((own, RoleKind::Owner)), Some(service)) if own.name == service.name);
        if declared && !trigger.temporary {
            continue;
        }
        let object = format!("trigger {} on {}", trigger.name, trigger.table);
        let place = if trigger.temporary { ", which lives in its session" } else { "" };
        let seen = format!("{object} calls {} of {}{place}", trigger.function, trigger.function_owner);
        let close = stmt!(
            "DROP TRIGGER {name} ON {table}",
            name = ServerText(trigger.quoted.clone()),
            table = ServerText(trigger.table.clone())
        );
        let severity = if room.service.is_some() { High } else { Medium };
        out.push(FOREIGN_TRIGGER.of(*who).at(severity).room(room).object(object).seen(seen).close(close));
    }
}
