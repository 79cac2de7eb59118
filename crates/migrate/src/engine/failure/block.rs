//! Position in the file for a line of a DO block, as the server counts lines.

use martydb_pg::server::ErrorResponse;
use martydb_sql::{Lexer, TokenKind, is_word};

/// The server's name for a DO block's code in an error context, in every language.
const BLOCK_FUNCTION: &str = "inline_code_block";

/// Returns the byte offset of the error in a DO block: the server's position in the code, else the line's
/// start. `None` for other statements.
pub(crate) fn place(statement: &str, response: &ErrorResponse) -> Option<usize> {
    named(statement, response).or_else(|| failing_line(statement, response.context.as_deref()?))
}

/// Returns the offset for the server's position in the block's code, or in a statement of it that the file
/// contains verbatim.
fn named(statement: &str, response: &ErrorResponse) -> Option<usize> {
    let body = body(statement)?;
    let sent = response.internal_query.as_deref().filter(|sent| !sent.is_empty())?;
    let start = body + statement[body..].find(sent)?;
    let within = sent.char_indices().nth(response.internal_position?.checked_sub(1)?)?.0;
    (statement.rfind(sent) == Some(start)).then_some(start + within)
}

/// Returns the byte offset of the failing line of a DO block; `None` if the context has no line below the
/// first, or the statement is not a DO block. Line 1 is the line of the opening quote.
fn failing_line(statement: &str, context: &str) -> Option<usize> {
    let line = line_in_block(context)?;
    let body = body(statement)?;
    let newline = statement[body..].match_indices('\n').nth(line.checked_sub(2)?)?.0;
    let start = body + newline + 1;
    let blank = statement[start..].find(|c: char| !c.is_whitespace())?;
    Some(start + blank)
}

/// Returns the line in the file's block, which is the outermost: its line is the last of the context.
fn line_in_block(context: &str) -> Option<usize> {
    let after = &context[context.rfind(BLOCK_FUNCTION)? + BLOCK_FUNCTION.len()..];
    let digits = after.find(|c: char| c.is_ascii_digit())?;
    let number: String = after[digits..].chars().take_while(char::is_ascii_digit).collect();
    number.parse().ok()
}

/// Returns the start of the code's string literal. LANGUAGE may precede it, and its name may be a string too.
fn body(statement: &str) -> Option<usize> {
    let mut tokens = Lexer::new(statement);
    let mut last = tokens.next().filter(|token| is_word(&statement[token.start..token.end], "do"))?;
    for token in tokens {
        if token.kind == TokenKind::Text && !is_word(&statement[last.start..last.end], "language") {
            return Some(token.start);
        }
        last = token;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_place_in_the_code_counts_where_it_is_the_only_one() {
        let at = |sql: &str, sent: &str, position: usize| {
            let response = ErrorResponse {
                internal_query: Some(sent.into()),
                internal_position: Some(position),
                ..ErrorResponse::default()
            };
            place(sql, &response).map(|at| sql[at..].to_owned())
        };
        assert_eq!(at("DO $$ é\nnope $$", " é\nnope ", 4), Some("nope $$".into()));
        assert_eq!(at("DO $$ SELECT x; $$", "SELECT x", 8), Some("x; $$".into()));
        assert_eq!(at("DO $$ SELECT x; SELECT x; $$", "SELECT x", 8), None);
        assert_eq!(at("SELECT f($$SELECT x$$)", "SELECT x", 8), None);
    }

    #[test]
    fn lines_of_a_block_are_lines_of_the_file() {
        let at = |sql: &str, context: &str| failing_line(sql, context).map(|at| sql[at..].to_owned());
        let context = "PL/pgSQL function inline_code_block line 3 at RAISE";
        for sql in [
            "DO $$\nBEGIN\n  RAISE EXCEPTION 'x';\nEND $$",
            "do language 'plpgsql' -- $$\n $_$ BEGIN\n NULL;\n\tRAISE EXCEPTION 'x';\nEND $_$",
            "DO LANGUAGE plpgsql '\r\nBEGIN\r\nRAISE EXCEPTION ''x'';\r\nEND '",
        ] {
            assert!(at(sql, context).is_some_and(|rest| rest.starts_with("RAISE")), "{sql}");
        }
        let nested = "fonction PL/pgSQL f(), ligne 7, à RAISE\ninstruction SQL « SELECT f() »\n\
                      fonction PL/pgSQL inline_code_block, ligne 2, à PERFORM";
        assert_eq!(at("DO $$ BEGIN\nPERFORM f(); END $$", nested), Some("PERFORM f(); END $$".into()));
        for (sql, context) in [
            ("DO $$ BEGIN x; END $$", "PL/pgSQL function inline_code_block line 1 at x"),
            ("DO $$ BEGIN x; END $$", "PL/pgSQL function inline_code_block line 9 at x"),
            ("SELECT f()", context),
            ("DO $$\nBEGIN\n\nx; END $$", "PL/pgSQL function f() line 3 at x"),
        ] {
            assert_eq!(at(sql, context), None, "{sql} {context}");
        }
    }
}
