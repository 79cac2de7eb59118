//! Rights on every kind of object, in every database: whatever the manifest does not declare is a finding.

use super::facts::{Right, Tablespace, Thing};
use super::found::{Found, Look, PUBLIC, Room, revoke};
use super::kinds::{
    CATALOG_RIGHT, EXTENSION_RIGHT, FOREIGN_CONNECT, FOREIGN_RIGHT, GRANT_OPTION, Kind, MAINTENANCE_CONNECT,
    OWN_RIGHT, PARAMETER, PUBLIC_RIGHT, TABLESPACE, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN,
    UNMANAGED_RIGHT,
};
use super::who::Who;
use crate::model::{ActualDatabase, Grantee, RoleKind};
use crate::probe::Severity::{Critical, High, Low, Medium};
use crate::probe::{DatabaseKind, Severity};
use crate::stmt;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    for (name, found) in &look.actual.databases {
        database(look, name.as_str(), found, out);
    }
    for room in look.rooms() {
        for thing in room.inside.things.iter().filter(|thing| !thing.is_armed()) {
            thing.acl.iter().for_each(|right| on_thing(look, &room, thing, right, out));
        }
    }
    for space in &look.facts.cluster.tablespaces {
        space_owner(look, space, out);
        let on = format!("TABLESPACE {}", space.quoted);
        for right in &space.acl {
            shared(
                look,
                TABLESPACE,
                Medium,
                &format!("tablespace {}", space.name),
                &on,
                &space.owner,
                right,
                out,
            );
        }
    }
    for row in &look.facts.parameters {
        // The owner of the parameters is the bootstrap superuser.
        let on = format!("PARAMETER {}", quoted_parameter(&row.parameter));
        let severity = match row.right.privilege.as_str() {
            "ALTER SYSTEM" => Critical,
            // Everybody may anyway.
            "SET" if look.facts.cluster.user_settings.contains(&row.parameter.to_lowercase()) => Low,
            _ => Medium,
        };
        let object = format!("parameter {}", row.parameter);
        shared(look, PARAMETER, severity, &object, &on, &look.actual.bootstrap, &row.right, out);
    }
}

/// Whoever owns a tablespace may grant it on.
fn space_owner(look: &Look<'_>, space: &Tablespace, out: &mut Vec<Found>) {
    for user in look.behind(&space.owner) {
        let object = format!("tablespace {}", space.name);
        let service = look.managed(user).map(|(service, _)| service);
        let severity = if service.is_some() { Medium } else { Low };
        let seen = format!("{object} belongs to {}", space.owner);
        let finding = TABLESPACE.of(user).at(severity).service(service).object(object).seen(seen);
        // Only a superuser can have given it away: to whom it goes is for people to say.
        out.push(finding);
    }
}

fn quoted_parameter(name: &str) -> String {
    let parts: Vec<String> =
        name.split('.').map(|part| stmt!("{p}", p = super::found::ident(part)).to_string()).collect();
    parts.join(".")
}

/// What a login could do with a right that it should not have.
fn weight(privilege: &str) -> Severity {
    match privilege {
        "SELECT" | "USAGE" | "EXECUTE" | "REFERENCES" | "TEMPORARY" | "CONNECT" | "SET" => Medium,
        // Writing, planting code, taking the object away, and what we do not know.
        _ => High,
    }
}

/// What a role of the service itself may hold (contract, section 3).
fn is_declared(room: &Room<'_>, thing: &Thing, kind: RoleKind, right: &Right) -> bool {
    let (app, readonly): (&[&str], &[&str]) = match thing.kind.as_str() {
        _ if is_history(room, thing) => (&[], &[]),
        "table" | "view" | "materialized view" | "foreign table" | "column" => {
            (&["SELECT", "INSERT", "UPDATE", "DELETE"], &["SELECT"])
        }
        "sequence" => (&["USAGE", "SELECT"], &["SELECT"]),
        "schema" => (&["USAGE"], &["USAGE"]),
        "function" | "procedure" if thing.definer => (&["EXECUTE"], &[]),
        "function" | "procedure" => (&["EXECUTE"], &["EXECUTE"]),
        _ => (&[], &[]),
    };
    match kind {
        // It owns the service's objects, and the migrator acts as it.
        RoleKind::Owner => true,
        RoleKind::Migrator => false,
        RoleKind::App => app.contains(&right.privilege.as_str()),
        RoleKind::Readonly => readonly.contains(&right.privilege.as_str()),
    }
}

fn is_history(room: &Room<'_>, thing: &Thing) -> bool {
    let first = room.service.and_then(|service| service.schemas.first()).map(|schema| schema.as_str());
    let schema = thing.schema.as_deref();
    schema == Some(crate::HISTORY_SCHEMA)
        || thing.name == crate::REFINERY_TABLE && schema.is_some() && schema == first
}

fn on_thing(look: &Look<'_>, room: &Room<'_>, thing: &Thing, right: &Right, out: &mut Vec<Found>) {
    let ours = thing.is_users() && room.service.is_some();
    for user in look.users_of(right) {
        let finding = match (ours, thing.system, look.managed(user)) {
            (_, true, managed) => beyond_server(look, room, user, managed.is_some()),
            (true, ..) => in_service(look, room, thing, right, user),
            (false, _, managed) => elsewhere(room, thing, right, user, managed.is_some()),
        };
        let Some(finding) = finding else { continue };
        let finding = finding.room(room).object(thing.object()).seen(seen(right, user, &thing.object()));
        out.push(finding.taking(right, thing.column.as_deref(), &thing.grant_on, &thing.owner));
    }
    if ours
        && look.users_of(right).is_empty()
        && right.grantee.as_deref().is_some_and(|who| look.who(who) == Who::Unmanaged)
    {
        let who = right.grantee.as_deref().unwrap_or(PUBLIC);
        out.push(UNMANAGED_RIGHT.of(who).room(room).object(thing.object()).seen(seen(
            right,
            who,
            &thing.object(),
        )));
    }
}

/// A right beyond what initdb gave, on one of the server's own objects.
fn beyond_server(look: &Look<'_>, room: &Room<'_>, user: &str, managed: bool) -> Option<Found> {
    let enters = || {
        look.role(user).is_some_and(|role| {
            look.desired.services.values().any(|s| look.may_enter(role, s.database.as_str()))
                && room.service.is_some()
        })
    };
    match user == PUBLIC || managed {
        true => Some(CATALOG_RIGHT.of(user)),
        // A monitoring login, most likely: nobody's data is behind it.
        false => Some(CATALOG_RIGHT.of(user).at(if enters() { High } else { Low })),
    }
}

fn in_service(look: &Look<'_>, room: &Room<'_>, thing: &Thing, right: &Right, user: &str) -> Option<Found> {
    let service = room.service?;
    let weight = weight(&right.privilege);
    match look.managed(user) {
        None if user == PUBLIC && thing.is_harmless() && !right.grantable => {
            Some(PUBLIC_RIGHT.of(PUBLIC).at(Low))
        }
        None if user == PUBLIC => Some(PUBLIC_RIGHT.of(PUBLIC).at(weight)),
        None => {
            let enters = look.role(user).is_some_and(|role| look.may_enter(role, room.name));
            Some(UNMANAGED_RIGHT.of(user).at(if enters { Medium } else { Low }))
        }
        Some((other, _)) if other.name != service.name => Some(FOREIGN_RIGHT.of(user)),
        Some((_, kind)) if is_declared(room, thing, kind, right) => {
            let direct = right.grantee.as_deref() == Some(user);
            (right.grantable && direct && kind != RoleKind::Owner).then(|| GRANT_OPTION.of(user))
        }
        Some((_, RoleKind::Readonly)) if thing.kind == "large object" && right.privilege == "UPDATE" => {
            Some(OWN_RIGHT.of(user).at(Medium))
        }
        // Every login may make large objects and give them away inside its service.
        Some(_) if thing.kind == "large object" => Some(OWN_RIGHT.of(user).at(Low)),
        // Which migrations ran is no secret among a service's own; `plan` takes it back all the same.
        Some(_) if is_history(room, thing) && right.privilege == "SELECT" => Some(OWN_RIGHT.of(user).at(Low)),
        // Whoever makes nothing has no use for it.
        Some(_) if thing.kind == "type" => Some(OWN_RIGHT.of(user).at(Low)),
        Some(_) => Some(OWN_RIGHT.of(user).at(weight)),
    }
}

/// Members of extensions anywhere, and objects in databases that are no service's.
fn elsewhere(room: &Room<'_>, thing: &Thing, right: &Right, user: &str, managed: bool) -> Option<Found> {
    let extension = thing.extension.is_some();
    match (user == PUBLIC, managed) {
        (false, false) => None,
        // What PUBLIC holds in a database that is nobody's counts where PUBLIC gets in, and that is told there.
        (true, _) if !extension => None,
        (_, _) if extension => Some(EXTENSION_RIGHT.of(user)),
        _ if right.privilege == "USAGE" && room.service.is_none() && thing.kind == "schema" => {
            Some(FOREIGN_RIGHT.of(user).at(Low))
        }
        _ => Some(FOREIGN_RIGHT.of(user)),
    }
}

fn seen(right: &Right, user: &str, object: &str) -> String {
    let holder = right.grantee.as_deref().unwrap_or(PUBLIC);
    let option = if right.grantable { " with grant option" } else { "" };
    match holder == user {
        true => format!("{user} holds {}{option} on {object}", right.privilege),
        false => format!("{user} can act as {holder}, which holds {}{option} on {object}", right.privilege),
    }
}

#[expect(clippy::too_many_arguments, reason = "the columns of a row")]
fn shared(
    look: &Look<'_>,
    kind: &Kind,
    severity: Severity,
    object: &str,
    on: &str,
    owner: &str,
    right: &Right,
    out: &mut Vec<Found>,
) {
    for user in look.users_of(right) {
        let managed = look.managed(user).map(|(service, _)| service);
        let severity = if managed.is_some() || user == PUBLIC { severity } else { Low };
        let finding =
            kind.of(user).at(severity).service(managed).object(object).seen(seen(right, user, object));
        out.push(finding.close(revoke(right, None, on, owner)));
    }
}

/// The fence itself.
fn database(look: &Look<'_>, name: &str, found: &ActualDatabase, out: &mut Vec<Found>) {
    let service = look.service_of(name);
    let kind = look.kind_of(name);
    let open =
        !look.desired.close_maintenance && matches!(kind, DatabaseKind::Maintenance | DatabaseKind::Template);
    // A closed database is an archive; nobody enters it until somebody opens it again.
    if !found.allow_connections && service.is_none() {
        return;
    }
    for entry in &found.acl {
        let right = Right {
            grantee: match &entry.grantee {
                Grantee::Public => None,
                Grantee::Role(role) => Some(role.to_string()),
            },
            grantor: entry.grantor.to_string(),
            privilege: entry.privilege.clone(),
            grantable: entry.grantable,
        };
        if right.grantee.as_deref() == Some(&found.owner) || open && right.grantee.is_none() {
            continue;
        }
        for user in look.users_of(&right) {
            let finding = match service {
                Some(_) => on_service(look, name, &right, user),
                None => on_room(look, &kind, &right, user),
            };
            let Some(finding) = finding else { continue };
            let object = format!("database {name}");
            let on = stmt!("DATABASE {db}", db = super::found::ident(name)).to_string();
            out.push(
                finding
                    .service(service)
                    .database(name)
                    .seen(seen(&right, user, &object))
                    .object(object)
                    .taking(&right, None, &on, &found.owner),
            );
        }
    }
}

fn on_service(look: &Look<'_>, name: &str, right: &Right, user: &str) -> Option<Found> {
    let own = look.service_of(name)?;
    let connect = right.privilege == "CONNECT";
    match look.managed(user) {
        None if user == PUBLIC && connect => Some(FOREIGN_CONNECT.of(PUBLIC)),
        None if user == PUBLIC => Some(PUBLIC_RIGHT.of(PUBLIC).at(weight(&right.privilege))),
        None if connect => Some(UNMANAGED_LOGIN.of(user)),
        None => Some(UNMANAGED_RIGHT.of(user)),
        Some((other, _)) if other.name != own.name && connect => Some(FOREIGN_CONNECT.of(user)),
        Some((other, _)) if other.name != own.name => {
            Some(FOREIGN_RIGHT.of(user).at(weight(&right.privilege)))
        }
        Some((_, kind)) => {
            let allowed: &[&str] = match kind {
                RoleKind::Owner => &["CREATE", "TEMPORARY"],
                RoleKind::Migrator | RoleKind::Readonly => &["CONNECT"],
                RoleKind::App => &["CONNECT", "TEMPORARY"],
            };
            match allowed.contains(&right.privilege.as_str()) {
                true => right.grantable.then(|| GRANT_OPTION.of(user)),
                false => Some(OWN_RIGHT.of(user).at(weight(&right.privilege))),
            }
        }
    }
}

fn on_room(look: &Look<'_>, kind: &DatabaseKind, right: &Right, user: &str) -> Option<Found> {
    let class = match kind {
        DatabaseKind::Template => TEMPLATE_CONNECT,
        DatabaseKind::Unmanaged => UNMANAGED_CONNECT,
        DatabaseKind::Maintenance | DatabaseKind::Service(_) => MAINTENANCE_CONNECT,
    };
    let reaches = user == PUBLIC || look.managed(user).is_some();
    match (reaches, right.privilege.as_str()) {
        (true, "CONNECT") => Some(class.of(user)),
        // Behind a closed door, and worth knowing.
        (true, _) => Some(FOREIGN_RIGHT.of(user).at(if user == PUBLIC { Low } else { Medium })),
        (false, "CONNECT") if *kind != DatabaseKind::Unmanaged => Some(class.of(user).at(Low)),
        (false, _) => None,
    }
}
