//! Substitution of `${VAR}` and `${VAR:-default}` in values; `$$` is a dollar sign.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_yaml::Value;

use martydb_model::environment::Environment;
use martydb_model::error::Error;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadVariable {
    /// A variable that is not set and has no default.
    Unset(String),
    /// A reference that is not `${NAME}` or `${NAME:-default}`.
    Malformed(String),
}

impl BadVariable {
    /// Returns the error with this message at the place of the reference.
    pub(crate) fn error(&self, at: impl FnOnce(String) -> Error) -> Error {
        match self {
            BadVariable::Unset(name) => at(format!("the variable {name} is not set"))
                .hint(format!("set {name}, or write ${{{name}:-default}}")),
            BadVariable::Malformed(text) => at(format!("\"{text}\" is not a variable"))
                .hint("write ${NAME} or ${NAME:-default}; $$ is a dollar sign"),
        }
    }
}

/// Characters to percent-encode: all but the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Mark before a variable's name in [`FilledUrl::shape`]; no URL can contain it unencoded.
pub(crate) const VARIABLE_MARK: char = '\u{1}';

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FilledUrl {
    pub url: String,
    /// The same text with [`VARIABLE_MARK`] and the variable's name in place of each value. It shows which part of the
    /// URL a variable filled.
    pub shape: String,
}

/// Substitutes variables in every string of the tree, except the URLs of servers and applications; keys are unchanged.
/// `Err` contains the path of the string with the bad reference.
pub(crate) fn expand(
    value: &mut Value,
    variables: &Environment,
    path: &[&str],
) -> Result<(), (Vec<String>, BadVariable)> {
    match value {
        // [`fill_url`] substitutes in URLs, since it needs the original text.
        Value::String(_) if is_url(path) => {}
        Value::String(text) => {
            *text = fill(text, variables)
                .map_err(|problem| (path.iter().map(ToString::to_string).collect(), problem))?;
        }
        Value::Mapping(map) => {
            for (key, value) in map.iter_mut() {
                expand(value, variables, &[path, &[key.as_str().unwrap_or_default()]].concat())?;
            }
        }
        Value::Sequence(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                expand(value, variables, &[path, &[&index.to_string()]].concat())?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_url(path: &[&str]) -> bool {
    matches!(
        path,
        ["servers", _, "url"]
            | ["servers", _, "replicas", _, "url"]
            | ["servers" | "services", _, "app_url"]
            | ["servers" | "services", _, "app_url", _]
            | ["defaults", "app_url"]
            | ["defaults", "app_url", _]
    )
}

fn fill(text: &str, variables: &Environment) -> Result<String, BadVariable> {
    fill_with(text, variables, |_, value| value.to_owned())
}

/// Substitutes variables in a URL. Values are percent-encoded, so that none of their characters ends the part that
/// they fill. A variable at the start of the URL contains the scheme: it is a URL already and is not encoded.
pub(crate) fn fill_url(text: &str, variables: &Environment) -> Result<FilledUrl, BadVariable> {
    let mut whole = text.starts_with("${");
    let url = fill_with(text, variables, |_, value| {
        if std::mem::take(&mut whole) {
            value.to_owned()
        } else {
            utf8_percent_encode(value, RESERVED).to_string()
        }
    });
    let url = url.map_err(|problem| match problem {
        // The text may be a password with a dollar sign and a brace, so it is not repeated.
        BadVariable::Malformed(_) => BadVariable::Malformed("${…}".into()),
        unset => unset,
    })?;
    let shape = fill_with(text, variables, |name, _| format!("{VARIABLE_MARK}{name}"))?;
    Ok(FilledUrl { url, shape })
}

/// Replaces each variable by the output of `write`, called with its name and value.
fn fill_with(
    text: &str,
    variables: &Environment,
    mut write: impl FnMut(&str, &str) -> String,
) -> Result<String, BadVariable> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(body) = rest.strip_prefix('{') {
            let end = body.find('}').ok_or_else(|| BadVariable::Malformed(text.into()))?;
            let (name, value) = lookup(&body[..end], variables)?;
            out.push_str(&write(name, value));
            rest = &body[end + 1..];
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Returns a variable's name and value. An empty variable counts as unset if there is a default, as in the shell.
fn lookup<'a>(body: &'a str, variables: &'a Environment) -> Result<(&'a str, &'a str), BadVariable> {
    let (name, default) = match body.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain {
        return Err(BadVariable::Malformed(format!("${{{body}}}")));
    }
    match (variables.get(name), default) {
        (Some(value), None) => Ok((name, value)),
        (Some(value), Some(_)) if !value.is_empty() => Ok((name, value)),
        (_, Some(default)) => Ok((name, default)),
        (None, None) => Err(BadVariable::Unset(name.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_defaults_and_dollars() {
        let variables = Environment::from([("A".into(), "1".into()), ("E".into(), String::new())]);
        let cases = [
            ("x", Ok("x")),
            ("${A}", Ok("1")),
            ("<${A}${A:-2}>", Ok("<11>")),
            ("${B:-fall back}", Ok("fall back")),
            ("${B:-}", Ok("")),
            ("${E}", Ok("")),
            ("${E:-d}", Ok("d")),
            ("$$5 and $6", Ok("$5 and $6")),
            ("${B}", Err(BadVariable::Unset("B".into()))),
            ("${", Err(BadVariable::Malformed("${".into()))),
            ("${}", Err(BadVariable::Malformed("${}".into()))),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(text, &variables), expected.map(String::from), "{text}");
        }
    }

    #[test]
    fn values_in_a_url_are_encoded_unless_they_are_the_url() {
        let variables = Environment::from([
            ("USER".into(), "a/b?c@d:e%f".into()),
            ("DB_HOST".into(), "/run/x".into()),
            ("URL".into(), "postgresql://u:p@h/d".into()),
        ]);
        for (text, url, shape) in [
            (
                "postgresql://${USER}@${DB_HOST}:1/d",
                "postgresql://a%2Fb%3Fc%40d%3Ae%25f@%2Frun%2Fx:1/d",
                "postgresql://\u{1}USER@\u{1}DB_HOST:1/d",
            ),
            ("${URL}", "postgresql://u:p@h/d", "\u{1}URL"),
            (
                "${URL}?user=${USER}",
                "postgresql://u:p@h/d?user=a%2Fb%3Fc%40d%3Ae%25f",
                "\u{1}URL?user=\u{1}USER",
            ),
            ("postgresql://${NO:-a b}", "postgresql://a%20b", "postgresql://\u{1}NO"),
        ] {
            let expected = FilledUrl { url: url.into(), shape: shape.into() };
            assert_eq!(fill_url(text, &variables), Ok(expected), "{text}");
        }
    }
}
