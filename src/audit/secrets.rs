//! Secrets where every login can read them: comments and settings of shared catalogues, and what sessions call
//! themselves. Known ones are compared; unknown ones give themselves away by the words around them.

mod words;

use std::collections::BTreeSet;

use super::context::Audit;
use crate::catalog::KnownPasswords;
use crate::findings::Severity::Critical;
use crate::findings::{FindingBuilder, PUBLIC};
use crate::findings::{SECRET, UNSEARCHED};
use crate::grants::{Repair, RepairScope, ident, reset_setting};
use crate::model::{DbName, DesiredService};
use crate::sql::stmt;
use crate::sql::{Literal, Statement};
use crate::units::counted;

pub use words::announces;

/// A text that every login of the server can read.
struct Text<'a> {
    text: String,
    /// What it is of the object.
    what: String,
    object: String,
    service: Option<&'a DesiredService>,
    repair: Option<Repair>,
}

pub fn judge(audit: &Audit<'_>, known: KnownPasswords<'_>, out: &mut Vec<FindingBuilder>) {
    let texts = comments(audit).into_iter().chain(settings(audit)).chain(sessions(audit, known));
    out.extend(texts.filter_map(|text| told(audit, known, text)));
    inside(audit, out);
}

fn comments<'a>(audit: &Audit<'a>) -> Vec<Text<'a>> {
    let comment = |text: &Option<String>, object: String, service, close| {
        let text = text.clone()?;
        let repair = Some(Repair::alter(RepairScope::Server, close));
        Some(Text { text, what: "the comment".into(), object, service, repair })
    };
    let roles = audit.actual.roles.iter().filter_map(|(role, found)| {
        let service = audit.roles.managed(role).map(|(service, _)| service);
        let close = stmt!(
            "COMMENT ON ROLE {role} IS {marker}",
            role = role,
            marker = left(audit, service, found.comment.as_deref())
        );
        comment(&found.comment, format!("role {role}"), service, close)
    });
    let databases = audit.actual.databases.iter().filter_map(|(name, found)| {
        let service = audit.service_of(name.as_str());
        let close = stmt!(
            "COMMENT ON DATABASE {db} IS {marker}",
            db = name,
            marker = left(audit, service, found.comment.as_deref())
        );
        comment(&found.comment, format!("database {name}"), service, close)
    });
    let spaces = audit.snapshot.state.tablespaces.iter().filter_map(|space| {
        let close = stmt!("COMMENT ON TABLESPACE {n} IS NULL", n = ident(&space.name));
        comment(&space.comment, format!("tablespace {}", space.name), None, close)
    });
    roles.chain(databases).chain(spaces).collect()
}

/// What a comment says once it tells nothing: whose the role or the database is, this manifest's or another's.
fn left(audit: &Audit<'_>, service: Option<&DesiredService>, comment: Option<&str>) -> Statement {
    let others =
        comment.and_then(|text| text.split_whitespace().next()).filter(|word| word.starts_with("martydb:"));
    match (service, others) {
        (Some(_), _) => stmt!("{marker}", marker = Literal(audit.desired.marker())),
        (None, Some(marker)) => stmt!("{marker}", marker = Literal(marker.into())),
        (None, None) => stmt!("NULL"),
    }
}

fn settings<'a>(audit: &Audit<'a>) -> Vec<Text<'a>> {
    let setting = |name: &str, value: &str, object: String, service, repair| Text {
        text: format!("{name}={value}"),
        what: format!("the setting {name}"),
        object,
        service,
        repair: Some(repair),
    };
    let databases = audit.actual.databases.iter().flat_map(|(name, found)| {
        found.settings.iter().map(move |(key, value)| {
            let repair = reset_setting(None, Some(name.as_str()), key);
            setting(key, value, format!("database {name}"), audit.service_of(name.as_str()), repair)
        })
    });
    let roles = audit.actual.role_settings.iter().map(|row| {
        let database = row.database.as_ref().map(DbName::as_str);
        let repair = reset_setting(Some(row.role.as_str()), database, &row.name);
        let service = audit.roles.managed(&row.role).map(|(service, _)| service);
        setting(&row.name, &row.value, format!("role {}", row.role), service, repair)
    });
    databases.chain(roles).collect()
}

/// Once for each role: sessions come and go, and an `allow:` entry must keep matching.
fn sessions<'a>(audit: &Audit<'a>, known: KnownPasswords<'_>) -> Vec<Text<'a>> {
    let mut roles = BTreeSet::new();
    let mut texts = vec![];
    for session in &audit.snapshot.state.sessions {
        let (Some(role), Some(text)) = (&session.role, &session.application) else { continue };
        if (known(text).is_some() || announces(text)) && roles.insert(role) {
            texts.push(Text {
                text: text.clone(),
                what: format!("the application_name (pid {})", session.pid),
                object: format!("sessions of {role}"),
                service: audit.managed(role).map(|(service, _)| service),
                repair: None,
            });
        }
    }
    texts
}

/// Inside a database only known passwords count: its own texts may speak of passwords as they like.
fn inside(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for leak in &db.catalog.leaks {
            let seen = format!("{} holds a password of the secret store", leak.object);
            let finding =
                SECRET.of(PUBLIC).at(Critical).service(named(audit, &leak.service)).database(db.name);
            out.push(finding.object(leak.object.clone()).seen(seen));
        }
        for (owner, left) in &db.catalog.unsearched {
            let whose = owner.as_ref().map_or(String::new(), |owner| format!(" of {owner}"));
            let such = left.first.as_ref().map_or(String::new(), |first| format!(", such as {first},"));
            let texts = usize::try_from(left.texts).unwrap_or(usize::MAX);
            let seen = format!(
                "{} bytes in {}{whose}{such} were not searched for passwords of the secret store",
                left.bytes,
                counted(texts, "text")
            );
            let role = owner.clone().unwrap_or_else(|| PUBLIC.into());
            out.push(UNSEARCHED.of(role).inside(&db).object(format!("texts{whose}")).seen(seen));
        }
    }
}

fn named<'a>(audit: &Audit<'a>, service: &str) -> Option<&'a DesiredService> {
    audit.desired.services.values().find(|one| one.name.as_str() == service)
}

/// The text itself is never repeated: it would be in one more place.
fn told(audit: &Audit<'_>, known: KnownPasswords<'_>, found: Text<'_>) -> Option<FindingBuilder> {
    let Text { text, what, object, service, repair } = found;
    let finding = match (known(&text), announces(&text)) {
        // The password's service is exposed, wherever the text stands.
        (Some(whose), _) => SECRET
            .of(PUBLIC)
            .at(Critical)
            .service(named(audit, &whose))
            .seen(format!("{what} of {object} holds a password of the secret store")),
        (None, true) => {
            SECRET.of(PUBLIC).service(service).seen(format!("{what} of {object} reads like a secret"))
        }
        (None, false) => return None,
    };
    Some(finding.object(object).fix(repair))
}
