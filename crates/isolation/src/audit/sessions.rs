//! Runtime state: sessions, prepared transactions, replication.

use super::context::Audit;
use super::roles::RoleClass;
use martydb_catalog::{PreparedTransaction, ServerSession};
use martydb_model::findings::Severity::{Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PREPARED, PUBLIC, REPLICATION_OBJECT, SESSION};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{Literal, stmt};
use martydb_model::{RoleKind, RoleName};

/// Age in seconds from which a prepared transaction counts as forgotten; a younger one may be in use.
const FORGOTTEN_SECONDS: i64 = 300;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for session in &audit.snapshot.state.sessions {
        out.extend(of_session(audit, session));
    }
    prepared(audit, out);
    slots(audit, out);
    subscriptions(audit, out);
}

fn prepared(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for found in &audit.snapshot.state.prepared {
        let close = stmt!("ROLLBACK PREPARED {gid}", gid = Literal(found.gid.clone()));
        let may_commit = !audit.actors(&found.owner).is_empty();
        let changes = changes(audit, found).filter(|_| may_commit);
        let severity = match changes {
            Some(_) => High,
            None if found.seconds >= FORGOTTEN_SECONDS || found.silent && may_commit => Medium,
            None => Low,
        };
        let finding = PREPARED.of(&found.owner).at(severity).service(audit.service_of(&found.database));
        let finding = finding.database(&found.database).object(format!("prepared transaction {}", found.gid));
        let owner = &found.owner;
        let seen = match changes {
            Some(changes) => format!("; it {changes}, and {owner} may commit that"),
            None if found.silent => {
                format!("; it works on no table, so that {owner} may commit a GRANT, or what it makes")
            }
            None => String::new(),
        };
        let finding = finding.evidence(format!("{owner} prepared it at {}{seen}", found.since));
        out.push(finding.fix(Repair::drop(RepairScope::Database, close).outside_transactions()));
    }
}

/// Describes what a transaction changes beyond the objects of its owner's service: another role may have written in it before
/// SET ROLE.
fn changes(audit: &Audit<'_>, found: &PreparedTransaction) -> Option<String> {
    if let Some(catalogs) = &found.changes {
        return Some(format!("writes to {catalogs}"));
    }
    let service = |role: &str| audit.service_of_role(role).map(|service| &service.name);
    let is_own = |owner: &str| {
        owner == found.owner || service(owner).is_some_and(|of| service(&found.owner) == Some(of))
    };
    let pending = &audit.snapshot.databases.get(&found.database)?.pending;
    let mut of_others = pending.iter().filter(|change| change.gid == found.gid && !is_own(&change.owner));
    of_others.next().map(|change| format!("changes {} of {}", change.object, change.owner))
}

fn slots(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for slot in &audit.snapshot.state.slots {
        let service = slot.database.as_deref().and_then(|database| audit.service_of(database));
        let state = if slot.active { "in use" } else { "not in use" };
        let close = stmt!("SELECT pg_catalog.pg_drop_replication_slot({n})", n = Literal(slot.name.clone()));
        let finding = REPLICATION_OBJECT.of(PUBLIC).service(service).object(format!("slot {}", slot.name));
        let finding = finding.evidence(format!("the replication slot {} is {state}", slot.name));
        if is_of_split(&slot.name) {
            let advice = "a split needs it: see martydb split status; martydb split finish removes it";
            out.push(finding.advice(advice));
            continue;
        }
        out.push(finding.fix((!slot.active).then(|| Repair::drop(RepairScope::Server, close))));
    }
}

/// Returns `true` for a name that `martydb split` gives its slots: `mdb_`, 8 hexadecimal digits of the run, the service, and
/// `f` or `r`. The name decides only which fix is shown: without the slot a split loses its way back.
fn is_of_split(slot: &str) -> bool {
    let Some((run, rest)) = slot.strip_prefix("mdb_").and_then(|name| name.split_once('_')) else {
        return false;
    };
    let is_run = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_run && (rest.ends_with("_f") || rest.ends_with("_r"))
}

fn subscriptions(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for found in &audit.snapshot.state.subscriptions {
        let service = audit.service_of(&found.database);
        let severity = if audit.actors(&found.owner).is_empty() { Low } else { High };
        let mut sources = audit.snapshot.sources.iter().filter(|source| source.name == found.name);
        // The host is not compared: a database of the same name on another server is unlikely.
        let foreign = sources.find_map(|source| source.database()).filter(|from| *from != found.database);
        let (severity, exposed, from) = match foreign.and_then(|from| audit.service_of(&from)) {
            Some(exposed) => (Critical, Some(exposed), format!(", and copies from {}", exposed.database)),
            None => (severity, service, String::new()),
        };
        // The service for which the copy is made can read it.
        let reader = service.map(|own| own.role(RoleKind::App).as_str());
        let who = reader.filter(|_| severity == Critical).unwrap_or(&found.owner);
        let finding = REPLICATION_OBJECT.of(who).at(severity).service(exposed).database(&found.database);
        let finding = finding.object(format!("subscription {}", found.name));
        let seen = format!("the subscription {} belongs to {}{from}", found.name, found.owner);
        out.push(unsubscribed(finding.evidence(seen), &found.name, audit.actors(&found.owner).is_empty()));
    }
}

/// Adds the statements that drop a subscription. The server connects to the publisher, and drops the slot there, only by a
/// connection string that no service wrote.
fn unsubscribed(finding: FindingBuilder, name: &str, is_admins: bool) -> FindingBuilder {
    let name = || ident(name);
    let drop = Repair::drop(RepairScope::Database, stmt!("DROP SUBSCRIPTION {n}", n = name()));
    if is_admins {
        return finding.fix(drop.outside_transactions());
    }
    let alter = |change| Repair::alter(RepairScope::Database, change);
    let finding = finding.fix(alter(stmt!("ALTER SUBSCRIPTION {n} DISABLE", n = name())));
    let finding = finding.fix(alter(stmt!("ALTER SUBSCRIPTION {n} SET (slot_name = NONE)", n = name())));
    finding.fix(drop).advice("its slot stays at the publisher: drop it there")
}

/// Makes a finding about a session; nothing if its role may still be there.
fn of_session(audit: &Audit<'_>, session: &ServerSession) -> Option<FindingBuilder> {
    let Some(name) = &session.role else {
        return session.database.as_deref().map(|database| of_dropped_role(audit, session, database));
    };
    let role = audit.role(name).filter(|role| audit.roles.class_of(role) != RoleClass::Trusted)?;
    match session.database.as_deref() {
        _ if session.streams && !audit.actual.roles[role].replication => {
            Some(streaming(audit, session, role))
        }
        Some(database) if !audit.can_connect(role, database) || session.open == Some(false) => {
            Some(outlived(audit, session, role, database))
        }
        _ => None,
    }
}

fn since(session: &ServerSession) -> &str {
    session.since.as_deref().unwrap_or("an unknown time")
}

fn ended(finding: FindingBuilder, session: &ServerSession) -> FindingBuilder {
    let close = stmt!("SELECT pg_catalog.pg_terminate_backend({pid})", pid = session.pid);
    finding.object(format!("session {}", session.pid)).fix(Repair::drop(RepairScope::Server, close))
}

/// Reports a session in a database to which its role can no longer connect, or of a role that may no longer log in.
fn outlived(audit: &Audit<'_>, session: &ServerSession, role: &RoleName, database: &str) -> FindingBuilder {
    let service = audit.service_of(database);
    let severity = match service {
        Some(_) if audit.is_of(role.as_str(), service) => Low,
        Some(_) => High,
        None => Medium,
    };
    let since = since(session);
    let seen =
        format!("pid {} of {role} is in {database} since {since}, and may no longer connect", session.pid);
    let found = SESSION.of(role.as_str()).at(severity).service(service).database(database);
    ended(found.evidence(seen), session)
}

/// Reports a session of a dropped role, which keeps the role's privileges.
fn of_dropped_role(audit: &Audit<'_>, session: &ServerSession, database: &str) -> FindingBuilder {
    let seen =
        format!("pid {} is in {database} since {}, and its role was dropped", session.pid, since(session));
    let service = audit.service_of(database);
    let found = SESSION.of("(dropped role)").at(if service.is_some() { High } else { Medium });
    ended(found.service(service).database(database).evidence(seen), session)
}

/// Reports a replication connection, which is checked only once and then gets every change of every database.
fn streaming(audit: &Audit<'_>, session: &ServerSession, role: &RoleName) -> FindingBuilder {
    let since = since(session);
    let seen = format!(
        "pid {} of {role} streams the whole server since {since}, and may no longer do so",
        session.pid
    );
    ended(SESSION.of(role.as_str()).service(audit.service_of_role(role.as_str())).evidence(seen), session)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, row};

    fn session(role: Option<&str>, database: &str, change: impl FnOnce(&mut Value)) -> Server {
        let mut found = json!({
            "pid": 7, "role": role, "open": true, "streams": false, "database": database, "application": null, "since": null,
        });
        change(&mut found);
        healthy().unmanaged("ghost").with(|snapshot| snapshot.state.sessions.push(row(found)))
    }

    #[test]
    fn a_session_that_outlived_a_revoke_is_named() {
        let line = |severity, service, role, database| {
            format!("{severity} | session-outlived-revoke | {service} | {role} | {database} | session 7")
        };
        assert_grave([
            (session(Some("red_app"), "blue_db", |_| {}), &[&line("high", "blue", "red_app", "blue_db")]),
            (session(Some("ghost"), "postgres", |_| {}), &[&line("medium", "-", "ghost", "postgres")]),
            (session(None, "blue_db", |_| {}), &[&line("high", "blue", "(dropped role)", "blue_db")]),
            (session(None, "postgres", |_| {}), &[&line("medium", "-", "(dropped role)", "postgres")]),
            (
                session(Some("ghost"), "red_db", |found| found["streams"] = true.into()),
                &["high | session-outlived-revoke | - | ghost | - | session 7"],
            ),
            (session(Some("red_app"), "red_db", |_| {}), &[]),
            (session(Some("postgres"), "blue_db", |_| {}), &[]),
        ]);
        let closed = session(Some("red_app"), "red_db", |found| found["open"] = false.into());
        assert_eq!(closed.found(), [line("low", "red", "red_app", "red_db")]);
    }

    #[test]
    fn a_prepared_transaction_that_its_owner_may_commit_is_named_by_what_it_changes() {
        let prepared = |owner: &str, seconds: i64, changes: Option<&str>| {
            let found = json!({
                "gid": "work", "owner": owner, "database": "red_db", "since": "now", "seconds": seconds, "changes": changes,
            });
            healthy().with(|snapshot| snapshot.state.prepared.push(row(found)))
        };
        let line = |severity, role| {
            format!("{severity} | prepared-transaction | red | {role} | red_db | prepared transaction work")
        };
        let catalog = Some("pg_auth_members");
        assert_eq!(prepared("red_migrator", 1, catalog).found(), [line("high", "red_migrator")]);
        assert_eq!(prepared("red_app", 600, None).found(), [line("medium", "red_app")]);
        assert_eq!(prepared("red_app", 1, None).found(), [line("low", "red_app")]);
        assert_eq!(prepared("postgres", 1, catalog).found(), [line("low", "postgres")]);
        let pending = |owner: &str| {
            let change = row(json!({ "gid": "work", "object": "function ops.run(text)", "owner": owner }));
            prepared("red_app", 1, None).inside("red_db", |catalog| catalog.pending.push(change)).found()
        };
        assert_eq!(pending("postgres"), [line("high", "red_app")]);
        assert_eq!(pending("red_owner"), [line("low", "red_app")]);
        let silent = prepared("red_app", 1, None).with(|snapshot| snapshot.state.prepared[0].silent = true);
        assert_eq!(silent.found(), [line("medium", "red_app")]);
    }

    #[test]
    fn a_subscription_that_copies_another_service_is_critical() {
        let subscription = |owner: &str, from: Option<&str>, escaped: bool| {
            let found = json!({ "name": "copied", "owner": owner, "database": "red_db" });
            let source = json!({ "name": "copied", "from": from, "escaped": escaped });
            healthy().with(|snapshot| {
                snapshot.state.subscriptions.push(row(found));
                snapshot.sources.push(row(source));
            })
        };
        let copied = "critical | replication-object | blue | red_app | red_db | subscription copied";
        assert_finds(&subscription("postgres", Some("blue_db"), false), copied);
        assert_finds(&subscription("postgres", Some("blue%5Fdb"), true), copied);
        let own = "high | replication-object | red | red_owner | red_db | subscription copied";
        assert_finds(&subscription("red_owner", Some("far"), false), own);
        assert_eq!(subscription("postgres", Some("far"), false).grave(), NOTHING);
    }

    #[test]
    fn a_subscription_of_a_service_is_dropped_without_a_connection_to_its_publisher() {
        let fix = |owner: &str| {
            let found = json!({ "name": "copied", "owner": owner, "database": "red_db" });
            let server = healthy().with(|snapshot| snapshot.state.subscriptions.push(row(found)));
            let findings = crate::audit::audit(&server.desired, &server.snapshot, &|_| None);
            findings[0].fix.as_ref().unwrap().to_string()
        };
        assert_eq!(fix("postgres"), "DROP SUBSCRIPTION \"copied\";");
        let detached = "ALTER SUBSCRIPTION \"copied\" DISABLE;\nALTER SUBSCRIPTION \"copied\" SET (slot_name = NONE);\nDROP SUBSCRIPTION \"copied\";";
        assert!(fix("red_owner").starts_with(detached));
    }

    #[test]
    fn a_slot_is_a_note_and_that_of_a_split_stays() {
        let slot = |name: &str| {
            let found = json!({ "name": name, "database": "red_db", "active": false });
            let server = healthy().with(|snapshot| snapshot.state.slots.push(row(found)));
            let findings = crate::audit::audit(&server.desired, &server.snapshot, &|_| None);
            findings[0].fix.as_ref().unwrap().to_string()
        };
        assert!(slot("left").contains("pg_drop_replication_slot"));
        assert!(slot("mdb_0badc0de_red_f").starts_with("-- a split needs it"));
    }
}
