//! What goes on now: sessions, prepared transactions, replication.

use super::found::{Found, Look};
use super::kinds::{PREPARED, REPLICATION_OBJECT, SESSION};
use super::who::Who;
use crate::probe::Severity::{High, Low, Medium};
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
        let finding = REPLICATION_OBJECT
            .of(found.owner.as_str())
            .at(severity)
            .service(service)
            .database(found.database.as_str());
        out.push(
            finding
                .object(format!("subscription {}", found.name))
                .seen(format!("the subscription {} belongs to {}", found.name, found.owner)),
        );
    }
}

fn sessions(look: &Look<'_>, out: &mut Vec<Found>) {
    for session in &look.facts.cluster.sessions {
        let Some(database) = session.database.as_deref() else { continue };
        let Some(role) = look.role(&session.role) else { continue };
        if look.roles.who(role) == Who::Trusted || look.may_enter(role, database) {
            continue;
        }
        let since = session.since.as_deref().unwrap_or("a time that the admin may not see");
        let own = look.roles.managed(role).is_some_and(|(service, _)| service.database.as_str() == database);
        let severity = match (own, look.service_of(database).is_some()) {
            (true, _) => Low,
            (false, true) => High,
            (false, false) => Medium,
        };
        let seen = format!(
            "pid {} of {} is in {database} since {since}, and may no longer connect",
            session.pid, session.role
        );
        out.push(
            SESSION
                .of(session.role.as_str())
                .at(severity)
                .service(look.service_of(database))
                .database(database)
                .object(format!("session {}", session.pid))
                .seen(seen)
                .close(stmt!("SELECT pg_catalog.pg_terminate_backend({pid})", pid = session.pid)),
        );
    }
}
