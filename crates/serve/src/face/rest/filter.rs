//! Filters: operators, values, and trees of `and` and `or`.

use super::scan::{QueryScanner, Scanned};
use super::select::path;
use crate::request::{ColumnFilter, FilterOperation, FilterTree, Quantifier};

/// Operators with one value: the name on the wire, the operator in SQL. Longer names precede their prefixes.
const BINARY: &[(&str, &str)] = &[
    ("neq", "<>"),
    ("cs", "@>"),
    ("cd", "<@"),
    ("ov", "&&"),
    ("sl", "<<"),
    ("sr", ">>"),
    ("nxr", "&<"),
    ("nxl", "&>"),
    ("adj", "-|-"),
];

/// Operators that may compare with any or all values of an array.
const QUANTIFIED: &[(&str, &str)] = &[
    ("eq", "="),
    ("gte", ">="),
    ("gt", ">"),
    ("lte", "<="),
    ("lt", "<"),
    ("like", "~~"),
    ("ilike", "~~*"),
    ("match", "~"),
    ("imatch", "~*"),
];

const TEXT_SEARCH: &[(&str, &str)] = &[
    ("fts", "to_tsquery"),
    ("plfts", "plainto_tsquery"),
    ("phfts", "phraseto_tsquery"),
    ("wfts", "websearch_to_tsquery"),
];

const IS: &[(&str, &str)] = &[
    ("not_null", "NOT NULL"),
    ("null", "NULL"),
    ("true", "TRUE"),
    ("false", "FALSE"),
    ("unknown", "UNKNOWN"),
];

const OPERATOR: &str = "operator (eq, gt, ...)";

/// Deepest nesting of trees.
const MAX_DEPTH: usize = 32;

/// Place of a value: alone in a parameter, or in a tree, where a comma ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValuePlace {
    Alone,
    InTree,
}

/// Parses `not.eq.value`: negation, operation.
pub(super) fn operation(
    scanner: &mut QueryScanner<'_>,
    place: ValuePlace,
) -> Scanned<(bool, FilterOperation)> {
    let before = scanner.at;
    let negated = scanner.eat("not.");
    let expecting = if negated { OPERATOR } else { "\"not\" or operator (eq, gt, ...)" };
    let found = scanner.attempt(|scanner| one(scanner, place)).map_err(|miss| {
        // A mismatch in a list is reported at its position.
        if miss.expecting.contains("operator") || miss.at == scanner.at {
            scanner.mismatch(expecting)
        } else {
            miss
        }
    });
    if found.is_err() && !negated {
        scanner.at = before;
    }
    Ok((negated, found?))
}

fn one(scanner: &mut QueryScanner<'_>, place: ValuePlace) -> Scanned<FilterOperation> {
    if scanner.eat("in.") {
        return list(scanner).map(FilterOperation::In);
    }
    if scanner.eat("isdistinct.") {
        return Ok(FilterOperation::IsDistinctFrom(value(scanner, place)));
    }
    if scanner.eat("is.") {
        return is(scanner);
    }
    for attempt in [search, binary, quantified] {
        if let Ok(found) = scanner.attempt(|scanner| attempt(scanner, place)) {
            return Ok(found);
        }
    }
    Err(scanner.mismatch(OPERATOR))
}

fn is(scanner: &mut QueryScanner<'_>) -> Scanned<FilterOperation> {
    let word = scanner.clone().take_while(|c| c.is_alphabetic() || c == '_');
    let row = IS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let (name, sql) = row.ok_or_else(|| scanner.mismatch("isVal: (null, not_null, true, false, unknown)"))?;
    scanner.at += name.len();
    Ok(FilterOperation::Is(sql))
}

fn search(scanner: &mut QueryScanner<'_>, place: ValuePlace) -> Scanned<FilterOperation> {
    let function = scanner.eat_one_of(TEXT_SEARCH).ok_or_else(|| scanner.mismatch(OPERATOR))?;
    let language = if scanner.eat("(") {
        let name = scanner.identifier().ok_or_else(|| scanner.mismatch(OPERATOR))?;
        scanner.expect(')', OPERATOR)?;
        Some(name)
    } else {
        None
    };
    scanner.expect('.', OPERATOR)?;
    Ok(FilterOperation::Search { function, language, value: value(scanner, place) })
}

fn binary(scanner: &mut QueryScanner<'_>, place: ValuePlace) -> Scanned<FilterOperation> {
    let operator = scanner.eat_one_of(BINARY).ok_or_else(|| scanner.mismatch(OPERATOR))?;
    scanner.expect('.', OPERATOR)?;
    Ok(FilterOperation::Binary { operator, quantifier: None, value: value(scanner, place) })
}

fn quantified(scanner: &mut QueryScanner<'_>, place: ValuePlace) -> Scanned<FilterOperation> {
    let operator = scanner.eat_one_of(QUANTIFIED).ok_or_else(|| scanner.mismatch(OPERATOR))?;
    let quantifier = scanner.eat_one_of(&[("(any)", Quantifier::Any), ("(all)", Quantifier::All)]);
    scanner.expect('.', OPERATOR)?;
    let value = value(scanner, place);
    let value = if operator.starts_with("~~") { value.replace('*', "%") } else { value };
    Ok(FilterOperation::Binary { operator, quantifier, value })
}

fn value(scanner: &mut QueryScanner<'_>, place: ValuePlace) -> String {
    match place {
        ValuePlace::Alone => scanner.rest().to_owned(),
        ValuePlace::InTree => {
            let array = |scanner: &mut QueryScanner<'_>| {
                scanner.expect('{', "\"{\"")?;
                let inner = scanner.take_while(|c| c != '{' && c != '}');
                scanner.expect('}', "\"}\"")?;
                Ok(format!("{{{inner}}}"))
            };
            let quoted = scanner.attempt(quoted_element);
            quoted
                .or_else(|_| scanner.attempt(array))
                .unwrap_or_else(|_| scanner.take_while(|c| c != ',' && c != ')').to_owned())
        }
    }
}

fn quoted_element(scanner: &mut QueryScanner<'_>) -> Scanned<String> {
    let text = scanner.quoted()?;
    match scanner.peek() {
        None | Some(',' | ')') => Ok(text),
        Some(_) => Err(scanner.mismatch("\",\" or \")\"")),
    }
}

fn list(scanner: &mut QueryScanner<'_>) -> Scanned<Vec<String>> {
    scanner.skip_blanks();
    scanner.expect('(', "\"(\"")?;
    scanner.skip_blanks();
    let mut values = vec![];
    loop {
        let quoted = scanner.attempt(quoted_element);
        values.push(quoted.unwrap_or_else(|_| scanner.take_while(|c| c != ',' && c != ')').to_owned()));
        if !scanner.eat(",") {
            break;
        }
    }
    scanner.expect(')', "\",\" or \")\"")?;
    scanner.skip_blanks();
    Ok(values)
}

/// Parses `and(…)`, `not.or(…)` or a condition such as `id.eq.1`.
pub(super) fn tree(scanner: &mut QueryScanner<'_>, depth: usize) -> Scanned<FilterTree> {
    let condition = scanner.attempt(|scanner| {
        let field = path(scanner)?;
        scanner.expect('.', "delimiter (.)")?;
        let (negated, operation) = operation(scanner, ValuePlace::InTree)?;
        Ok(FilterTree::Leaf(ColumnFilter { field, negated, operation }))
    });
    let miss = match condition {
        Ok(leaf) => return Ok(leaf),
        Err(miss) => miss,
    };
    let negated = scanner.eat("not.");
    let Some(all) = scanner.eat_one_of(&[("and", true), ("or", false)]) else {
        let expecting = "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)";
        let here = scanner.mismatch(if negated { "logic operator (and, or)" } else { expecting });
        return Err(if miss.at > here.at { miss } else { here });
    };
    if depth > MAX_DEPTH {
        return Err(scanner.mismatch("fewer levels"));
    }
    scanner.skip_blanks();
    scanner.expect('(', "\"(\"")?;
    scanner.skip_blanks();
    let mut trees = vec![tree(scanner, depth + 1)?];
    scanner.skip_blanks();
    while scanner.eat(",") {
        scanner.skip_blanks();
        trees.push(tree(scanner, depth + 1)?);
        scanner.skip_blanks();
    }
    scanner.expect(')', "\",\" or \")\"")?;
    scanner.skip_blanks();
    Ok(FilterTree::Branch { negated, all, trees })
}

/// Returns the operation that a name of the URL means with one value, or `None` if there is none of this name or value.
pub(crate) fn json_filter(name: &str, value: &str) -> Option<FilterOperation> {
    let row =
        |table: &[(&str, &'static str)]| table.iter().find(|(key, _)| *key == name).map(|(_, sql)| *sql);
    let value = value.to_owned();
    match name {
        "is" => IS.iter().find(|(word, _)| *word == value).map(|(_, sql)| FilterOperation::Is(sql)),
        "isdistinct" => Some(FilterOperation::IsDistinctFrom(value)),
        _ => row(TEXT_SEARCH)
            .map(|function| FilterOperation::Search { function, language: None, value: value.clone() })
            .or_else(|| {
                let operator = row(QUANTIFIED).or_else(|| row(BINARY))?;
                Some(FilterOperation::Binary { operator, quantifier: None, value })
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Scanned<(bool, FilterOperation)> {
        operation(&mut QueryScanner::new(text), ValuePlace::Alone)
    }

    #[test]
    fn operators_are_rows_of_the_table() {
        let binary = |operator, quantifier, value: &str| FilterOperation::Binary {
            operator,
            quantifier,
            value: value.into(),
        };
        for (text, expected) in [
            ("eq.1", (false, binary("=", None, "1"))),
            ("not.neq.a.b", (true, binary("<>", None, "a.b"))),
            ("like(any).{a*}", (false, binary("~~", Some(Quantifier::Any), "{a%}"))),
            ("in.(a,\"b,c\")", (false, FilterOperation::In(vec!["a".into(), "b,c".into()]))),
            ("is.NULL", (false, FilterOperation::Is("NULL"))),
            ("is.not_null", (false, FilterOperation::Is("NOT NULL"))),
        ] {
            assert_eq!(parsed(text), Ok(expected), "{text}");
        }
        for wrong in ["", "1", "eq", "noop.1", "= 1; DROP TABLE x", "in.1", "is.1", "fts().x"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mismatch_names_its_place() {
        let miss = tree(&mut QueryScanner::new("or()"), 0).unwrap_err();
        assert_eq!(
            (miss.at, miss.to_string().starts_with("unexpected \")\" expecting field name")),
            (3, true)
        );
        assert_eq!(
            parsed("0").unwrap_err().to_string(),
            "unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)"
        );
    }
}
