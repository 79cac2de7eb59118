//! Note of a failure in the record, without SQL and without secrets: the server's own texts and those of programs are
//! causes, which are left out.

use martydb_model::error::Error;

/// Beginnings of messages that quote a statement.
const QUOTING: [&str; 3] = ["the server refused: ", "interrupted by ", "lost the connection to "];

/// Parts of messages that may hold a password.
const RISKY: [&str; 3] = ["://", "password=", "PASSWORD "];

/// Returns the kind of an error and its SQLSTATE, and its message unless that may contain a statement or a secret.
pub(crate) fn failure_note(error: &Error) -> String {
    let kind = serde_json::to_value(error.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("operation").to_owned();
    let state = error.sqlstate.as_ref().map_or_else(String::new, |state| format!(" {state}"));
    let quotes = QUOTING.iter().any(|start| error.message.starts_with(start))
        || error.message.ends_with("had no effect: the server returned a warning");
    let shown = !quotes && !RISKY.iter().any(|part| error.message.contains(part));
    let message = if shown { format!(": {}", error.message) } else { String::new() };
    format!("{kind}{state}{message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::error::Kind;

    #[test]
    fn no_statement_and_no_secret_gets_into_a_note() {
        let refused = Error {
            sqlstate: Some("42501".into()),
            ..Error::operation("the server refused: ALTER ROLE a PASSWORD 'x'").cause("permission denied")
        };
        assert_eq!(failure_note(&refused), "operation 42501");
        let wrapped = refused.while_doing("service \"red\" was not restored");
        assert_eq!(failure_note(&wrapped), "operation 42501: service \"red\" was not restored");
        for message in [
            "cannot read postgres://u:geheim@h/d",
            "x password=geheim",
            "GRANT a had no effect: the server returned a warning",
        ] {
            assert_eq!(failure_note(&Error::operation(message)), "operation");
        }
        let at = Error::new(Kind::Interrupted, "interrupted by SIGINT at: GRANT a TO b");
        assert_eq!(failure_note(&at), "interrupted");
    }
}
