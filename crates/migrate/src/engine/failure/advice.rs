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
                AdviceCondition::OtherSchema => self.begins(&["create"]) && self.names_other_schema(),
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

    /// Returns `true` if the message ends, in any language, with a schema that the statement names, or with the default one.
    fn names_other_schema(&self) -> bool {
        let last = self.response.message.rsplit(char::is_whitespace).next().unwrap_or_default();
        let name = last.trim_matches(|c| QUOTES.contains(&c));
        let is_schema = name == "public" || qualified_by(name, self.statement).next().is_some();
        is_schema && self.target.schemas.iter().all(|own| own.as_str() != name)
    }

    fn extension(&self) -> Option<&'static str> {
        let (state, name) = (self.response.sqlstate.as_deref()?, missing(self.response)?);
        match state {
            // The server names the schema alone.
            sqlstate::INVALID_SCHEMA_NAME => qualified_by(&name, self.statement)
                .find_map(|name| extensions::extension_for_any(&name.to_lowercase())),
            _ => extensions::extension_for(&name.to_lowercase(), state),
        }
    }

    /// Returns the entry of `extensions:` with which the statement finds the name: in the schema that it writes, unless
    /// extensions come there without one.
    fn extension_entry(&self) -> String {
        let extension = self.extension().unwrap_or_default();
        let named = match self.response.sqlstate.as_deref() {
            Some(sqlstate::INVALID_SCHEMA_NAME) => missing(self.response),
            _ => missing_with_schema(self.response).and_then(|(schema, _)| schema),
        };
        let first = self.target.schemas.first().map(SchemaName::as_str);
        match named.filter(|schema| first != Some(schema)) {
            Some(schema) => format!("{{ name: {extension}, schema: {schema} }}"),
            None => extension.to_owned(),
        }
    }

    fn fill(&self, advice: &str) -> String {
        let name = missing(self.response).unwrap_or_else(|| "…".into());
        let declared = self.target.schemas.iter().map(SchemaName::as_str);
        let schemas: Vec<&str> = declared.chain([name.as_str()]).collect();
        advice
            .replace("{entry}", &self.extension_entry())
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

fn missing(response: &ErrorResponse) -> Option<String> {
    missing_with_schema(response).map(|(_, name)| name)
}

/// Returns the missing name and the schema before it: the quoted text, or for a function the text before its arguments.
fn missing_with_schema(response: &ErrorResponse) -> Option<(Option<String>, String)> {
    let called = response.sqlstate.as_deref() == Some(sqlstate::UNDEFINED_FUNCTION);
    let name = match response.message.split_once('(').filter(|_| called) {
        Some((before, _)) => before.rsplit(char::is_whitespace).next()?,
        None => response.message.split(QUOTES).nth(1)?,
    };
    let plain = |part: &str| part.trim_matches('"').to_owned();
    let (schema, last) = match name.trim().rsplit_once('.') {
        Some((schema, last)) => (Some(plain(schema)), last),
        None => (None, name.trim()),
    };
    let last = plain(last);
    (!last.is_empty()).then_some((schema, last))
}

/// Yields the names that the statement writes behind this schema.
fn qualified_by<'a>(schema: &'a str, statement: &'a str) -> impl Iterator<Item = String> + 'a {
    let tokens: Vec<&str> = Lexer::new(statement).map(|token| &statement[token.start..token.end]).collect();
    let named = move |three: &[&str]| (three[1] == "." && bare(three[0]) == schema).then(|| bare(three[2]));
    (0..tokens.len().saturating_sub(2)).filter_map(move |at| named(&tokens[at..at + 3]))
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
            let schema = missing_with_schema(&response).and_then(|(schema, _)| schema);
            assert_eq!(schema.as_deref(), message.contains("public.").then_some("public"), "{message}");
        }
    }

    #[test]
    fn a_statement_begins_behind_its_comments() {
        assert!(begins("-- why\n/* x */ CREATE\n\"extension\" x", &["create", "extension"]));
        assert!(!begins("CREATE TABLE extension ()", &["create", "extension"]));
    }
}
