//! Types as `format_type` prints them, divided into name, modifiers and array.

/// Returns the type without its collation.
pub(crate) fn uncollated(kind: &str) -> &str {
    kind.split(" COLLATE ").next().unwrap_or(kind)
}

/// Parts of a type's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// Name without modifiers, such as `timestamp without time zone`.
    pub base: String,
    /// Length, or precision and scale.
    pub modifiers: Vec<i32>,
    /// Fields of an interval, such as `day to second`.
    pub fields: String,
    pub is_array: bool,
}

impl TypeName {
    /// Divides the name of a type.
    pub(crate) fn parse(kind: &str) -> TypeName {
        let kind = uncollated(kind);
        let is_array = kind.ends_with("[]");
        let kind = kind.trim_end_matches("[]");
        let (outside, modifiers) = divided(kind);
        let (base, fields) = match outside.strip_prefix("interval ") {
            Some(fields) => ("interval".to_owned(), fields.trim().to_owned()),
            None => (outside, String::new()),
        };
        TypeName { base, modifiers, fields, is_array }
    }

    /// Returns the name in SQL.
    pub(crate) fn written(&self) -> String {
        let numbers: Vec<String> = self.modifiers.iter().map(ToString::to_string).collect();
        let modifiers = if numbers.is_empty() { String::new() } else { format!("({})", numbers.join(",")) };
        let array = if self.is_array { "[]" } else { "" };
        // The digits of a second are behind the first word, and those of an interval behind its fields.
        let (start, end) = match self.base.split_once(' ') {
            Some((start, zone)) if start.starts_with("time") => (start.to_owned(), format!(" {zone}")),
            _ if !self.fields.is_empty() => (format!("{} {}", self.base, self.fields), String::new()),
            _ => (self.base.clone(), String::new()),
        };
        format!("{start}{modifiers}{end}{array}")
    }
}

/// Returns the name around the modifiers, and them. A parenthesis inside quotes belongs to the name.
fn divided(kind: &str) -> (String, Vec<i32>) {
    let mut quoted = false;
    let opens = |character: char| {
        quoted ^= character == '"';
        character == '(' && !quoted
    };
    let Some(start) = kind.find(opens) else { return (kind.to_owned(), vec![]) };
    let Some(end) = kind[start..].find(')').map(|end| start + end) else { return (kind.to_owned(), vec![]) };
    let numbers: Result<Vec<i32>, _> =
        kind[start + 1..end].split(',').map(|number| number.trim().parse::<i32>()).collect();
    match numbers {
        Ok(numbers) => (format!("{}{}", &kind[..start], &kind[end + 1..]).trim_end().to_owned(), numbers),
        // Modifiers of an extension's type, such as geometry(Point,4326), are part of the name.
        Err(_) => (kind.to_owned(), vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_divided() {
        for (kind, base, modifiers, fields, is_array) in [
            ("integer", "integer", vec![], "", false),
            ("numeric(12,2)[]", "numeric", vec![12, 2], "", true),
            ("numeric(3,-2)", "numeric", vec![3, -2], "", false),
            ("timestamp(3) with time zone", "timestamp with time zone", vec![3], "", false),
            ("character varying(20) COLLATE pg_catalog.\"C\"", "character varying", vec![20], "", false),
            ("interval day to second(3)", "interval", vec![3], "day to second", false),
            ("interval(3)", "interval", vec![3], "", false),
            ("s.\"odd (1)\"", "s.\"odd (1)\"", vec![], "", false),
            ("public.geometry(Point,4326)", "public.geometry(Point,4326)", vec![], "", false),
        ] {
            let expected = TypeName { base: base.into(), modifiers, fields: fields.into(), is_array };
            assert_eq!(TypeName::parse(kind), expected, "{kind}");
            assert_eq!(expected.written(), uncollated(kind));
        }
    }
}
