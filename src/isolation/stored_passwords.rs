//! What can be said about the passwords of the secret store by comparing them, without a login; and those that an
//! attacker tries first.

use secrecy::ExposeSecret;

use crate::findings::{Finding, FindingKind, GUESSABLE, REUSED, SeenBy};
use crate::model::RoleName;
use crate::probe::{ProbeLogin, Task};

/// Shorter passwords occur in many words. Ours have 32 characters; those that an operator chose may be short.
const SHORTEST: usize = 6;

pub fn owner_of_password(task: &Task, text: &str) -> Option<String> {
    let held = |login: &&ProbeLogin| {
        password(login).is_some_and(|password| password.len() >= SHORTEST && contains_word(text, password))
    };
    task.logins.iter().find(held).map(|login| login.service.to_string())
}

/// Passwords of this length occur in no text by chance, and not every text has spaces between its values.
const UNMISTAKABLE: usize = 16;

/// As a word of its own: `postgres` is in `postgresql`.
fn contains_word(text: &str, word: &str) -> bool {
    if word.len() >= UNMISTAKABLE {
        return text.contains(word);
    }
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
        let finding = |kind: &FindingKind, about: &RoleName, seen: String| {
            let found = kind.of(login.role.as_str()).by(SeenBy::Probe).service_name(Some(&login.service));
            found.database(&login.database).object(format!("role {about}")).seen(seen).on(&task.server)
        };
        let same = |other: &&ProbeLogin| password(other) == Some(secret);
        if let Some(other) = task.logins[..at].iter().find(same) {
            let evidence =
                format!("the secret store holds the same password for {} and {}", login.role, other.role);
            found.push(finding(REUSED, &other.role, evidence));
        }
        let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
        if is_guessable(secret, &names) {
            let evidence = format!("the stored password of {} is easily guessed", login.role);
            found.push(finding(GUESSABLE, &login.role, evidence));
        }
    }
    found
}

/// The most common ones, in addition to the names of role, service and database.
pub const GUESSES: &[&str] = &["postgres", "password", "changeme", ""];

/// More of them, for comparing only: each attempt to log in costs the server a log line.
pub const WORDS: &[&str] = &[
    "admin", "app", "default", "demo", "dev", "guest", "letmein", "login", "master", "migrator", "pass",
    "qwerty", "root", "secret", "test", "user", "welcome",
];

/// Whether a password is a name or a common word, however it is written: in capitals, with a number at its end.
pub fn is_guessable(password: &str, names: &[&str]) -> bool {
    let stem = stem(password);
    let word = |words: &[&str]| words.iter().any(|word| *word == stem);
    let named = names.iter().any(|name| plain(name) == stem);
    password.len() < 4 || stem.is_empty() || word(GUESSES) || word(WORDS) || named
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Without what people add to please a rule: a year at the most.
fn stem(password: &str) -> String {
    let text = plain(password);
    let digits = text.chars().rev().take_while(char::is_ascii_digit).count();
    if digits <= 4 || digits == text.len() { text[..text.len() - digits].to_owned() } else { text }
}

/// A name as people write it when a rule wants a capital letter or a digit.
pub fn variants(name: &str) -> Vec<String> {
    let first: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    let capital = first + &name.chars().skip(1).collect::<String>();
    let forms =
        [name.to_owned(), name.to_uppercase(), capital, name.replace('_', ""), name.replace('_', "-")];
    forms
        .iter()
        .flat_map(|form| ["", "1", "12", "123", "1234", "!"].map(|end| format!("{form}{end}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_guessable;

    #[test]
    fn names_and_common_words_are_guessed_however_they_are_written() {
        let names = ["beta_app", "beta", "beta_db"];
        for weak in [
            "beta_app",
            "BETA_APP",
            "beta-app",
            "betaapp",
            "beta123",
            "Beta_app1!",
            "beta_db",
            "123456",
            "postgres123",
            "Password1",
            "admin",
            "qwerty",
            "",
            "abc",
        ] {
            assert!(is_guessable(weak, &names), "{weak}");
        }
        for strong in [
            "kX9v2Lq8ZrT4mNp7",
            "alphabet",
            "beta-app-000001",
            "betamax-recorder",
            "correct horse battery staple",
        ] {
            assert!(!is_guessable(strong, &names), "{strong}");
        }
    }
}
