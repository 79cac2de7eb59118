//! A statement's shape: what is left of it when names and values are taken out.

/// One token of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name that was quoted, a literal, a number.
    Value,
    /// Anything else as it is written.
    Word(String),
    /// The end of a statement.
    End,
}

/// The shapes of the statements in a text.
pub(crate) fn shapes(sql: &str) -> Vec<String> {
    let tokens = tokens(sql);
    let statements = tokens.split(|token| *token == Token::End).filter(|statement| !statement.is_empty());
    statements.map(shape).collect()
}

/// The functions that a shape calls, as it writes them: a word before a parenthesis that is not a keyword. A keyword is
/// written in capitals, or is one of those that look like a function.
pub(crate) fn functions(shape: &str) -> Vec<String> {
    let words: Vec<&str> = shape.split(' ').collect();
    let calls = words.windows(2).filter(|pair| pair[1] == "(").map(|pair| pair[0]);
    let is_name =
        |word: &&str| word.chars().any(|c| c.is_ascii_lowercase()) && !word.starts_with(['(', ')', ',']);
    calls.filter(is_name).filter(|word| !SYNTAX.contains(word)).map(str::to_owned).collect()
}

/// Written like a function, or before a list of columns, and no function.
const SYNTAX: &[&str] = &["coalesce", "extract", "least", "nullif", "c", "p", "v", "h", "x", "item"];

fn tokens(sql: &str) -> Vec<Token> {
    let (mut all, mut rest) = (vec![], sql);
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        all.extend(token);
        rest = &rest[length..];
    }
    all
}

fn next(rest: &str, first: char) -> (Option<Token>, usize) {
    match first {
        ';' => (Some(Token::End), 1),
        '\'' => (Some(Token::Value), quoted(rest, '\'')),
        '"' => (Some(Token::Value), quoted(rest, '"')),
        _ if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
        _ if rest.starts_with("E'") || rest.starts_with("U&'") => {
            (Some(Token::Value), rest.find('\'').map_or(1, |at| at + quoted(&rest[at..], '\'')))
        }
        _ if first.is_whitespace() => (None, first.len_utf8()),
        _ if first.is_ascii_digit() => {
            (Some(Token::Value), length_of(rest, |c| c.is_ascii_alphanumeric() || c == '.'))
        }
        // In a row of the page.
        '?' => (Some(Token::Value), 1),
        _ if first.is_alphabetic() || first == '_' => {
            let length = length_of(rest, |c| c.is_alphanumeric() || c == '_' || c == '.' || c == '$');
            // A name with a quoted part is a name.
            let length = if rest[..length].ends_with('.') { length - 1 } else { length };
            (Some(Token::Word(rest[..length].into())), length)
        }
        _ => (Some(Token::Word(first.into())), first.len_utf8()),
    }
}

fn length_of(rest: &str, of: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !of(c)).unwrap_or(rest.len())
}

/// A doubled quote stands for itself.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = rest[at..].find(quote) {
        at += end + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

fn shape(tokens: &[Token]) -> String {
    let words: Vec<&str> =
        tokens.iter().map(|token| if let Token::Word(word) = token { word } else { "?" }).collect();
    let words = match words[0] {
        "GRANT" | "REVOKE" => privileges(&words),
        "ALTER" => altered(&words),
        _ => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    folded(words.join(" "))
}

/// Lists of values are one value.
fn folded(mut text: String) -> String {
    for list in ["? , ?", "? . ?", "? ?"] {
        while text.contains(list) {
            text = text.replace(list, "?");
        }
    }
    text
}

/// Words that name a kind of object.
const KINDS: &[&str] = &[
    "TABLE", "SEQUENCE", "SCHEMA", "FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "TYPE", "DOMAIN",
    "DATABASE", "LANGUAGE", "LARGE", "OBJECT", "FOREIGN", "DATA", "WRAPPER", "SERVER", "TABLES", "SEQUENCES",
    "FUNCTIONS", "TYPES", "SCHEMAS", "PARAMETER", "VIEW", "MATERIALIZED", "COLLATION", "CONVERSION",
    "OPERATOR", "CLASS", "FAMILY", "STATISTICS", "TEXT", "SEARCH", "CONFIGURATION", "DICTIONARY",
    "EXTENSION", "EVENT", "TRIGGER",
];

/// `GRANT PRIVILEGES ON kind ? TO ?`, whatever the privileges and the object's name.
fn privileges(words: &[&str]) -> Vec<String> {
    let Some(on) = words.iter().position(|word| *word == "ON") else { return owned(words) };
    let option = words.iter().position(|word| *word == "FOR").filter(|at| *at < on).map_or(1, |at| at + 1);
    let mut out = owned(&words[..option]);
    out.push("PRIVILEGES".into());
    out.push("ON".into());
    object(&mut out, &words[on + 1..], &["TO", "FROM"]);
    out
}

/// `ALTER kind ? OWNER TO ?`, whatever the object's name.
fn altered(words: &[&str]) -> Vec<String> {
    if words[1] == "DEFAULT" {
        let grant = words.iter().position(|word| ["GRANT", "REVOKE"].contains(word)).unwrap_or(words.len());
        return owned(&words[..grant]).into_iter().chain(privileges(&words[grant..])).collect();
    }
    let mut out = owned(&words[..1]);
    object(
        &mut out,
        &words[1..],
        &["OWNER", "SECURITY", "SET", "RESET", "DROP", "DISABLE", "ENABLE", "OPTIONS", "NO"],
    );
    out
}

fn object(out: &mut Vec<String>, words: &[&str], ends: &[&str]) {
    let kinds = words.iter().take_while(|word| KINDS.contains(word)).count();
    let end = words.iter().rposition(|word| ends.contains(word)).unwrap_or(words.len());
    out.extend(owned(&words[..kinds]));
    if end > kinds {
        out.push("?".into());
    }
    out.extend(owned(&words[end.max(kinds)..]));
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_statements_shape_has_no_names_and_values() {
    for (sql, expected) in [
        (
            "GRANT SELECT, UPDATE (\"a\") ON TABLE \"s\".\"t\" TO \"x\", \"y\"",
            "GRANT PRIVILEGES ON TABLE ? TO ?",
        ),
        (
            "REVOKE GRANT OPTION FOR ALL ON FUNCTION s.\"f;\"(integer, text) FROM PUBLIC CASCADE",
            "REVOKE GRANT OPTION FOR PRIVILEGES ON FUNCTION ? FROM PUBLIC CASCADE",
        ),
        ("ALTER FUNCTION s.f(int) OWNER TO \"o\"", "ALTER FUNCTION ? OWNER TO ?"),
        ("ALTER OPERATOR CLASS s.c USING btree OWNER TO \"o\"", "ALTER OPERATOR CLASS ? OWNER TO ?"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE \"o\" GRANT SELECT ON TABLES TO \"r\"",
            "ALTER DEFAULT PRIVILEGES FOR ROLE ? GRANT PRIVILEGES ON TABLES TO ?",
        ),
        ("SELECT f(1, 'a''b'), \"x\" -- no\n", "SELECT f ( ? ) , ?"),
    ] {
        assert_eq!(shapes(sql), [expected], "{sql}");
    }
    assert_eq!(
        functions("SELECT pg_catalog.f ( ? ) WHERE EXISTS ( SELECT coalesce ( ? ) )"),
        ["pg_catalog.f"]
    );
}
