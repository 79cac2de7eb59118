//! Parsing of a template, in the form that it has in the source: with its quotes and escapes.

/// Texts of a template, each the source of a string literal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SqlTemplate {
    /// Each text with the name after it.
    pub pieces: Vec<(String, String)>,
    /// The text after the last name.
    pub rest: String,
}

impl SqlTemplate {
    /// Splits a string literal at its `{name}`; `{{` and `}}` are characters.
    pub(crate) fn parse(source: &str) -> Result<SqlTemplate, String> {
        let is_raw = source.starts_with('r');
        let (Some(start), Some(end)) = (source.find('"'), source.rfind('"')) else {
            return Err("the template is not a string".into());
        };
        let (open, close) = (&source[..=start], &source[end..]);
        if !matches!(open.trim_end_matches(['#', '"']), "" | "r") {
            return Err("the template is not a string".into());
        }
        let mut pieces = vec![];
        let mut text = open.to_owned();
        let mut chars = source[start + 1..end].chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if !is_raw => escape(&mut text, &mut chars),
                '{' if !chars.as_str().starts_with('{') => {
                    let (name, after) = name(chars.as_str())?;
                    pieces.push((std::mem::replace(&mut text, open.to_owned()) + close, name.to_owned()));
                    chars = after.chars();
                }
                '}' if !chars.as_str().starts_with('}') => {
                    return Err("`}` closes nothing: write `}}` for the character".into());
                }
                '{' | '}' => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        Ok(SqlTemplate { pieces, rest: text + close })
    }

    /// Returns the names in the order of their first use.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.pieces.iter().fold(vec![], |mut names, (_, name)| {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
            names
        })
    }
}

/// Copies an escape sequence; the braces of `\u{…}` belong to it.
fn escape(text: &mut String, chars: &mut std::str::Chars<'_>) {
    let kind = chars.next();
    text.push('\\');
    text.extend(kind);
    if kind == Some('u') {
        text.extend(chars.by_ref().take_while(|c| *c != '}'));
        text.push('}');
    }
}

/// Splits the text after `{` into a name and the text after `}`.
fn name(text: &str) -> Result<(&str, &str), String> {
    let (name, after) = text.split_once('}').ok_or("`{` is not closed: write `{{` for the character")?;
    let is_identifier = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.contains(|c: char| c != '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match is_identifier {
        true => Ok((name, after)),
        false => Err(format!("`{{{name}}}` is not an identifier")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(pieces: &[(&str, &str)], rest: &str) -> Result<SqlTemplate, String> {
        let pieces = pieces.iter().map(|(text, name)| ((*text).into(), (*name).into()));
        Ok(SqlTemplate { pieces: pieces.collect(), rest: rest.into() })
    }

    #[test]
    fn a_template_is_split_at_its_names() {
        for (source, pieces, rest) in [
            (r#""""#, vec![], r#""""#),
            (r#""SELECT 1""#, vec![], r#""SELECT 1""#),
            (r#""{a}""#, vec![(r#""""#, "a")], r#""""#),
            (
                r#""x {a}, {b_2}.{a} y""#,
                vec![(r#""x ""#, "a"), (r#"", ""#, "b_2"), (r#"".""#, "a")],
                r#"" y""#,
            ),
            (r##"r#"\ "{a}" "#"##, vec![(r##"r#"\ ""#"##, "a")], r##"r#"" "#"##),
        ] {
            assert_eq!(SqlTemplate::parse(source), template(&pieces, rest), "{source}");
        }
    }

    #[test]
    fn doubled_braces_and_escapes_are_text() {
        for (source, rest) in [
            (r#""'{{}}'::text[]""#, r#""'{}'::text[]""#),
            (r#""{{{{a}}}}""#, r#""{{a}}""#),
            (r#""\u{1F980}\\ \"""#, r#""\u{1F980}\\ \"""#),
        ] {
            assert_eq!(SqlTemplate::parse(source), template(&[], rest), "{source}");
        }
        assert_eq!(SqlTemplate::parse(r#""{{{a}}}""#), template(&[(r#""{""#, "a")], r#""}""#));
        assert_eq!(SqlTemplate::parse(r#""\\{a}""#), template(&[(r#""\\""#, "a")], r#""""#));
    }

    #[test]
    fn only_identifiers_are_captured() {
        for source in [
            r#""{}""#, r#""{0}""#, r#""{_}""#, r#""{a:?}""#, r#""{a b}""#, r#""{a.b}""#, r#""{a{b}}""#,
            r#""{a""#, r#""a}""#, r#""{é}""#, "'a'", "1", r#"b"a""#, r#"c"a""#,
        ] {
            assert!(SqlTemplate::parse(source).is_err(), "{source}");
        }
    }

    #[test]
    fn a_name_is_listed_once() {
        assert_eq!(SqlTemplate::parse(r#""{b} {a} {b}""#).unwrap().names(), ["b", "a"]);
    }
}
