use super::*;
use crate::structure::ObjectPart;

fn part(place: i64, value: &str) -> ObjectPart {
    ObjectPart {
        place,
        value: value.into(),
        create_sql: None,
        alter_sql: None,
        remove_sql: None,
        inline: true,
        needs: None,
    }
}

fn object(body: &str, create_sql: &str, parts: &[(&str, ObjectPart)]) -> SchemaObject {
    SchemaObject {
        parent: None,
        create_sql: create_sql.into(),
        drop_sql: String::new(),
        body: body.into(),
        signature: String::new(),
        parts: parts.iter().map(|(name, part)| ((*name).to_owned(), part.clone())).collect(),
        needs: BTreeSet::new(),
    }
}

/// Types of a schema: an enum with these labels, a domain of this type, a composite type with these attributes.
fn schema(labels: &[&str], domain: &str, attributes: &[(&str, &str)]) -> Structure {
    let mut found = Structure::default();
    let labels: Vec<(&str, ObjectPart)> = (0..).zip(labels).map(|(at, name)| (*name, part(at, ""))).collect();
    found.objects.insert(named(SchemaObjectKind::Enum, "s.mood"), object("", "", &labels));
    found.objects.insert(named(SchemaObjectKind::Domain, "s.price"), object(&format!("{domain} 0"), "", &[]));
    let lines: Vec<String> = attributes.iter().map(|(name, kind)| format!("\n    {name} {kind}")).collect();
    let pair = named(SchemaObjectKind::CompositeType, "s.pair");
    found.objects.insert(pair.clone(), object("", &lines.join(","), &[]));
    for (name, kind) in attributes {
        let attribute =
            SchemaObject { parent: Some(pair.clone()), ..object("", "", &[(TYPE, part(20, kind))]) };
        found.objects.insert(named(SchemaObjectKind::Attribute, &format!("s.pair.{name}")), attribute);
    }
    found
}

#[test]
fn types_of_the_schema_are_compared_by_their_definition() {
    let from = schema(&["'a'", "'b'"], "numeric(12,4)", &[("a", "integer"), ("b", "integer")]);
    let wider = schema(&["'c'", "'b'", "'a'"], "numeric(14,4)", &[("a", "bigint"), ("b", "integer")]);
    let narrower = schema(&["'a'"], "numeric(12,2)", &[("b", "integer"), ("a", "integer")]);
    for (old, new) in [
        ("s.mood", "s.mood"),
        ("s.mood[]", "s.mood[]"),
        ("s.price", "s.price"),
        ("s.price[]", "s.price[]"),
        ("s.pair", "s.pair"),
        ("s.price", "numeric(12,4)"),
        ("numeric(12,4)", "s.price"),
    ] {
        let narrows = !new.contains('(');
        assert!(keeps(&from, &wider, old, new), "{old} {new}");
        assert_eq!(keeps(&from, &narrower, old, new), !narrows, "{old} {new}");
    }
    for (old, new, expected) in [
        ("s.mood", "text", true),
        ("s.mood", "character varying(10)", false),
        ("s.mood", "s.other", false),
        ("s.price", "integer", false),
        ("integer", "integer[]", false),
        ("integer[]", "bigint[]", true),
        ("bigint[]", "integer[]", false),
        ("integer[]", "text", false),
    ] {
        assert_eq!(keeps(&from, &wider, old, new), expected, "{old} {new}");
    }
}

#[test]
fn an_extensions_binary_coercible_cast_keeps_the_bytes() {
    let pair = ("text".to_owned(), "public.citext".to_owned());
    let from = Structure { coercible: [pair].into(), ..Structure::default() };
    assert!(keeps(&from, &Structure::default(), "text", "public.citext"));
    assert!(!keeps(&from, &Structure::default(), "public.citext", "text"));
}
