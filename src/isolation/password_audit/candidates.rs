//! The passwords that one login's is compared with.

use secrecy::SecretString;

use super::standing::Standing;
use crate::isolation::observations::ServerContext;
use crate::isolation::stored_passwords::{GUESSES, WORDS, variants};
use crate::model::RoleName;
use crate::probe::{LoginAttempts, ProbeLogin, Task};

/// Whose password a candidate is.
type Owner = Option<ProbeLogin>;

/// A password to try, and whose it is; `None` for a guess.
pub type Candidate = (SecretString, Owner);

/// What people add to a word to please a rule.
const ENDS: &[&str] = &["", "1", "123"];

pub fn candidates(
    context: &ServerContext,
    attempts: &[LoginAttempts],
    role: &RoleName,
    standing: Standing,
) -> Vec<Candidate> {
    let task = &context.task;
    match task.logins.iter().position(|login| login.role == *role) {
        Some(at) => in_use(task, at, attempts.get(at)),
        // Its stored password was compared on its own, and the store of a service that is left out is not read.
        None if context.desired.managed_role(role).is_some() => vec![],
        None => unused(task, role, standing),
    }
}

/// A service's login in use. Where the stored password is right, nothing else is.
fn in_use(task: &Task, at: usize, attempts: Option<&LoginAttempts>) -> Vec<Candidate> {
    let login = &task.logins[at];
    let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
    let names: Vec<Candidate> = names.into_iter().flat_map(variants).map(guess).collect();
    match attempts {
        // The common words and the stored passwords are tried over a connection.
        Some(attempts) if attempts.password_refused() => names,
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

fn unused(task: &Task, role: &RoleName, standing: Standing) -> Vec<Candidate> {
    let ends = if standing == Standing::Powerful { ENDS } else { &[""] };
    let names = [role.to_string(), capitalised(role.as_str())];
    let names = names.into_iter().flat_map(|name| ENDS.iter().map(move |end| guess(format!("{name}{end}"))));
    names.chain(words(ends)).chain(stored(task)).collect()
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
