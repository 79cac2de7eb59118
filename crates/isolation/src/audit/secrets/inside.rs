//! Texts inside databases. Stored passwords count anywhere. Others count in a connection string for a login other than
//! the reader, because a service's own texts may contain its own passwords, and if they have the shape of a token.

use super::text::named;
use crate::audit::context::AuditSubject;
use crate::audit::context::{Audit, Database};
use crate::audit::roles::RoleClass;
use martydb_catalog::{Leak, LeakedSecret, VERIFIER, VerifierCopy};
use martydb_model::DesiredService;
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, SECRET, UNSEARCHED};
use martydb_model::units::counted;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        out.extend(db.catalog.texts.leaks.iter().filter_map(|leak| finding(&db, leak)));
        out.extend(db.catalog.texts.copies.iter().filter_map(|copy| verifiers(&db, copy)));
        unsearched(&db, out);
    }
}

fn finding(db: &Database<'_>, leak: &Leak) -> Option<FindingBuilder> {
    let reader = leak.reader.as_deref();
    // A text that only superusers can read is not exposed.
    if reader.is_some_and(|name| db.audit.actors(name).is_empty()) {
        return None;
    }
    let of_reader = |service: Option<&DesiredService>| {
        let own = reader.and_then(|name| db.audit.service_of_role(name));
        own.is_some() && own.map(|own| &own.name) == service.map(|service| &service.name)
    };
    let role = reader.unwrap_or(PUBLIC);
    let (found, words) = match &leak.secret {
        LeakedSecret::Stored(service) => {
            let service = named(db.audit, service);
            let found = (!of_reader(service)).then(|| SECRET.of(role).at(Critical).service(service))?;
            (found, "contains a password of the secret store".to_owned())
        }
        LeakedSecret::ConnectionString(user) => {
            let service = exposed(db, user)?;
            let found = (!of_reader(service)).then(|| SECRET.of(role).at(High).service(service))?;
            (found, format!("contains a connection string with a password of {user}"))
        }
        // Rows are what a table is for: what they are depends on more than their shape.
        LeakedSecret::Shape(_) if leak.object.starts_with("the rows of ") => return None,
        LeakedSecret::Shape(name) => {
            let found =
                (!of_reader(db.service)).then(|| SECRET.of(role).at(weight(db, name)).service(db.service))?;
            (found, format!("contains {name}"))
        }
    };
    Some(found.database(db.name).object(leak.object.clone()).evidence(format!("{} {words}", leak.object)))
}

/// Returns the severity of a token that the logins of this database can read, read-only ones included. A verifier is a
/// secret of the whole server.
fn weight(db: &Database<'_>, name: &str) -> Severity {
    match db.service.is_some() || db.is_visited() {
        true if name == VERIFIER => High,
        true => Medium,
        false => Low,
    }
}

/// Reports a table with the columns of pg_authid to a reader that is not a superuser.
fn verifiers(db: &Database<'_>, copy: &VerifierCopy) -> Option<FindingBuilder> {
    let readers = copy.readers.iter().flat_map(|reader| match reader {
        Some(role) => db.audit.actors(role),
        None => vec![PUBLIC],
    });
    let reader =
        readers.min_by_key(|reader| (*reader != PUBLIC, db.audit.managed(reader).is_none(), *reader))?;
    let severity = if db.is_granted_by_name(reader) { Medium } else { High };
    let seen = format!(
        "{} has rows and the columns of pg_authid or pg_shadow, and {reader} can read it: a password can be guessed from its verifier without a login attempt",
        copy.table
    );
    let found = SECRET.of(reader).at(severity).inside(db).object(copy.table.clone()).evidence(seen);
    Some(found.advice(&format!("drop {}, and change the passwords whose verifiers it contains", copy.table)))
}

/// Returns the service that a user's password exposes: another than this database's, or `None` for a user with
/// power over the server. Nothing if the user does not exist, or has no access that the readers lack.
fn exposed<'a>(db: &Database<'a>, user: &str) -> Option<Option<&'a DesiredService>> {
    let role = db.audit.role(user)?;
    match db.audit.roles.class_of(role) {
        RoleClass::Managed(service, _) => (!db.is_own(user)).then_some(Some(service)),
        _ => {
            let found = &db.audit.actual.roles[role];
            (found.login && found.has_server_power()).then_some(None)
        }
    }
}

fn unsearched(db: &Database<'_>, out: &mut Vec<FindingBuilder>) {
    let objects = usize::try_from(db.catalog.texts.unsearched_objects).unwrap_or(usize::MAX);
    if objects > 0 {
        let seen = format!("{} were not searched to the end for secrets", counted(objects, "large object"));
        out.push(UNSEARCHED.of(PUBLIC).at(Low).inside(db).object("large objects").evidence(seen));
    }
    for (owner, left) in &db.catalog.texts.unsearched {
        let whose = owner.as_ref().map_or(String::new(), |owner| format!(" of {owner}"));
        let such = left.first.as_ref().map_or(String::new(), |first| format!(", such as {first},"));
        let texts = usize::try_from(left.texts).unwrap_or(usize::MAX);
        let seen = format!(
            "{} bytes in {}{whose}{such} were not searched for passwords of the secret store",
            left.bytes,
            counted(texts, "text")
        );
        let role = owner.clone().unwrap_or_else(|| PUBLIC.into());
        let severity = if db.service.is_some() || db.is_visited() { Medium } else { Low };
        out.push(UNSEARCHED.of(role).at(severity).inside(db).object(format!("texts{whose}")).evidence(seen));
    }
}
