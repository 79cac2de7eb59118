//! Scripts for psql as SQL: data of COPY become INSERT statements, commands that change no statement are left out, variables with a
//! constant value are filled in. <https://www.postgresql.org/docs/current/app-psql.html>

use std::collections::BTreeMap;

use martydb_sql::{Lexer, Token, TokenKind};

use super::copy;
use super::split::SplitProblem;

/// Commands that change only psql's output, or nothing. `\restrict` is in every dump since the releases of August 2025.
const HARMLESS: &[&str] = &[
    "restrict", "unrestrict", "echo", "qecho", "warn", "pset", "timing", "x", "a", "t", "f", "C", "H",
    "html", "T", "conninfo", "p", "print", "copyright", "errverbose", "h", "?", "l", "z", "o", "out", "s",
    "sf", "sv",
];

/// Variables of psql that change only its output.
const OUTPUT_VARIABLES: &[&str] = &[
    "QUIET", "VERBOSITY", "ECHO", "ECHO_HIDDEN", "FETCH_COUNT", "HISTCONTROL", "HISTFILE", "HISTSIZE",
    "SHOW_CONTEXT", "HIDE_TABLEAM", "HIDE_TOAST_COMPRESSION", "SHOW_ALL_RESULTS", "PROMPT1", "PROMPT2",
    "PROMPT3", "IGNOREEOF",
];

const FIX: &str = "rewrite it as SQL, or pass --skip";

/// Returns the script as SQL, unchanged if psql's own syntax is not in it.
pub(crate) fn converted(text: &str) -> Result<String, SplitProblem> {
    let has_copy = || text.as_bytes().windows(5).any(|word| word.eq_ignore_ascii_case(b"stdin"));
    if !text.contains('\\') && !has_copy() {
        return Ok(text.into());
    }
    let mut script = PsqlScript { text, out: String::new(), emitted: 0, at: 0, variables: BTreeMap::new() };
    script.read()?;
    Ok(if script.emitted == 0 { text.into() } else { script.out + &text[script.emitted..] })
}

struct PsqlScript<'a> {
    text: &'a str,
    out: String,
    /// Position in the text up to which `out` has it, in bytes.
    emitted: usize,
    /// Byte from which it has to be read.
    at: usize,
    variables: BTreeMap<String, String>,
}

impl PsqlScript<'_> {
    fn read(&mut self) -> Result<(), SplitProblem> {
        let (mut start, mut depth) = (None, 0_usize);
        while let Some(token) = self.next() {
            match token.kind {
                TokenKind::Symbol(b'\\') => {
                    self.command(token.start)?;
                    continue;
                }
                TokenKind::Symbol(b':') => self.variable(token),
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(b';') if depth == 0 => {
                    if let Some(start) = start.take() {
                        self.statement(start, token)?;
                    }
                    continue;
                }
                _ => {}
            }
            start.get_or_insert(token.start);
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Token> {
        let from = self.at;
        let token = Lexer::new(&self.text[from..]).next()?;
        self.at = from + token.end;
        Some(Token { start: from + token.start, end: from + token.end, ..token })
    }

    /// Puts `with` in the place of a range of the text.
    fn replace(&mut self, start: usize, end: usize, with: &str) {
        self.out += &self.text[self.emitted..start];
        self.out += with;
        (self.emitted, self.at) = (end, end);
    }

    /// Replaces `COPY … FROM stdin;` and its data.
    fn statement(&mut self, start: usize, semicolon: Token) -> Result<(), SplitProblem> {
        let problem = |what: String| (start, what, FIX.to_owned());
        // A variable in the statement is already replaced in the output.
        let written = match self.emitted > start {
            true => return Ok(()),
            false => &self.text[start..semicolon.start],
        };
        let Some(copy) = copy::parse(written).map_err(problem)? else { return Ok(()) };
        let line = self.text[semicolon.end..].find('\n').map_or(self.text.len(), |at| semicolon.end + at + 1);
        let mut end = line;
        let mut after = self.text.len();
        for data in self.text[line..].split_inclusive('\n') {
            if data.trim_end_matches(['\r', '\n']) == "\\." {
                after = end + data.len();
                break;
            }
            end += data.len();
        }
        let inserts = copy.inserts(&self.text[line..end]).map_err(problem)?;
        self.replace(start, after, &inserts);
        Ok(())
    }

    /// Replaces `:name`, `:'name'` and `:"name"` of a variable that the script has set.
    fn variable(&mut self, colon: Token) {
        if self.text[..colon.start].ends_with(':') {
            return;
        }
        let Some(name) = Lexer::new(&self.text[colon.end..]).next().filter(|token| token.start == 0) else {
            return;
        };
        let word = &self.text[colon.end..colon.end + name.end];
        let bare = word.trim_matches(['\'', '"']);
        let Some(value) = self.variables.get(bare) else { return };
        let value = match name.kind {
            TokenKind::Word => value.clone(),
            TokenKind::Text if word.starts_with('\'') => format!("'{}'", value.replace('\'', "''")),
            TokenKind::Quoted => format!("\"{}\"", value.replace('"', "\"\"")),
            _ => return,
        };
        self.replace(colon.start, colon.end + name.end, &value);
    }

    /// Leaves out a command, or names it as one that cannot be converted.
    fn command(&mut self, start: usize) -> Result<(), SplitProblem> {
        let text = self.text;
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at + 1);
        let line = text[start + 1..line_end].trim();
        let name_end = line.find(char::is_whitespace).unwrap_or(line.len());
        let (name, arguments) = (&line[..name_end], line[name_end..].trim());
        let problem = |what: &str| Err((start, format!("uses {what} of psql"), FIX.to_owned()));
        if arguments.contains('`') || arguments.contains("\\\\") {
            return problem(&format!("a program or several commands in \\{name}"));
        }
        match name {
            ";" | "g" if arguments.is_empty() => self.replace(start, line_end, ";\n"),
            "set" => match self.set(arguments) {
                Ok(()) => self.replace(start, line_end, ""),
                Err(what) => return problem(&what),
            },
            "unset" => {
                self.variables.remove(arguments);
                self.replace(start, line_end, "");
            }
            "encoding"
                if ["utf8", "utf-8", "unicode"].contains(&unquoted(arguments).to_lowercase().as_str()) =>
            {
                self.replace(start, line_end, "");
            }
            // The rest of the file is not run.
            "q" | "quit" => {
                self.replace(start, text.len(), "");
            }
            _ if HARMLESS.contains(&name) && !arguments.starts_with('|') || name.starts_with('d') => {
                self.replace(start, line_end, "");
            }
            _ => return problem(&format!("\\{name}")),
        }
        Ok(())
    }

    fn set(&mut self, arguments: &str) -> Result<(), String> {
        let (name, value) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
        let value = value.trim();
        let is_on = ["on", "true", "yes", "1", ""].contains(&unquoted(value).to_lowercase().as_str());
        match name {
            "ON_ERROR_STOP" | "AUTOCOMMIT" if is_on => Ok(()),
            "ON_ERROR_ROLLBACK" | "SINGLELINE" | "SINGLESTEP" if !is_on => Ok(()),
            "ON_ERROR_STOP" | "AUTOCOMMIT" | "ON_ERROR_ROLLBACK" | "SINGLELINE" | "SINGLESTEP" => {
                Err(format!("\\set {name} {value}"))
            }
            _ if OUTPUT_VARIABLES.contains(&name) => Ok(()),
            // An escape, several words or another variable in the value.
            _ if value.contains('\\') || value.starts_with(':') => Err(format!("\\set {name} {value}")),
            _ if !value.starts_with('\'') && value.contains(char::is_whitespace) => {
                let joined: String = value.split_whitespace().collect();
                self.variables.insert(name.into(), joined);
                Ok(())
            }
            _ => {
                self.variables.insert(name.into(), unquoted(value));
                Ok(())
            }
        }
    }
}

/// Returns the value of an argument, which single quotes may enclose.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_becomes_sql() {
        let dump = "\\restrict abc\n\nCREATE TABLE t (a text);\n\nCOPY public.t (a) FROM stdin;\n\
            it's; $$ -- /*\n\\N\n\\.\n\n\nSELECT '\\n';\n\\unrestrict abc\n";
        let expected = "\nCREATE TABLE t (a text);\n\nINSERT INTO public.t (a) OVERRIDING SYSTEM VALUE VALUES\n    \
            ('it''s; $$ -- /*'),\n    (NULL);\n\n\nSELECT '\\n';\n";
        assert_eq!(converted(dump).unwrap(), expected);
    }

    #[test]
    fn commands_and_variables_are_replaced_or_named() {
        for (text, expected) in [
            ("\\set ON_ERROR_STOP on\nSELECT 1;\n", "SELECT 1;\n"),
            (
                "\\set s 'my schema'\nCREATE SCHEMA :\"s\"; SELECT :'s', 1::int, :x;\n",
                "CREATE SCHEMA \"my schema\"; SELECT 'my schema', 1::int, :x;\n",
            ),
            ("\\set n 5\nSELECT ':n', :n;\n", "SELECT ':n', 5;\n"),
            ("SELECT 1 \\g\n\\q\nnot run", "SELECT 1 ;\n"),
            ("SELECT 1;\n\\connect other\n", "error 10: uses \\connect of psql"),
            ("\\set ON_ERROR_STOP off\n", "error 0: uses \\set ON_ERROR_STOP off of psql"),
            ("\\set x `date`\n", "error 0: uses a program or several commands in \\set of psql"),
            ("\\dt\n\\pset pager off\n\\timing\n", ""),
            ("SELECT $$\\connect$$, E'\\\\';\n", "SELECT $$\\connect$$, E'\\\\';\n"),
            ("SELECT 1\\gset\n", "error 8: uses \\gset of psql"),
        ] {
            let said = converted(text).unwrap_or_else(|(at, what, _)| format!("error {at}: {what}"));
            assert_eq!(said, expected, "{text}");
        }
    }
}
