//! Passwords that an attacker tries first.

/// The most common ones, in addition to the names of role, service and database.
pub const GUESSES: &[&str] = &["postgres", "password", "changeme", ""];

/// More of them, for comparing only: each attempt to log in costs the server a log line.
const WORDS: &[&str] = &[
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
