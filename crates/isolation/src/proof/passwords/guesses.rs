//! Commonly guessed passwords, and findings about the stored passwords that need no login.

use std::collections::HashMap;

use secrecy::{ExposeSecret, SecretString};

use crate::probe::{LoginAttempts, ProbeLogin, Task};
use crate::proof::observations::ServerContext;
use martydb_model::RoleName;
use martydb_model::findings::{Finding, FindingKind, FindingSource, GUESSABLE, REUSED};

fn password(login: &ProbeLogin) -> Option<&str> {
    login.password.as_ref().map(ExposeSecret::expose_secret)
}

/// Returns findings for stored passwords that are equal or guessable.
pub(crate) fn findings(task: &Task) -> Vec<Finding> {
    let mut found = vec![];
    // The first login with each password.
    let mut known: HashMap<&str, &ProbeLogin> = HashMap::new();
    for login in &task.logins {
        let Some(secret) = password(login) else { continue };
        let finding = |kind: &FindingKind, about: &RoleName, seen: String| {
            let found =
                kind.of(login.role.as_str()).by(FindingSource::Probe).service_name(Some(&login.service));
            found.database(&login.database).object(format!("role {about}")).evidence(seen).on(&task.server)
        };
        let first = *known.entry(secret).or_insert(login);
        if !std::ptr::eq(first, login) {
            let evidence =
                format!("the secret store holds the same password for {} and {}", login.role, first.role);
            found.push(finding(REUSED, &first.role, evidence));
        }
        let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
        if is_guessable(secret, &names) {
            let evidence = format!("the stored password of {} is easily guessed", login.role);
            found.push(finding(GUESSABLE, &login.role, evidence));
        }
    }
    found
}

/// Most common passwords, in addition to the names of role, service and database.
pub(crate) const GUESSES: &[&str] = &["postgres", "password", "changeme", ""];

/// Further words, only for comparing: each login attempt would add a line to the server's log.
const WORDS: &[&str] = &[
    "admin", "app", "default", "demo", "dev", "guest", "letmein", "login", "master", "migrator", "pass",
    "qwerty", "root", "secret", "test", "user", "welcome",
];

/// Names and words that people write with capitals, digits for letters, years and signs.
const DECORATED: &[&str] = &["postgres", "password", "admin", "changeme", "secret", "welcome"];

/// Suffixes that satisfy rules on digits and signs.
const RULE_ENDS: &[&str] = &["", "1", "123", "!", "1!", "123!", "2024", "2025", "2026", "2025!", "2026!"];

/// Returns `true` if a password is a name or a common word, in any case and with or without a trailing number, or
/// with digits and signs for letters.
fn is_guessable(password: &str, names: &[&str]) -> bool {
    let known = |stem: &String| {
        let word = |words: &[&str]| words.iter().any(|word| word == stem);
        let named = names.iter().any(|name| plain(name) == *stem);
        stem.is_empty() || word(GUESSES) || word(WORDS) || named
    };
    let lettered = stem(&password.replace('@', "a").replace('$', "s")).replace('0', "o").replace('3', "e");
    password.len() < 4 || known(&stem(password)) || known(&lettered)
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Removes what people append to satisfy a rule: at most a year.
fn stem(password: &str) -> String {
    let text = plain(password);
    let digits = text.chars().rev().take_while(char::is_ascii_digit).count();
    if digits <= 4 || digits == text.len() { text[..text.len() - digits].to_owned() } else { text }
}

/// Returns a name in the forms that satisfy rules on capital letters and digits.
fn variants(name: &str) -> Vec<String> {
    let first: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    let capital = first + &name.chars().skip(1).collect::<String>();
    let forms =
        [name.to_owned(), name.to_uppercase(), capital, name.replace('_', ""), name.replace('_', "-")];
    forms
        .iter()
        .flat_map(|form| ["", "1", "12", "123", "1234", "!"].map(|end| format!("{form}{end}")))
        .collect()
}

/// Login that uses a candidate.
type Owner = Option<ProbeLogin>;

/// A password to compare with, and its owner; `None` for a guess.
pub(crate) type Candidate = (SecretString, Owner);

/// Common suffixes.
const ENDS: &[&str] = &["", "1", "123"];

/// Returns the candidates for one role's password; more of them for a role with power over the whole server.
pub(crate) fn candidates(
    context: &ServerContext,
    attempts: &[LoginAttempts],
    role: &RoleName,
    is_powerful: bool,
) -> Vec<Candidate> {
    let task = &context.task;
    match task.logins.iter().position(|login| login.role == *role) {
        Some(at) => in_use(task, at, attempts.get(at)),
        // Its stored password was compared already, and the store of an excluded service is not read.
        None if context.desired.managed_role(role).is_some() => vec![],
        None => unused(task, role, is_powerful),
    }
}

/// Returns the stored passwords of the logins that were not tried.
pub(crate) fn untried<'a>(
    task: &'a Task,
    attempts: &[LoginAttempts],
) -> HashMap<&'a RoleName, &'a SecretString> {
    let untried = task.logins.iter().skip(attempts.len());
    untried.filter_map(|login| Some((&login.role, login.password.as_ref()?))).collect()
}

/// Returns candidates for a service's login in use. None if its stored password works.
fn in_use(task: &Task, at: usize, attempts: Option<&LoginAttempts>) -> Vec<Candidate> {
    let login = &task.logins[at];
    let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
    let names: Vec<Candidate> = names.into_iter().flat_map(variants).map(guess).collect();
    match attempts {
        // The connection attempts cover the stored passwords and the most common words.
        Some(attempts) if attempts.password_refused() => {
            WORDS.iter().map(|word| guess((*word).to_owned())).chain(names).collect()
        }
        Some(_) => vec![],
        None => {
            let own = stored(task).filter(|(_, owner)| is(owner, &login.role));
            let others = stored(task).filter(|(_, owner)| !is(owner, &login.role));
            own.chain(others).chain(words(&[""])).chain(names).collect()
        }
    }
}

fn is(owner: &Owner, role: &RoleName) -> bool {
    owner.as_ref().is_some_and(|owner| owner.role == *role)
}

fn unused(task: &Task, role: &RoleName, is_powerful: bool) -> Vec<Candidate> {
    let ends = if is_powerful { ENDS } else { &[""] };
    let decorated = if is_powerful { decorated(role.as_str()) } else { vec![] };
    let names = [role.to_string(), capitalised(role.as_str())];
    let names = names.into_iter().flat_map(|name| ENDS.iter().map(move |end| guess(format!("{name}{end}"))));
    names.chain(words(ends)).chain(stored(task)).chain(decorated).collect()
}

/// Returns the name and the most common words with a capital, digits and signs for letters, and an ending.
fn decorated(role: &str) -> Vec<Candidate> {
    let mut forms = vec![];
    for word in DECORATED.iter().copied().chain([role]) {
        let capital = capitalised(word);
        for form in [capital.replace('o', "0"), capital.replace('a', "@").replace('o', "0"), capital] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms.iter().flat_map(|form| RULE_ENDS.iter().map(move |end| guess(format!("{form}{end}")))).collect()
}

fn words(ends: &'static [&'static str]) -> impl Iterator<Item = Candidate> {
    let all = GUESSES.iter().chain(WORDS);
    all.flat_map(move |word| ends.iter().map(move |end| guess(format!("{word}{end}"))))
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

fn guess(word: String) -> Candidate {
    (SecretString::from(word), None)
}

fn stored(task: &Task) -> impl Iterator<Item = Candidate> + '_ {
    let known = |login: &ProbeLogin| Some((login.password.clone()?, Some(login.clone())));
    task.logins.iter().filter_map(known)
}

#[cfg(test)]
mod tests {
    use super::is_guessable;

    #[test]
    fn names_and_common_words_are_guessed_however_they_are_written() {
        let names = ["beta_app", "beta", "beta_db"];
        for weak in [
            "beta_app", "BETA_APP", "beta-app", "betaapp", "beta123", "Beta_app1!", "beta_db", "123456",
            "postgres123", "Password1", "admin", "qwerty", "Passw0rd!", "P@$$w0rd2026", "", "abc",
        ] {
            assert!(is_guessable(weak, &names), "{weak}");
        }
        for strong in [
            "kX9v2Lq8ZrT4mNp7", "alphabet", "beta-app-000001", "betamax-recorder",
            "correct horse battery staple",
        ] {
            assert!(!is_guessable(strong, &names), "{strong}");
        }
    }
}
