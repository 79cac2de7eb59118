//! Words of pg_hba.conf and pg_ident.conf with their quotes. The server's views show words without them, but a
//! quoted keyword is a name: `"all"` is the database of that name.

use crate::snapshot::ConfigFile;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedWord {
    pub text: String,
    pub quoted: bool,
}

impl QuotedWord {
    /// Returns the name of the file that the word stands for (`@file`). A word that begins with a quote names none.
    pub(super) fn list(&self) -> Option<&str> {
        self.text.strip_prefix('@').filter(|file| !self.quoted && !file.is_empty())
    }
}

/// Quoting of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    Plain,
    Quoted,
    /// Unknown: the file could not be read, or the word is from another one (`@file`).
    Unknown,
}

/// Lines of the files, numbered as the server does it.
pub struct Lines<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Lines<'a> {
    pub fn from_files(files: &'a [ConfigFile]) -> Lines<'a> {
        Lines(files.iter().map(|file| (file.path.as_str(), file.text.lines().collect())).collect())
    }

    /// Returns the full path of a file.
    pub fn path(&self, file: Option<&str>) -> Option<&'a str> {
        self.0.iter().find(|(path, _)| file.is_none_or(|file| *path == file)).map(|(path, _)| *path)
    }

    /// Returns the fields of a line and its continuations; `file` is `None` if there is only one.
    pub fn fields(&self, file: Option<&str>, line: i32) -> Option<Vec<Vec<QuotedWord>>> {
        let is_it = |(path, _): &&(&str, Vec<&str>)| file.is_none_or(|file| *path == file);
        let (_, lines) = self.0.iter().find(is_it)?;
        let from = usize::try_from(line).ok()?.checked_sub(1)?;
        let mut text = String::new();
        for line in lines.get(from..).filter(|rest| !rest.is_empty())? {
            let Some(part) = line.strip_suffix('\\') else {
                text.push_str(line);
                break;
            };
            text.push_str(part);
        }
        Some(fields(&text))
    }
}

/// Returns the quoting of a word from the view in this field of the file.
pub fn quoting(field: Option<&Vec<QuotedWord>>, word: &str) -> Quoting {
    let Some(field) = field else { return Quoting::Unknown };
    let mut same = field.iter().filter(|token| token.text == word).peekable();
    let includes = field.iter().any(|token| !token.quoted && token.text.starts_with('@'));
    match (same.peek().is_some(), same.any(|token| !token.quoted), includes) {
        (_, true, _) => Quoting::Plain,
        (true, false, false) => Quoting::Quoted,
        _ => Quoting::Unknown,
    }
}

/// Returns the fields of each line that has any, with its continuations.
pub(super) fn logical_lines(text: &str) -> Vec<Vec<Vec<QuotedWord>>> {
    let joined = text.replace("\\\r\n", "").replace("\\\n", "");
    joined.lines().map(fields).filter(|fields| !fields.is_empty()).collect()
}

/// Splits a line as the functions `next_token` and `next_field_expand` of the server's `hba.c` do: fields of
/// comma-separated words.
fn fields(line: &str) -> Vec<Vec<QuotedWord>> {
    let (mut all, mut field, mut rest) = (vec![], vec![], line.chars().peekable());
    loop {
        while rest.next_if(|c| is_blank(*c) || *c == ',').is_some() {}
        let Some((token, comma)) = token(&mut rest) else { break };
        field.push(token);
        if !comma {
            all.push(std::mem::take(&mut field));
        }
    }
    if !field.is_empty() {
        all.push(field);
    }
    all
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

/// Returns the next word, and whether a comma ended it.
fn token(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<(QuotedWord, bool)> {
    let (mut text, mut quoted, mut comma) = (String::new(), false, false);
    let (mut inside, mut was_quote, mut any) = (false, false, false);
    while let Some(c) = rest.next_if(|c| inside || !is_blank(*c)) {
        match (c, inside) {
            ('#', false) => {
                rest.by_ref().for_each(drop);
                break;
            }
            (',', false) => {
                comma = true;
                break;
            }
            _ => any = true,
        }
        if c != '"' || was_quote {
            text.push(c);
        }
        was_quote = inside && c == '"' && !was_quote;
        if c == '"' {
            inside = !inside;
            quoted |= text.is_empty();
        }
    }
    any.then_some((QuotedWord { text, quoted }, comma))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let word = |token: &QuotedWord| format!("{}{}", if token.quoted { "=" } else { "" }, token.text);
        let field = |field: &Vec<QuotedWord>| field.iter().map(word).collect::<Vec<_>>().join("+");
        fields(line).iter().map(field).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn words_are_those_of_the_server() {
        for (line, expected) in [
            ("host \"all\" \"all\" 127.0.0.9/32 trust # why", "host | =all | =all | 127.0.0.9/32 | trust"),
            (
                "local a, \"b c\",,d all\tpeer map=\"wide map\"",
                "local | a+=b c+d | all | peer | map=wide map",
            ),
            ("local \"a\"\"b#\" c\"d\"e trust#x", "local | =a\"b# | cde | trust"),
            ("local \"\" all trust", "local | = | all | trust"),
            ("  # nothing", ""),
            ("m /^(.*)@a,b$ \\1", "m | /^(.*)@a+b$ | \\1"),
            ("local all all trust\r", "local | all | all | trust"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_line_goes_on_behind_a_backslash() {
        let text = "# one\nlocal all, \\\n  \"b\" all \\\n trust\nlocal c c peer\n".to_owned();
        let files = [ConfigFile { path: "/x".into(), text }];
        let lines = Lines::from_files(&files);
        let words = |line| lines.fields(None, line).map(|fields| fields.concat().len());
        assert_eq!([words(2), words(5), words(6), words(0), words(-1)], [Some(5), Some(4), None, None, None]);
        assert_eq!(lines.fields(Some("/y"), 2), None);
    }

    #[test]
    fn a_word_that_an_included_file_may_have_brought_is_not_known_to_be_quoted() {
        let field = |text: &str| fields(text).remove(0);
        for (text, word, expected) in [
            ("all", "all", Quoting::Plain),
            ("\"all\"", "all", Quoting::Quoted),
            ("\"all\",all", "all", Quoting::Plain),
            ("\"all\",@names", "all", Quoting::Unknown),
            ("a", "all", Quoting::Unknown),
        ] {
            assert_eq!(quoting(Some(&field(text)), word), expected, "{text}");
        }
        assert_eq!(quoting(None, "all"), Quoting::Unknown);
    }
}
