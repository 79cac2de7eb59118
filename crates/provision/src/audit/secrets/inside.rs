//! Texts inside databases. Stored passwords count anywhere. Others count only in a connection string for a
//! login other than the reader: a service's own texts may contain its own passwords.

use super::text::named;
use crate::audit::context::AuditSubject;
use crate::audit::context::{Audit, Database};
use crate::audit::roles::RoleClass;
use crate::catalog::{Leak, LeakedSecret};
use martydb_model::DesiredService;
use martydb_model::findings::Severity::{Critical, High, Low, Medium};
use martydb_model::findings::{FindingBuilder, PUBLIC, SECRET, UNSEARCHED};
use martydb_model::units::counted;

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        out.extend(db.catalog.texts.leaks.iter().filter_map(|leak| finding(&db, leak)));
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
    };
    Some(found.database(db.name).object(leak.object.clone()).evidence(format!("{} {words}", leak.object)))
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
