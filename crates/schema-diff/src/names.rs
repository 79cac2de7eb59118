//! Names as the server quotes them.

/// Splits a qualified name that the server quoted into the qualifier with its dot and the last name.
pub(crate) fn split(name: &str) -> (&str, &str) {
    let at = match name.strip_suffix('"') {
        Some(open) => {
            // A quote inside is doubled, so the name begins at the last quote that is not.
            let bytes = open.as_bytes();
            let mut at = open.len();
            while let Some(quote) = open[..at].rfind('"') {
                if quote > 0 && bytes[quote - 1] == b'"' {
                    at = quote - 1;
                } else {
                    at = quote;
                    break;
                }
            }
            at
        }
        None => name.rfind('.').map_or(0, |dot| dot + 1),
    };
    name.split_at(at)
}

/// Returns the name of a type while its successor is made.
pub(crate) fn former(name: &str) -> String {
    suffixed(name, "_former")
}

/// Returns a name with an end of ordinary letters.
pub(crate) fn suffixed(name: &str, end: &str) -> String {
    match name.strip_suffix('"') {
        Some(open) => format!("{open}{end}\""),
        None => format!("{name}{end}"),
    }
}

/// Length of a name in bytes: NAMEDATALEN - 1.
/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
const MAX_NAME_BYTES: usize = 63;

/// Returns `true` if the name with this end is not too long; the quotes count too.
pub(crate) fn has_room(name: &str, end: &str) -> bool {
    name.len() + end.len() <= MAX_NAME_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_is_found_where_names_are_quoted() {
        for (name, expected) in [
            ("app.mood", ("app.", "mood")),
            ("\"a.b\".mood", ("\"a.b\".", "mood")),
            ("app.\"x.y\"", ("app.", "\"x.y\"")),
            ("app.t.\"a\"\"b\"", ("app.t.", "\"a\"\"b\"")),
        ] {
            assert_eq!(split(name), expected);
        }
        assert_eq!(former("\"x y\""), "\"x y_former\"");
    }
}
