//! Doors that lead out of a database: foreign servers, and extensions that open connections.

use super::callers;
use crate::audit::facts::ForeignServer;
use crate::audit::found::{Found, Look, PUBLIC, Room, ident};
use crate::audit::kinds::{EXTENSION, FOREIGN_TABLE, USER_MAPPING};
use crate::model::RoleKind;
use crate::probe::Severity::{Critical, High, Low, Medium};
use crate::sql::ServerText;
use crate::stmt;

pub fn foreign_server(look: &Look<'_>, room: &Room<'_>, server: &ForeignServer, out: &mut Vec<Found>) {
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
    let name = || ServerText(server.quoted.clone());
    for mapping in &server.mappings {
        let users = mapping.role.as_deref().map_or(vec![PUBLIC], |role| look.behind(role));
        for user in users {
            let free = if mapping.passwordless == Some(true) { " without a password" } else { "" };
            let seen = format!("{user} is let in through {object}{free}");
            // A name that no database here has leads to another server.
            let abroad = server
                .dbname
                .as_ref()
                .is_some_and(|name| !look.actual.databases.keys().any(|one| one.as_str() == name));
            let severity =
                if (room.service.is_some() || beyond.is_some()) && !abroad { Critical } else { Medium };
            let finding = exposing(USER_MAPPING.of(user).at(severity));
            let of = mapping.role.as_deref().map_or(stmt!("PUBLIC"), |role| stmt!("{r}", r = ident(role)));
            let close = stmt!("DROP USER MAPPING FOR {of} SERVER {name}", of = of, name = name());
            out.push(finding.object(object.clone()).seen(seen).close(close));
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
            let right =
                thing.and_then(|thing| thing.acl.iter().find(|right| look.users_of(right).contains(&user)));
            out.push(match (right, thing) {
                (Some(right), Some(thing)) => {
                    finding.seen(seen.clone()).taking(right, None, &thing.grant_on, &thing.owner)
                }
                _ => finding.seen(seen.clone()),
            });
        }
    }
    if look.managed(&server.owner).is_some() {
        let seen = format!("{object} ({}) belongs to {}", server.wrapper, server.owner);
        // Its mappings are its owner's words, and a superuser's servers connect without a password.
        out.push(
            FOREIGN_TABLE.of(server.owner.as_str()).at(Medium).room(room).object(object.clone()).seen(seen),
        );
    }
}

/// Extensions whose functions everybody may call and that open connections or sessions of their own.
const DOORS: &[&str] = &["dblink", "http", "pg_background", "pg_cron", "pg_net", "plproxy"];

pub fn extensions(room: &Room<'_>, out: &mut Vec<Found>) {
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
