//! Hints for errors of the server, by the rows of [`cures`](super::cures).

use super::super::batch::BatchPart;
use super::cures::{AdviceCondition, AdviceRow, CURES};
use super::extensions;
use crate::files::Mode;
use crate::target::MigrationTarget;
use martydb_model::{SchemaName, sqlstate};
use martydb_pg::server::ErrorResponse;
use martydb_sql::{Lexer, TokenKind, bare};

/// A failed statement, with the service's target.
pub(crate) struct StatementFailure<'a> {
    pub target: &'a MigrationTarget,
    pub part: BatchPart,
    /// Mode of the file.
    pub mode: Mode,
    /// The statement of the file.
    pub statement: &'a str,
    pub response: &'a ErrorResponse,
}

/// Returns the hints of an error: the server's own, unless it misleads, and martydb's advice.
pub(crate) fn hints(case: &StatementFailure<'_>) -> Vec<String> {
    let row = CURES.iter().find(|row| case.has(row));
    let own = case.response.hint.clone().filter(|_| !row.is_some_and(|row| row.replaces_hint));
    own.into_iter().chain(row.map(|row| case.fill(row.advice))).collect()
}

impl StatementFailure<'_> {
    fn has(&self, row: &AdviceRow) -> bool {
        let state = self.response.sqlstate.as_deref();
        let among = |all: &[&str], one: Option<&str>| one.is_some_and(|one| all.contains(&one));
        (row.states.is_empty() || among(row.states, state))
            && match row.sign {
                AdviceCondition::Always => true,
                AdviceCondition::Mode(mode) => mode == self.mode,
                AdviceCondition::InFunction => self.response.context.is_some(),
                AdviceCondition::Part(part) => part == self.part,
                AdviceCondition::Statement(all) => all.iter().any(|words| self.begins(words)),
                AdviceCondition::Routine(all) => among(all, self.response.routine.as_deref()),
                AdviceCondition::Extension => self.extension().is_some(),
            }
    }

    /// Returns `true` if the file's statement, or one that a function or DO block sent, begins with these
    /// words. The context contains the latter in quotes.
    fn begins(&self, words: &[&str]) -> bool {
        let context = self.response.context.as_deref().unwrap_or_default();
        let sent =
            context.lines().filter_map(|line| line.split_once(QUOTES)).map(|(_, rest)| rest.trim_start());
        std::iter::once(self.statement).chain(sent).any(|text| begins(text, words))
    }

    fn extension(&self) -> Option<&'static str> {
        extensions::extension_for(&missing(self.response)?.to_lowercase(), self.response.sqlstate.as_deref()?)
    }

    fn fill(&self, advice: &str) -> String {
        let name = missing(self.response).unwrap_or_else(|| "…".into());
        let declared = self.target.schemas.iter().map(SchemaName::as_str);
        let schemas: Vec<&str> = declared.chain([name.as_str()]).collect();
        advice
            .replace("{extension}", self.extension().unwrap_or_default())
            .replace("{service}", self.target.service.as_str())
            .replace("{owner}", self.target.owner.as_str())
            .replace("{app}", self.target.app.as_str())
            .replace("{schemas}", &schemas.join(", "))
            .replace("{name}", &name)
    }
}

/// Quotation marks of the server's translations.
const QUOTES: [char; 6] = ['"', '«', '»', '„', '“', '”'];

/// Returns the missing name without its schema: the quoted text, or for a function the text before its arguments.
fn missing(response: &ErrorResponse) -> Option<String> {
    let called = response.sqlstate.as_deref() == Some(sqlstate::UNDEFINED_FUNCTION);
    let name = match response.message.split_once('(').filter(|_| called) {
        Some((before, _)) => before.rsplit(char::is_whitespace).next()?,
        None => response.message.split(QUOTES).nth(1)?,
    };
    let last = name.trim().rsplit('.').next()?.trim_matches('"');
    (!last.is_empty()).then(|| last.to_owned())
}

fn begins(text: &str, words: &[&str]) -> bool {
    let mut tokens =
        Lexer::new(text).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    words.iter().all(|word| tokens.next().is_some_and(|token| bare(&text[token.start..token.end]) == *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_name_is_read_in_any_language() {
        for (state, message, name) in [
            ("42704", "type \"citext\" does not exist", Some("citext")),
            ("42704", "Typ »public.citext« existiert nicht", Some("citext")),
            ("42704", "le type « citext » n'existe pas", Some("citext")),
            ("42883", "function public.gen_salt(unknown) does not exist", Some("gen_salt")),
            ("42883", "la fonction uuid_generate_v4() n'existe pas", Some("uuid_generate_v4")),
            ("3F000", "no schema has been selected to create in", None),
        ] {
            let response = ErrorResponse {
                sqlstate: Some(state.into()),
                message: message.into(),
                ..ErrorResponse::default()
            };
            assert_eq!(missing(&response).as_deref(), name, "{message}");
        }
    }

    #[test]
    fn a_statement_begins_behind_its_comments() {
        assert!(begins("-- why\n/* x */ CREATE\n\"extension\" x", &["create", "extension"]));
        assert!(!begins("CREATE TABLE extension ()", &["create", "extension"]));
    }
}
