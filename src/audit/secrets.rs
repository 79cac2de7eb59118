//! Secrets where every login can read them: comments and settings of shared catalogues, and what sessions call
//! themselves. Known ones are compared; unknown ones give themselves away by the words around them.

mod words;

use std::collections::BTreeSet;

use super::context::Audit;
use crate::catalog::KnownPasswords;
use crate::findings::Severity::Critical;
use crate::findings::{FindingBuilder, PUBLIC, SECRET, UNSEARCHED};
use crate::grants::{Repair, RepairScope, ident, reset_setting};
use crate::model::{DbName, DesiredService};
use crate::sql::{Keyword, Literal, Statement, stmt};
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
    let comment = |kind: &'static str, name: &str, text: &Option<String>, service, left: Statement| {
        let on = stmt!("{kind} {name}", kind = Keyword(kind), name = ident(name));
        let close = stmt!("COMMENT ON {on} IS {left}", on = on, left = left);
        let repair = Some(Repair::alter(RepairScope::Server, close));
        let object = format!("{} {name}", kind.to_lowercase());
        Some(Text { text: text.clone()?, what: "the comment".into(), object, service, repair })
    };
    let roles = audit.actual.roles.iter().filter_map(|(role, found)| {
        let service = audit.service_of_role(role.as_str());
        let left = left(audit, service, found.comment.as_deref());
        comment("ROLE", role.as_str(), &found.comment, service, left)
    });
    let databases = audit.actual.databases.iter().filter_map(|(name, found)| {
        let service = audit.service_of(name.as_str());
        let left = left(audit, service, found.comment.as_deref());
        comment("DATABASE", name.as_str(), &found.comment, service, left)
    });
    let spaces = audit.snapshot.state.tablespaces.iter();
    let spaces =
        spaces.filter_map(|space| comment("TABLESPACE", &space.name, &space.comment, None, stmt!("NULL")));
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
    let of_databases = audit.actual.databases.iter().flat_map(|(database, found)| {
        found.settings.iter().map(|(name, value)| (None, Some(database.as_str()), name, value))
    });
    let of_roles = audit.actual.role_settings.iter().map(|row| {
        (Some(row.role.as_str()), row.database.as_ref().map(DbName::as_str), &row.name, &row.value)
    });
    let setting = |(role, database, name, value): (Option<&str>, Option<&str>, &String, &String)| {
        let (object, service) = match role {
            Some(role) => (format!("role {role}"), audit.service_of_role(role)),
            None => {
                let database = database.unwrap_or_default();
                (format!("database {database}"), audit.service_of(database))
            }
        };
        let (text, what) = (format!("{name}={value}"), format!("the setting {name}"));
        Text { text, what, object, service, repair: Some(reset_setting(role, database, name)) }
    };
    of_databases.chain(of_roles).map(setting).collect()
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
                service: audit.service_of_role(role),
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
            let found = SECRET.of(PUBLIC).at(Critical).service(named(audit, &leak.service));
            out.push(found.database(db.name).object(leak.object.clone()).seen(seen));
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
    let (finding, words) = match known(&text) {
        // The password's service is exposed, wherever the text stands.
        Some(whose) => {
            let finding = SECRET.of(PUBLIC).at(Critical).service(named(audit, &whose));
            (finding, "holds a password of the secret store")
        }
        None if announces(&text) => (SECRET.of(PUBLIC).service(service), "reads like a secret"),
        None => return None,
    };
    Some(finding.seen(format!("{what} of {object} {words}")).object(object).fix(repair))
}
