//! Secrets where every login can read them: comments and settings of shared catalogues, and what sessions call
//! themselves. Known ones are compared; unknown ones give themselves away by the words around them.

mod words;

use std::collections::BTreeSet;

use super::found::{Found, Look, PUBLIC, ident};
use super::kinds::{SECRET, UNSEARCHED};
use crate::model::DesiredService;
use crate::probe::Severity::Critical;
use crate::sql::{Literal, Qualified, Statement};
use crate::stmt;
use crate::units::counted;

pub use words::announces;

/// Says whose password of the store a text holds, if it holds one: a service.
pub type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A text that every login of the server can read.
struct Text<'a> {
    text: String,
    /// What it is of the object.
    what: String,
    object: String,
    service: Option<&'a DesiredService>,
    close: Option<Statement>,
}

pub fn audit(look: &Look<'_>, known: Known<'_>, out: &mut Vec<Found>) {
    let texts = comments(look).into_iter().chain(settings(look)).chain(sessions(look, known));
    out.extend(texts.filter_map(|text| judge(look, known, text)));
    inside(look, out);
}

fn comments<'a>(look: &Look<'a>) -> Vec<Text<'a>> {
    let comment = |text: &Option<String>, object: String, service, close| {
        let text = text.clone()?;
        Some(Text { text, what: "the comment".into(), object, service, close: Some(close) })
    };
    let roles = look.actual.roles.iter().filter_map(|(role, found)| {
        let service = look.roles.managed(role).map(|(service, _)| service);
        let close = stmt!(
            "COMMENT ON ROLE {role} IS {marker}",
            role = role,
            marker = left(look, service, found.comment.as_deref())
        );
        comment(&found.comment, format!("role {role}"), service, close)
    });
    let databases = look.actual.databases.iter().filter_map(|(name, found)| {
        let service = look.service_of(name.as_str());
        let close = stmt!(
            "COMMENT ON DATABASE {db} IS {marker}",
            db = name,
            marker = left(look, service, found.comment.as_deref())
        );
        comment(&found.comment, format!("database {name}"), service, close)
    });
    let spaces = look.facts.cluster.tablespaces.iter().filter_map(|space| {
        let close = stmt!("COMMENT ON TABLESPACE {n} IS NULL", n = ident(&space.name));
        comment(&space.comment, format!("tablespace {}", space.name), None, close)
    });
    roles.chain(databases).chain(spaces).collect()
}

/// What a comment says once it tells nothing: whose the role or the database is, this manifest's or another's.
fn left(look: &Look<'_>, service: Option<&DesiredService>, comment: Option<&str>) -> Statement {
    let others =
        comment.and_then(|text| text.split_whitespace().next()).filter(|word| word.starts_with("martydb:"));
    match (service, others) {
        (Some(_), _) => stmt!("{marker}", marker = Literal(look.desired.marker())),
        (None, Some(marker)) => stmt!("{marker}", marker = Literal(marker.into())),
        (None, None) => stmt!("NULL"),
    }
}

fn settings<'a>(look: &Look<'a>) -> Vec<Text<'a>> {
    let setting = |name: &str, value: &str, object: String, service, close| Text {
        text: format!("{name}={value}"),
        what: format!("the setting {name}"),
        object,
        service,
        close: Some(close),
    };
    let parts = |name: &str| Qualified(name.split('.').map(String::from).collect());
    let databases = look.actual.databases.iter().flat_map(|(name, found)| {
        found.settings.iter().map(move |(key, value)| {
            let close = stmt!("ALTER DATABASE {db} RESET {s}", db = name, s = parts(key));
            setting(key, value, format!("database {name}"), look.service_of(name.as_str()), close)
        })
    });
    let roles = look.actual.role_settings.iter().map(|row| {
        let place =
            row.database.as_ref().map_or(stmt!(""), |database| stmt!(" IN DATABASE {db}", db = database));
        let close =
            stmt!("ALTER ROLE {r}{place} RESET {s}", r = row.role, place = place, s = parts(&row.name));
        let service = look.roles.managed(&row.role).map(|(service, _)| service);
        setting(&row.name, &row.value, format!("role {}", row.role), service, close)
    });
    databases.chain(roles).collect()
}

/// Once for each role: its sessions come and go, and an exception is for what stays.
fn sessions<'a>(look: &Look<'a>, known: Known<'_>) -> Vec<Text<'a>> {
    let mut told = BTreeSet::new();
    let mut texts = vec![];
    for session in &look.facts.cluster.sessions {
        let (Some(role), Some(text)) = (&session.role, &session.application) else { continue };
        if (known(text).is_some() || announces(text)) && told.insert(role) {
            texts.push(Text {
                text: text.clone(),
                what: format!("the application_name (pid {})", session.pid),
                object: format!("sessions of {role}"),
                service: look.managed(role).map(|(service, _)| service),
                close: None,
            });
        }
    }
    texts
}

/// Inside a database only what is known counts: its own people write about passwords as they like.
fn inside(look: &Look<'_>, out: &mut Vec<Found>) {
    for room in look.rooms() {
        for leak in &room.inside.leaks {
            let seen = format!("{} holds a password of the secret store", leak.object);
            let finding =
                SECRET.of(PUBLIC).at(Critical).service(named(look, &leak.service)).database(room.name);
            out.push(finding.object(leak.object.clone()).seen(seen));
        }
        for (owner, left) in &room.inside.unsearched {
            let whose = owner.as_ref().map_or(String::new(), |owner| format!(" of {owner}"));
            let such = left.first.as_ref().map_or(String::new(), |first| format!(", such as {first},"));
            let texts = usize::try_from(left.texts).unwrap_or(usize::MAX);
            let seen = format!(
                "{} bytes in {}{whose}{such} were not searched for passwords of the secret store",
                left.bytes,
                counted(texts, "text")
            );
            let role = owner.clone().unwrap_or_else(|| PUBLIC.into());
            out.push(UNSEARCHED.of(role).room(&room).object(format!("texts{whose}")).seen(seen));
        }
    }
}

fn named<'a>(look: &Look<'a>, service: &str) -> Option<&'a DesiredService> {
    look.desired.services.values().find(|one| one.name.as_str() == service)
}

/// The text itself is never repeated: it would be in one more place.
fn judge(look: &Look<'_>, known: Known<'_>, found: Text<'_>) -> Option<Found> {
    let Text { text, what, object, service, close } = found;
    let finding = match (known(&text), announces(&text)) {
        // Exposed is whose it is, wherever it stands.
        (Some(whose), _) => SECRET
            .of(PUBLIC)
            .at(Critical)
            .service(named(look, &whose))
            .seen(format!("{what} of {object} holds a password of the secret store")),
        (None, true) => {
            SECRET.of(PUBLIC).service(service).seen(format!("{what} of {object} reads like a secret"))
        }
        (None, false) => return None,
    };
    let finding = finding.object(object);
    Some(close.into_iter().fold(finding, Found::close))
}
