//! `${VAR}` and `${VAR:-default}` inside values; `$$` is a dollar sign.

use serde_yaml::Value;

use super::Environment;
use super::locate::Step;

/// A variable that cannot be filled in, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfilled {
    /// The value's path.
    pub path: Vec<Step>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Why a variable cannot be filled in.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not set, and without a default.
    Unset(String),
    /// Not `${NAME}` or `${NAME:-default}`.
    Malformed(String),
}

/// Fills every string of the tree in; keys are left alone.
pub fn expand(value: &mut Value, variables: &Environment) -> Result<(), Unfilled> {
    walk(value, variables, &mut vec![])
}

fn walk(value: &mut Value, variables: &Environment, path: &mut Vec<Step>) -> Result<(), Unfilled> {
    match value {
        Value::String(text) => {
            if text.contains('$') {
                *text = fill(text, variables).map_err(|problem| Unfilled { path: path.clone(), problem })?;
            }
            Ok(())
        }
        Value::Mapping(map) => map.iter_mut().try_for_each(|(key, value)| {
            path.push(Step::Key(key.as_str().unwrap_or_default().into()));
            walk(value, variables, path)?;
            path.pop();
            Ok(())
        }),
        Value::Sequence(list) => list.iter_mut().enumerate().try_for_each(|(index, value)| {
            path.push(Step::Index(index));
            walk(value, variables, path)?;
            path.pop();
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// Fills one text in.
pub fn fill(text: &str, variables: &Environment) -> Result<String, Problem> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(body) = rest.strip_prefix('{') {
            let end = body.find('}').ok_or_else(|| Problem::Malformed(text.into()))?;
            out.push_str(&lookup(&body[..end], variables)?);
            rest = &body[end + 1..];
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// An empty variable counts as unset where there is a default, as in the shell.
fn lookup(body: &str, variables: &Environment) -> Result<String, Problem> {
    let (name, default) = match body.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (body, None),
    };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain {
        return Err(Problem::Malformed(format!("${{{body}}}")));
    }
    match (variables.get(name), default) {
        (Some(value), None) => Ok(value.clone()),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value.clone()),
        (_, Some(default)) => Ok(default.into()),
        (None, None) => Err(Problem::Unset(name.into())),
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
            ("${B}", Err(Problem::Unset("B".into()))),
            ("${", Err(Problem::Malformed("${".into()))),
            ("${}", Err(Problem::Malformed("${}".into()))),
        ];
        for (text, expected) in cases {
            assert_eq!(fill(text, &variables), expected.map(String::from), "{text}");
        }
    }
}
