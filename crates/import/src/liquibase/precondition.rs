//! Preconditions of a changeset. One that stops the update if it is false is a statement of the migration; the others choose at run
//! time whether a changeset runs.

use super::formatted::attribute;
use super::parameters::ChangelogParameters;
use crate::copy::quoted;
use crate::split::SplitProblem;

const FIX: &str = "remove the precondition if it is true in a new database, or pass --skip";

/// Returns statements that fail where a precondition is false.
///
/// # Errors
/// The first precondition that cannot be a statement.
pub(super) fn checks(
    conditions: &[(usize, &str)],
    parameters: &ChangelogParameters,
    notes: &mut Vec<String>,
) -> Result<String, SplitProblem> {
    let (heads, conditions): (Vec<_>, Vec<_>) = conditions.iter().partition(|(_, line)| kind(line).is_none());
    let mut checks = String::new();
    for (at, line) in &conditions {
        let reaction = heads.iter().find_map(|(head_at, head)| {
            ["onFail", "onError"].into_iter().find_map(|name| {
                let value = attribute(head, name)?.to_ascii_uppercase();
                (value != "HALT").then_some((*head_at, name, value))
            })
        });
        match reaction {
            None => checks += &check(*at, line, parameters)?,
            Some((_, _, value)) if value == "WARN" => {
                notes.push("is not checked: its precondition only warns".into());
            }
            Some((at, name, value)) => {
                return Err((
                    at,
                    format!("runs only if its precondition is true ({name}:{value})"),
                    FIX.into(),
                ));
            }
        }
    }
    Ok(checks)
}

/// Returns the kind and the rest of `--precondition-sql-check expectedResult:0 SELECT …`.
fn kind(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches('-').trim_start().get("precondition".len()..)?.strip_prefix('-')?;
    Some(rest.split_once(char::is_whitespace).unwrap_or((rest, "")))
}

fn check(at: usize, line: &str, parameters: &ChangelogParameters) -> Result<String, SplitProblem> {
    let (kind, body) = kind(line).unwrap_or_default();
    let body = parameters.expand(body).map_err(|(_, what, fix)| (at, what, fix))?;
    let (expected, sql) = sql_check(body.trim())
        .filter(|_| kind.eq_ignore_ascii_case("sql-check"))
        .ok_or_else(|| (at, format!("has the precondition {kind}, which has no statement"), FIX.into()))?;
    // A comment would hide the parenthesis.
    let end = if sql.contains("--") { "\n    " } else { "" };
    Ok(format!(
        "{line}\nDO $precondition$\nBEGIN\n    IF ({sql}{end})::text IS DISTINCT FROM {expected} THEN\n        \
         RAISE EXCEPTION 'the precondition is false';\n    END IF;\nEND\n$precondition$;\n\n",
        sql = sql.trim().trim_end_matches(';'),
        expected = quoted(expected),
    ))
}

/// Parses `expectedResult:0 SELECT …`, with the result as a word or in quotes.
fn sql_check(body: &str) -> Option<(&str, &str)> {
    let prefix = "expectedResult:";
    let rest = match body.get(..prefix.len()) {
        Some(found) if found.eq_ignore_ascii_case(prefix) => &body[prefix.len()..],
        _ => body,
    };
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
    match quote {
        Some(quote) => rest[1..].split_once(quote),
        None => rest.split_once(char::is_whitespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> String {
        let lines: Vec<(usize, &str)> = (1..).zip(lines.iter().copied()).collect();
        let mut notes = vec![];
        match checks(&lines, &ChangelogParameters::default(), &mut notes) {
            Ok(text) => text + &notes.join(""),
            Err((at, what, _)) => format!("{at}: {what}"),
        }
    }

    #[test]
    fn a_precondition_that_stops_is_a_statement_and_the_others_are_named() {
        let check = "--precondition-sql-check expectedResult:0 SELECT count(*) FROM t;";
        let stops = said(&["--preconditions onFail:HALT onError:halt", check]);
        assert!(stops.contains("IF (SELECT count(*) FROM t)::text IS DISTINCT FROM '0' THEN"), "{stops}");
        assert_eq!(said(&[check]), stops);
        assert!(said(&["--precondition-sql-check \"it's\" SELECT 1"]).contains("'it''s'"));
        assert!(
            said(&["--precondition-sql-check 0 SELECT 0 -- none"]).contains("(SELECT 0 -- none\n    )::text")
        );
        assert_eq!(
            said(&["--preconditions onFail:WARN", check]),
            "is not checked: its precondition only warns"
        );
        for (lines, expected) in [
            (
                &["--preconditions onFail:MARK_RAN", check][..],
                "1: runs only if its precondition is true (onFail:MARK_RAN)",
            ),
            (
                &[check, "--preconditions onError:CONTINUE"],
                "2: runs only if its precondition is true (onError:CONTINUE)",
            ),
            (
                &["--precondition-table-exists table:t"],
                "1: has the precondition table-exists, which has no statement",
            ),
        ] {
            assert_eq!(said(lines), expected);
        }
    }
}
