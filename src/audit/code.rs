//! Code that runs with somebody else's rights: functions, views, triggers, languages, and doors to elsewhere.

use super::facts::{ForeignServer, Right, Thing};
use super::found::{Found, Look, PUBLIC, Room, ident, revoke};
use super::kinds::{
    DEFINER_PATH, DEFINER_SUPERUSER, DEFINER_VIEW, EVENT_TRIGGER, EXTENSION, FOREIGN_TABLE, FOREIGN_TRIGGER,
    SHADOW, TRUSTED_LANGUAGE, UNTRUSTED_FUNCTION, USER_MAPPING,
};
use super::who::Who;
use crate::model::RoleKind;
use crate::probe::Severity::{self, Critical, High, Low, Medium};
use crate::sql::{Literal, ServerText};
use crate::stmt;

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
            let given = is_given(look, room, user) && is_path_fixed(thing);
            let severity = if given { Low } else { reach(look, room, user) };
            out.push(say(DEFINER_SUPERUSER.of(*user).at(severity), user, &what));
        }
    }
    let writer = room.service.filter(|_| thing.called).map(|service| service.role(RoleKind::App).as_str());
    let lent = thing.definer && !owner_is_service && users.is_empty();
    if let Some(writer) = writer.filter(|_| lent) {
        let seen = format!("{} runs with the rights of {} when {writer} writes", thing.object(), thing.owner);
        // What it does with what it is given is not known here.
        out.push(DEFINER_SUPERUSER.of(writer).at(Medium).room(room).object(thing.object()).seen(seen));
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

fn view(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
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
fn rules(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
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

fn foreign_server(look: &Look<'_>, room: &Room<'_>, server: &ForeignServer, out: &mut Vec<Found>) {
    let object = format!("foreign server {}", server.name);
    // Where it leads to is what is exposed, if that is a service's database.
    let beyond = server
        .dbname
        .as_deref()
        .and_then(|name| look.service_of(name))
        .filter(|_| server.dbname.as_deref() != Some(room.name));
    let exposing = |finding: Found| match beyond {
        Some(service) => finding.room(room).service(Some(service)),
        None => finding.room(room),
    };
    let close = || stmt!("DROP SERVER {name} CASCADE", name = ServerText(server.quoted.clone()));
    for mapping in &server.mappings {
        let users = mapping.role.as_deref().map_or(vec![PUBLIC], |role| look.behind(role));
        for user in users {
            let free = if mapping.passwordless == Some(true) { " without a password" } else { "" };
            let seen = format!("{user} is let in through {object}{free}");
            let severity = if room.service.is_some() || beyond.is_some() { Critical } else { Medium };
            let finding = exposing(USER_MAPPING.of(user).at(severity));
            out.push(finding.object(object.clone()).seen(seen).close(close()));
        }
    }
    for table in server.tables.iter().filter(|_| room.service.is_some()) {
        let thing =
            room.inside.things.iter().find(|thing| thing.kind == "foreign table" && thing.shown == *table);
        let readers = thing.map_or(vec![], |thing| callers(look, thing, "SELECT"));
        let severity = if readers.is_empty() { Low } else { High };
        let seen = format!("foreign table {table} reads through {object} ({})", server.wrapper);
        let readers = if readers.is_empty() { vec![server.owner.as_str()] } else { readers };
        for user in readers {
            let finding =
                exposing(FOREIGN_TABLE.of(user).at(severity)).object(format!("foreign table {table}"));
            out.push(finding.seen(seen.clone()).close(close()));
        }
    }
    if look.managed(&server.owner).is_some() {
        let seen = format!("{object} ({}) belongs to {}", server.wrapper, server.owner);
        out.push(
            FOREIGN_TABLE
                .of(server.owner.as_str())
                .at(Medium)
                .room(room)
                .object(object.clone())
                .seen(seen)
                .close(close()),
        );
    }
}

/// Extensions whose functions everybody may call and that open connections or sessions of their own.
const DOORS: &[&str] = &["dblink", "http", "pg_background", "pg_cron", "pg_net", "plproxy"];

fn extensions(room: &Room<'_>, out: &mut Vec<Found>) {
    let Some(service) = room.service else { return };
    for found in room.inside.extensions.iter().filter(|found| !service.extensions.contains(&found.name)) {
        let door = DOORS.contains(&found.name.as_str());
        let kind = if found.trusted == Some(true) { "trusted" } else { "not trusted" };
        let seen = format!("the extension {} ({kind}) is installed and not declared", found.name);
        let who = service.role(RoleKind::App).to_string();
        let finding = EXTENSION
            .of(who)
            .at(if door { Medium } else { Low })
            .room(room)
            .object(format!("extension {}", found.name));
        out.push(finding.seen(seen).close(stmt!("DROP EXTENSION {name}", name = ident(&found.name))));
    }
}
