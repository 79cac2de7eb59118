//! Who owns what: the databases, and everything inside them.

use super::facts::Thing;
use super::found::{Found, Look, Room, ident};
use super::kinds::{DATABASE_OWNER, FOREIGN_RIGHT, OBJECT_OWNER, TEMPLATE_FLAG, UNKNOWN_KIND};
use super::who::Who;
use crate::model::RoleKind;
use crate::probe::Severity::{self, Critical, High, Low, Medium};
use crate::sql::ServerText;
use crate::stmt;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for (name, found) in &look.actual.databases {
        let service = look.service_of(name.as_str());
        let object = format!("database {name}");
        for user in look.behind(&found.owner) {
            let finding = match (service, look.managed(user)) {
                (None, None) => continue,
                (None, Some((own, _))) => DATABASE_OWNER.of(user).at(Medium).service(Some(own)),
                (Some(own), _) => DATABASE_OWNER.of(user).service(Some(own)),
            };
            let admin = look
                .desired
                .database_owner
                .as_ref()
                .map_or(look.actual.admin.name.as_str(), |role| role.as_str());
            let seen = format!("{object} belongs to {}{}", found.owner, through(user, &found.owner));
            let finding = finding.database(name.as_str()).object(object.clone()).seen(seen);
            // Whose a database of no service should be is for people to say: not a superuser's, for want of a better.
            out.push(match service.is_some() || look.desired.database_owner.is_some() {
                true => finding.close(stmt!(
                    "ALTER DATABASE {db} OWNER TO {admin}",
                    db = name,
                    admin = ident(admin)
                )),
                false => finding,
            });
        }
        let template = found.is_template && !["template0", "template1"].contains(&name.as_str());
        if template {
            let severity = if service.is_some() { High } else { Low };
            let finding =
                TEMPLATE_FLAG.of(super::found::PUBLIC).at(severity).service(service).database(name.as_str());
            let close = stmt!("ALTER DATABASE {db} IS_TEMPLATE false", db = name);
            out.push(finding.seen(format!("{object} is a template")).object(object).close(close));
        }
    }
    for room in look.rooms() {
        room.inside
            .things
            .iter()
            .filter(|thing| thing.kind != "column")
            .for_each(|thing| owner(look, &room, thing, out));
        extensions(look, &room, out);
        others(look, &room, out);
    }
}

/// Whoever owns an extension may drop it, with everything that uses it.
fn extensions(look: &Look<'_>, room: &Room<'_>, out: &mut Vec<Found>) {
    let rightful = room.service.map(|service| service.role(RoleKind::Owner).as_str());
    for extension in room.inside.extensions.iter().filter(|one| rightful != Some(one.owner.as_str())) {
        for user in look.behind(&extension.owner) {
            let object = format!("extension {}", extension.name);
            let seen = format!("{object} belongs to {}{}", extension.owner, through(user, &extension.owner));
            let severity = if look.managed(user).is_some() { Medium } else { Low };
            out.push(OBJECT_OWNER.of(user).at(severity).room(room).object(object).seen(seen));
        }
    }
}

fn through(user: &str, owner: &str) -> String {
    if user == owner { String::new() } else { format!(", which {user} can act as") }
}

/// What initdb or an extension made belongs to a superuser: whoever else owns it can change what everybody uses. It is
/// never given back by a statement: its code would run as a superuser from then on.
fn givens_owner(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    let rightful = room.service.map(|service| service.role(RoleKind::Owner).as_str());
    // Who installs a trusted extension owns its schema.
    if thing.extension.is_some() && rightful == Some(thing.owner.as_str()) {
        return;
    }
    let (what, close) = (advice(thing), leave(thing));
    for user in look.behind(&thing.owner) {
        let through = through(user, &thing.owner);
        let seen = format!("{} belongs to {}{through}; {what}", thing.object(), thing.owner);
        let severity = if thing.system { Critical } else { High };
        let finding = OBJECT_OWNER.of(user).at(severity).room(room).object(thing.object()).seen(seen);
        out.push(match &close {
            Some(close) => finding.close(close.clone()),
            None => finding,
        });
    }
}

/// What a person should know before doing anything about it.
fn advice(thing: &Thing) -> String {
    match &thing.extension {
        None => "only a superuser can have given it away: see what it is now before one owns it again".into(),
        Some(extension) if thing.added => {
            format!("it was added to extension {extension}, whose script did not make it")
        }
        Some(extension) => format!(
            "see whether the script of extension {extension} made it: if so, what it is now before a superuser \
             owns it again; if not, ALTER EXTENSION … DROP it"
        ),
    }
}

/// What was added to an extension leaves it, and keeps its owner.
fn leave(thing: &Thing) -> Option<crate::sql::Statement> {
    let extension = thing.extension.as_ref().filter(|_| thing.added)?;
    let what = ServerText(thing.alter.clone()?);
    Some(stmt!("ALTER EXTENSION {extension} DROP {what}", extension = ident(extension), what = what))
}

fn owner(look: &Look<'_>, room: &Room<'_>, thing: &Thing, out: &mut Vec<Found>) {
    if !thing.is_users() {
        return givens_owner(look, room, thing, out);
    }
    // A sequence of a table is told with what it belongs to.
    if thing.dependent || is_database_owners(look, room, &thing.owner) {
        return;
    }
    let rightful = room.service.map(|service| service.role(RoleKind::Owner).as_str());
    if rightful == Some(thing.owner.as_str()) {
        return;
    }
    let blob = thing.kind == "large object";
    let seen =
        |who: &str| format!("{} belongs to {}{}", thing.object(), thing.owner, through(who, &thing.owner));
    let push = |who: &str, severity: Severity, out: &mut Vec<Found>| {
        let finding = OBJECT_OWNER.of(who).at(severity).room(room).object(thing.object()).seen(seen(who));
        out.push(match (rightful, &thing.alter) {
            (Some(rightful), Some(alter)) => finding.close(stmt!(
                "ALTER {what} OWNER TO {owner}",
                what = ServerText(alter.clone()),
                owner = ident(rightful)
            )),
            _ => finding,
        });
    };
    let users = look.behind(&thing.owner);
    for user in &users {
        match (look.managed(user), room.service) {
            (Some((own, _)), Some(service)) if own.name == service.name && blob => {}
            (Some((own, _)), Some(service)) if own.name == service.name => push(user, Medium, out),
            (Some(_), Some(_)) => push(user, High, out),
            (Some(_), None) => push(user, Medium, out),
            (None, Some(_)) => {
                let enters = look.role(user).is_some_and(|role| look.may_enter(role, room.name));
                push(user, if enters { Medium } else { Low }, out);
            }
            (None, None) => {}
        }
    }
    // Before 15 initdb gives `public` to the superuser, and a service with schemas of its own leaves it there.
    // Nor does anything that stands among the server's own become a service's.
    let servers = matches!(thing.schema.as_deref(), Some("pg_catalog" | "information_schema"));
    let untaken = servers || thing.kind == "schema" && thing.name == "public";
    if users.is_empty() && room.service.is_some() && !blob && !untaken {
        push(&thing.owner, Low, out);
    }
}

/// `pg_database_owner` stands for the database's owner, who is judged as such.
fn is_database_owners(look: &Look<'_>, room: &Room<'_>, owner: &str) -> bool {
    let of_database = look
        .actual
        .databases
        .iter()
        .find(|(name, _)| name.as_str() == room.name)
        .map(|(_, found)| found.owner.as_str());
    let untaken = owner == "pg_database_owner";
    let trusted = of_database.is_some_and(|owner| look.who(owner) == Who::Trusted);
    untaken && (trusted || room.service.is_none())
}

fn others(look: &Look<'_>, room: &Room<'_>, out: &mut Vec<Found>) {
    for other in &room.inside.others {
        let object = format!("{} {}", other.kind, other.shown);
        for user in look.behind(&other.role) {
            let own = look.managed(user);
            let in_own = matches!((own, room.service), (Some((a, _)), Some(b)) if a.name == b.name);
            let owns = own.is_some_and(|(_, kind)| kind == RoleKind::Owner);
            let finding = match (other.owned, in_own, owns) {
                // A policy for one of the service's own roles.
                _ if other.named && in_own => continue,
                _ if other.named => FOREIGN_RIGHT.of(user).at(if own.is_some() { Medium } else { Low }),
                (true, true, true) => continue,
                (true, true, false) => OBJECT_OWNER.of(user),
                (true, false, _) if own.is_some() => {
                    OBJECT_OWNER.of(user).at(if room.service.is_some() { High } else { Medium })
                }
                (true, false, _) => OBJECT_OWNER.of(user).at(Low),
                (false, ..) => UNKNOWN_KIND.of(user),
            };
            let verb = match (other.owned, other.named) {
                (true, _) => "owns",
                (_, true) => "is named by",
                _ => "holds a right on",
            };
            let seen = format!("{} {verb} {object}{}", other.role, through(user, &other.role));
            out.push(finding.room(room).object(object.clone()).seen(seen));
        }
    }
}
