//! Conversion of a column to another type: PostgreSQL does it without USING where there is an assignment cast.

use super::conversions::{TypeName, uncollated};
use super::structure::{SchemaObjectId, SchemaObjectKind, Structure};

/// Types to which the server casts any type on assignment, by its output function.
/// <https://www.postgresql.org/docs/current/sql-createcast.html#SQL-CREATECAST-NOTES>
const TEXTS: &[&str] = &["text", "character varying", "character", "bpchar", "name"];

/// Maximum number of domains over domains.
const MAX_DOMAINS: usize = 32;

/// Returns `true` if a column can become of another type without USING.
pub(crate) fn is_assignable(structure: &Structure, from: &str, to: &str) -> bool {
    let (from, to) = (element(structure, from), element(structure, to));
    let is_text = TEXTS.contains(&to.name.as_str()) && (from.is_array || !to.is_array);
    is_text
        || from.is_array == to.is_array
            && (from.name == to.name || structure.casts.contains(&(from.name, to.name)))
}

/// Returns `true` if a column's values are text, which any type reads by its input function.
pub(crate) fn is_text(structure: &Structure, kind: &str) -> bool {
    let kind = element(structure, kind);
    !kind.is_array && TEXTS.contains(&kind.name.as_str())
}

/// Type whose cast decides: an array is cast by its elements, and a domain by its base type.
struct ElementType {
    name: String,
    is_array: bool,
}

fn element(structure: &Structure, kind: &str) -> ElementType {
    let (mut name, mut is_array) = (without_modifier(kind), is_array(kind));
    for _ in 0..MAX_DOMAINS {
        let id = SchemaObjectId { kind: SchemaObjectKind::Domain, name };
        // The body of a domain is its base type with the number of its collation.
        let base = structure.objects.get(&id).and_then(|domain| domain.body.rsplit_once(' '));
        match base {
            Some((base, _)) => {
                is_array |= self::is_array(base);
                name = without_modifier(base);
            }
            None => return ElementType { name: id.name, is_array },
        }
    }
    ElementType { name, is_array }
}

fn is_array(kind: &str) -> bool {
    uncollated(kind).ends_with("[]")
}

/// Returns the type without modifier, collation and array.
fn without_modifier(kind: &str) -> String {
    TypeName::parse(kind).base
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
            ("interval", "interval day to second(3)", true),
            ("text", "integer", false),
            ("integer", "integer[]", false),
            ("integer[]", "text", true),
            ("text", "text[]", false),
        ] {
            assert_eq!(is_assignable(&structure, from, to), expected, "{from} {to}");
        }
    }
}
