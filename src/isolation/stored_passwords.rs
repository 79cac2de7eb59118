//! What can be said about the passwords of the secret store by comparing them, without a login.

use secrecy::ExposeSecret;

use super::weak_passwords::is_guessable;
use crate::findings::{Finding, FindingKind, GUESSABLE, REUSED, SeenBy};
use crate::probe::{ProbeLogin, Task};

/// Shorter passwords occur in many words. Ours have 32 characters; those that an operator chose may be short.
const SHORTEST: usize = 6;

pub fn owner_of_password(task: &Task, text: &str) -> Option<String> {
    let held = |login: &&ProbeLogin| {
        password(login).is_some_and(|password| password.len() >= SHORTEST && contains_word(text, password))
    };
    task.logins.iter().find(held).map(|login| login.service.to_string())
}

/// As a word of its own: `postgres` is in `postgresql`.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        apart(text[..at].chars().next_back()) && apart(text[at + word.len()..].chars().next())
    })
}

fn password(login: &ProbeLogin) -> Option<&str> {
    login.password.as_ref().map(ExposeSecret::expose_secret)
}

/// Equal passwords, and guessable ones.
pub fn findings(task: &Task) -> Vec<Finding> {
    let mut found = vec![];
    for (at, login) in task.logins.iter().enumerate() {
        let Some(secret) = password(login) else { continue };
        let same = |other: &&ProbeLogin| password(other) == Some(secret);
        if let Some(other) = task.logins[..at].iter().find(same) {
            let evidence =
                format!("the secret store holds the same password for {} and {}", login.role, other.role);
            found.push(finding(task, login, REUSED, &other.role, evidence));
        }
        let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
        if is_guessable(secret, &names) {
            let evidence = format!("the stored password of {} is easily guessed", login.role);
            found.push(finding(task, login, GUESSABLE, &login.role, evidence));
        }
    }
    found
}

fn finding(
    task: &Task,
    login: &ProbeLogin,
    kind: &FindingKind,
    about: &crate::model::RoleName,
    evidence: String,
) -> Finding {
    let found = kind.of(login.role.as_str()).by(SeenBy::Probe).service_name(Some(&login.service));
    found.database(&login.database).object(format!("role {about}")).seen(evidence).on(&task.server)
}
