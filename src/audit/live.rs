//! What goes on now: sessions, prepared transactions, replication.

use super::facts::Session;
use super::found::{Found, Look};
use super::kinds::{PREPARED, REPLICATION_OBJECT, SESSION};
use super::who::Who;
use crate::model::{RoleKind, RoleName};
use crate::probe::Severity::{Critical, High, Low, Medium};
use crate::sql::Literal;
use crate::stmt;

/// Younger prepared transactions are somebody's at work.
const FORGOTTEN_SECONDS: i64 = 300;

pub fn audit(look: &Look<'_>, out: &mut Vec<Found>) {
    sessions(look, out);
    for found in &look.facts.cluster.prepared {
        let service = look.service_of(&found.database);
        let severity = if found.seconds >= FORGOTTEN_SECONDS { Medium } else { Low };
        let seen = format!("{} prepared it at {}", found.owner, found.since);
        let finding =
            PREPARED.of(found.owner.as_str()).at(severity).service(service).database(found.database.as_str());
        let close = stmt!("ROLLBACK PREPARED {gid}", gid = Literal(found.gid.clone()));
        out.push(finding.object(format!("prepared transaction {}", found.gid)).seen(seen).close(close));
    }
    for slot in &look.facts.cluster.slots {
        let service = slot.database.as_deref().and_then(|database| look.service_of(database));
        let state = if slot.active { "read from" } else { "read by nobody" };
        let finding = REPLICATION_OBJECT
            .of(super::found::PUBLIC)
            .service(service)
            .object(format!("slot {}", slot.name));
        let finding = finding.seen(format!("the replication slot {} is {state}", slot.name));
        let close = stmt!("SELECT pg_catalog.pg_drop_replication_slot({n})", n = Literal(slot.name.clone()));
        out.push(if slot.active { finding } else { finding.close(close) });
    }
    for found in &look.facts.cluster.subscriptions {
        let service = look.service_of(&found.database);
        let severity = if look.behind(&found.owner).is_empty() { Low } else { High };
        let mut sources = look.facts.sources.iter().filter(|source| source.name == found.name);
        // The host is not compared: a name that is a service's here hardly means another server's by chance.
        let foreign =
            sources.find_map(|source| source.from.as_deref()).filter(|from| *from != found.database);
        let (severity, service, from) = match foreign.and_then(|from| look.service_of(from)) {
            Some(exposed) => (Critical, Some(exposed), format!(", and copies from {}", exposed.database)),
            None => (severity, service, String::new()),
        };
        // Whoever reads the copy: the service that it is made for.
        let gains = look.service_of(&found.database).map(|own| own.role(RoleKind::App).as_str());
        let who = gains.filter(|_| severity == Critical).unwrap_or(&found.owner);
        let finding =
            REPLICATION_OBJECT.of(who).at(severity).service(service).database(found.database.as_str());
        out.push(
            finding
                .object(format!("subscription {}", found.name))
                .seen(format!("the subscription {} belongs to {}{from}", found.name, found.owner)),
        );
    }
}

fn sessions(look: &Look<'_>, out: &mut Vec<Found>) {
    for session in &look.facts.cluster.sessions {
        let Some(name) = &session.role else {
            out.extend(session.database.as_deref().map(|database| orphan(look, session, database)));
            continue;
        };
        let Some(role) = look.role(name).filter(|role| look.roles.who(role) != Who::Trusted) else {
            continue;
        };
        let found = &look.actual.roles[role];
        match session.database.as_deref() {
            _ if session.streams && !found.replication => out.push(streaming(look, session, name)),
            Some(database) if !look.may_enter(role, database) || session.open == Some(false) => {
                out.push(outlived(look, session, role, database));
            }
            _ => {}
        }
    }
}

fn since(session: &Session) -> &str {
    session.since.as_deref().unwrap_or("a time that the admin may not see")
}

fn ended(finding: Found, session: &Session) -> Found {
    finding
        .object(format!("session {}", session.pid))
        .close(stmt!("SELECT pg_catalog.pg_terminate_backend({pid})", pid = session.pid))
}

/// In a database that its role may not enter any more, or as a role that may not log in any more.
fn outlived(look: &Look<'_>, session: &Session, role: &RoleName, database: &str) -> Found {
    let own = look.roles.managed(role).is_some_and(|(service, _)| service.database.as_str() == database);
    let severity = match (own, look.service_of(database).is_some()) {
        (true, _) => Low,
        (false, true) => High,
        (false, false) => Medium,
    };
    let seen = format!(
        "pid {} of {role} is in {database} since {}, and may no longer connect",
        session.pid,
        since(session)
    );
    let finding =
        SESSION.of(role.as_str()).at(severity).service(look.service_of(database)).database(database);
    ended(finding.seen(seen), session)
}

/// What its role could do when it was dropped, it may do still.
fn orphan(look: &Look<'_>, session: &Session, database: &str) -> Found {
    let seen =
        format!("pid {} is in {database} since {}, and its role was dropped", session.pid, since(session));
    let severity = if look.service_of(database).is_some() { High } else { Medium };
    let finding =
        SESSION.of("(dropped role)").at(severity).service(look.service_of(database)).database(database);
    ended(finding.seen(seen), session)
}

/// A stream is let in once, and then gets every change of every database.
fn streaming(look: &Look<'_>, session: &Session, role: &str) -> Found {
    let seen = format!(
        "pid {} of {role} streams the whole server since {}, and may no longer",
        session.pid,
        since(session)
    );
    let service = look.managed(role).map(|(service, _)| service);
    ended(SESSION.of(role).service(service).seen(seen), session)
}
