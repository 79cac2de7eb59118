//! Table patterns of a split map: `schema.table`, quoted or with `*` and `?` for characters of a name.

use std::str::FromStr;

use crate::source::pattern::matches;

/// Pattern of one or more tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TablePattern {
    text: String,
    schema: NamePart,
    name: NamePart,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NamePart {
    text: String,
    /// `true` if it was quoted; then none of its characters is special.
    literal: bool,
}

impl TablePattern {
    /// Returns the pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `true` if it names one table and no other.
    pub fn is_exact(&self) -> bool {
        self.schema.is_exact() && self.name.is_exact()
    }

    pub fn matches(&self, schema: &str, name: &str) -> bool {
        self.schema.matches(schema) && self.name.matches(name)
    }
}

impl NamePart {
    fn is_exact(&self) -> bool {
        self.literal || !self.text.contains(['*', '?'])
    }

    fn matches(&self, name: &str) -> bool {
        if self.literal { self.text == name } else { matches(&self.text, name) }
    }
}

impl FromStr for TablePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<TablePattern, String> {
        let wrong = || format!("\"{text}\" is not of the form schema.table");
        let (schema, rest) = part(text).ok_or_else(wrong)?;
        let (name, rest) = rest.strip_prefix('.').and_then(part).ok_or_else(wrong)?;
        if rest.is_empty() { Ok(TablePattern { text: text.to_owned(), schema, name }) } else { Err(wrong()) }
    }
}

/// Splits off one name. Returns it and the rest.
fn part(text: &str) -> Option<(NamePart, &str)> {
    let Some(mut inside) = text.strip_prefix('"') else {
        let (name, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
        let odd = name.is_empty() || name.contains('"');
        return (!odd).then(|| (NamePart { text: name.to_owned(), literal: false }, rest));
    };
    let mut name = String::new();
    loop {
        let (before, after) = inside.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            // Two quotes stand for one.
            Some(more) => {
                name.push('"');
                inside = more;
            }
            None => return (!name.is_empty()).then_some((NamePart { text: name, literal: true }, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_tables() {
        for (pattern, schema, name, expected) in [
            ("public.csca_*", "public", "csca_certificates", true),
            ("public.csca_*", "pkd", "csca_certificates", false),
            ("pkd.*", "pkd", "entries", true),
            ("*.t", "a", "t", true),
            ("public.\"Order\"", "public", "Order", true),
            ("public.Order", "public", "Order", true),
            ("public.\"a*\"", "public", "ab", false),
            ("public.\"a.b\"", "public", "a.b", true),
            ("\"a\"\"b\".t", "a\"b", "t", true),
        ] {
            let parsed: TablePattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(schema, name), expected, "{pattern} {schema}.{name}");
        }
        assert!("public.\"a*\"".parse::<TablePattern>().unwrap().is_exact());
        assert!(!"public.a*".parse::<TablePattern>().unwrap().is_exact());
        for wrong in
            ["t", "", "a.b.c", "public.", ".t", "public.\"t", "public.\"t\"x", "public.t\"", "\"\".t"]
        {
            assert!(wrong.parse::<TablePattern>().is_err(), "{wrong}");
        }
    }
}
