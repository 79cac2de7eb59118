//! Secrets that every login can read: in comments and settings of shared catalogs, the server's settings,
//! application names of sessions, and texts inside databases. Stored passwords are compared; other secrets are
//! recognized by the words around them.

mod inside;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::collections::BTreeSet;

use super::context::Audit;
use martydb_catalog::{KnownPasswords, secret_of_known_shape};
use martydb_model::DesiredService;
use martydb_model::findings::Severity::Critical;
use martydb_model::findings::{FindingBuilder, PUBLIC, SECRET};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{Keyword, Literal, Statement, stmt};

use text::{Text, named};

pub(crate) use words::announces;

pub(crate) fn judge(audit: &Audit<'_>, known: KnownPasswords<'_>, out: &mut Vec<FindingBuilder>) {
    let texts = comments(audit).into_iter().chain(settings::texts(audit)).chain(sessions(audit, known));
    out.extend(texts.filter_map(|text| finding(audit, known, text)));
    settings::judge_restricted(audit, known, out);
    settings::judge_cut(audit, out);
    inside::judge(audit, out);
}

fn comments<'a>(audit: &Audit<'a>) -> Vec<Text<'a>> {
    let comment = |kind: &'static str, name: &str, text: &Option<String>, service, left: Statement| {
        let on = stmt!("{kind} {name}", kind = Keyword(kind), name = ident(name));
        let close = stmt!("COMMENT ON {on} IS {left}");
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

/// Returns a comment without the secret: the marker of this or another manifest, or none.
fn left(audit: &Audit<'_>, service: Option<&DesiredService>, comment: Option<&str>) -> Statement {
    let others =
        comment.and_then(|text| text.split_whitespace().next()).filter(|word| word.starts_with("martydb:"));
    match (service, others) {
        (Some(_), _) => stmt!("{marker}", marker = Literal(audit.desired.marker())),
        (None, Some(marker)) => stmt!("{marker}", marker = Literal(marker.into())),
        (None, None) => stmt!("NULL"),
    }
}

/// Returns application names, once for each role: sessions come and go, and an `allow:` entry must keep matching.
fn sessions<'a>(audit: &Audit<'a>, known: KnownPasswords<'_>) -> Vec<Text<'a>> {
    let mut roles = BTreeSet::new();
    let mut texts = vec![];
    for session in &audit.snapshot.state.sessions {
        let (Some(role), Some(text)) = (&session.role, &session.application) else { continue };
        if (known(text).is_some() || announces(text) || secret_of_known_shape(text).is_some())
            && roles.insert(role)
        {
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

/// Makes a finding without the text itself, which would add another copy.
fn finding(audit: &Audit<'_>, known: KnownPasswords<'_>, found: Text<'_>) -> Option<FindingBuilder> {
    let Text { text, what, object, service, repair } = found;
    let (finding, words) = match known(&text) {
        // The password's service is exposed, wherever the text is stored.
        Some(whose) => {
            let finding = SECRET.of(PUBLIC).at(Critical).service(named(audit, &whose));
            (finding, "contains a password of the secret store".to_owned())
        }
        None => {
            let shape = secret_of_known_shape(&text).map(|name| format!("contains {name}"));
            let words = shape.or_else(|| announces(&text).then(|| "looks like a secret".into()))?;
            (SECRET.of(PUBLIC).service(service), words)
        }
    };
    Some(finding.evidence(format!("{what} of {object} {words}")).object(object).fix(repair))
}
