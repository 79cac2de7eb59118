//! The parameter `order`.

use super::scan::{QueryScanner, Scanned};
use super::select::path;
use crate::request::OrderedField;

/// Parses terms such as `name.desc.nullslast,client(name)`.
pub(super) fn order(scanner: &mut QueryScanner<'_>) -> Scanned<Vec<OrderedField>> {
    let mut terms = vec![];
    loop {
        scanner.skip_blanks();
        terms.push(term(scanner)?);
        scanner.skip_blanks();
        if !scanner.eat(",") {
            break;
        }
    }
    Ok(terms)
}

fn term(scanner: &mut QueryScanner<'_>) -> Scanned<OrderedField> {
    let related = scanner.attempt(|scanner| {
        let relation = scanner.field_name()?;
        scanner.expect('(', "\"(\"")?;
        let field = path(scanner)?;
        scanner.expect(')', "\")\"")?;
        Ok((Some(relation), field))
    });
    let (relation, field) = match related {
        Ok(found) => found,
        Err(_) => (None, path(scanner)?),
    };
    let descending = scanner.eat_one_of(&[(".asc", false), (".desc", true)]);
    let nulls_first = scanner.eat_one_of(&[(".nullsfirst", true), (".nullslast", false)]);
    match scanner.peek() {
        None | Some(',') => Ok(OrderedField { relation, field, descending, nulls_first }),
        Some('.') if nulls_first.is_none() => {
            scanner.at += 1;
            Err(scanner.mismatch(match descending {
                Some(_) => "\"nullsfirst\" or \"nullslast\"",
                None => "\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"",
            }))
        }
        Some(_) if nulls_first.is_some() => Err(scanner.surplus("\",\" or end of input")),
        Some(_) => Err(scanner.surplus("delimiter (.), \",\" or end of input")),
    }
}
