//! Conversion of a column to another type: PostgreSQL does it without USING where there is an assignment cast.

use super::structure::Structure;

/// Types to which the server casts any type on assignment, by its output function.
/// <https://www.postgresql.org/docs/current/sql-createcast.html#SQL-CREATECAST-NOTES>
const TEXTS: &[&str] = &["text", "character varying", "character", "bpchar", "name"];

/// Returns `true` if a column can become of another type without USING.
pub fn is_assignable(structure: &Structure, from: &str, to: &str) -> bool {
    let (from, to) = (base(from), base(to));
    from == to || TEXTS.contains(&to.as_str()) || structure.casts.contains(&(from, to))
}

/// Returns the type without modifier, collation and array: an array is cast by its elements.
fn base(kind: &str) -> String {
    let kind = kind.split(" COLLATE ").next().unwrap_or(kind);
    let kind = kind.trim_end_matches("[]");
    match (kind.find('('), kind.find(')')) {
        (Some(start), Some(end)) if start < end => {
            let name = format!("{}{}", &kind[..start], &kind[end + 1..]);
            name.trim_end().to_owned()
        }
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modifier_an_array_and_a_collation_do_not_count() {
        let casts = [("integer".to_owned(), "bigint".to_owned())].into();
        let structure = Structure { casts, ..Structure::default() };
        for (from, to, expected) in [
            ("integer", "bigint", true),
            ("integer[]", "bigint[]", true),
            ("timestamp(3) without time zone", "timestamp without time zone", true),
            ("character varying(10)", "character varying(20) COLLATE pg_catalog.\"C\"", true),
            ("app.mood", "text", true),
            ("text", "integer", false),
        ] {
            assert_eq!(is_assignable(&structure, from, to), expected, "{from} {to}");
        }
    }
}
