//! Checks of a schema, and the constraints that its fields become. Pure.

use martydb_model::sql::{List, Literal, Statement, stmt};

use super::schema::{CollectionField, CollectionSchema, FieldConstraint, FieldType};

/// Longest name of a collection, in bytes: names of its indexes and constraints begin with it.
const MAX_NAME_BYTES: usize = 40;

/// Checks names and what fields say about each other.
pub(crate) fn check(schema: &CollectionSchema) -> Result<(), String> {
    if !is_name(&schema.name) || schema.name.len() > MAX_NAME_BYTES {
        let name = &schema.name;
        return Err(format!(
            "\"{name}\" is not a valid name of a collection: up to {MAX_NAME_BYTES} of a-z, 0-9 and _, first a letter"
        ));
    }
    for (number, field) in schema.fields.iter().enumerate() {
        check_field(field)?;
        let own = field.name.replace('.', "_");
        if own == "doc" {
            return Err("a field named doc would repeat the constraint of the template".into());
        }
        if let Some(other) = schema.fields[..number].iter().find(|other| other.name.replace('.', "_") == own)
        {
            return Err(format!("the constraints of {} and {} would have one name", other.name, field.name));
        }
    }
    let listed = schema.indexes.iter().map(|index| &index.fields);
    for fields in listed.chain(schema.search.as_ref().map(|search| &search.fields)) {
        if fields.is_empty() {
            return Err("an index, or a search, without fields".into());
        }
        if let Some(name) = fields.iter().find(|name| !schema.fields.iter().any(|field| field.name == **name))
        {
            return Err(format!("the field {name} is not declared"));
        }
    }
    if schema.search.is_some()
        && schema.indexes.iter().any(|one| one.name.is_none() && one.fields == ["search"])
    {
        return Err("the index on the field search needs a name: the index of the words has it".into());
    }
    match schema.indexes.iter().find(|index| index.name.as_ref().is_some_and(|name| !is_name(name))) {
        Some(index) => {
            Err(format!("\"{}\" is not a valid name of an index", index.name.as_deref().unwrap_or_default()))
        }
        None => Ok(()),
    }
}

/// Returns `true` for a name that needs no quotes and is short enough.
fn is_name(name: &str) -> bool {
    let is_rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_rest) && name.len() <= 63
}

fn check_field(field: &CollectionField) -> Result<(), String> {
    let name = &field.name;
    let is_key = |key: &str| {
        let is_rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !key.is_empty() && !key.eq_ignore_ascii_case("null") && key.chars().all(is_rest)
    };
    if !name.split('.').all(is_key) {
        return Err(format!("\"{name}\" is not a field: keys of letters, digits and _, joined by points"));
    }
    if field.constraints.iter().any(|one| one.one_of.as_ref().is_some_and(Vec::is_empty)) {
        return Err(format!("one_of of {name} has no values"));
    }
    if let Some(value) = &field.default_value {
        if name.contains('.') {
            return Err(format!("the field {name} is in an object, and has no default"));
        }
        if !field.r#type.has(value) {
            return Err(format!("the default of {name} is no {:?}", field.r#type).to_lowercase());
        }
    }
    let of_number = |one: &FieldConstraint| one.minimum.is_some() || one.maximum.is_some();
    let of_text = |one: &FieldConstraint| one.max_length.is_some() || one.pattern.is_some();
    let (number, text) = (field.r#type.json() == "number", field.r#type == FieldType::String);
    match field.constraints.iter().any(|one| of_number(one) && !number || of_text(one) && !text) {
        true => Err(format!("a constraint of {name} is not one of its type")),
        false => Ok(()),
    }
}

/// Returns the value of a field in a document.
pub(crate) fn place(name: &str) -> Statement {
    let path = Literal(format!("{{{}}}", name.replace('.', ",")));
    stmt!("(doc #> {path})")
}

/// Returns the condition on the values of a field.
pub(crate) fn condition(field: &CollectionField) -> Statement {
    let (place, kind) = (place(&field.name), Literal(field.r#type.json().to_owned()));
    let mut all = vec![];
    if field.r#type == FieldType::Integer {
        all.push(stmt!("{place}::numeric % 1 = 0"));
    }
    all.extend(field.constraints.iter().flat_map(|one| constraints(one, &place)));
    let values = match all.is_empty() {
        true => stmt!("true"),
        false => Statement::separated(all, " AND "),
    };
    match field.required {
        true => stmt!("CASE jsonb_typeof{place} WHEN {kind} THEN {values} ELSE false END"),
        false => {
            stmt!(
                "CASE jsonb_typeof{place} WHEN {kind} THEN {values} WHEN 'null' THEN true ELSE {place} IS NULL END"
            )
        }
    }
}

fn constraints(one: &FieldConstraint, place: &Statement) -> Vec<Statement> {
    let mut all = vec![];
    if let Some(number) = &one.minimum {
        all.push(stmt!("{place}::numeric >= {number}::numeric", number = Literal(number.to_string())));
    }
    if let Some(number) = &one.maximum {
        all.push(stmt!("{place}::numeric <= {number}::numeric", number = Literal(number.to_string())));
    }
    if let Some(length) = one.max_length {
        all.push(stmt!("length({place} #>> '{{}}') <= {length}"));
    }
    if let Some(pattern) = &one.pattern {
        all.push(stmt!("({place} #>> '{{}}') ~ {pattern}", pattern = Literal(pattern.clone())));
    }
    if let Some(values) = &one.one_of {
        let values = values.iter().map(|value| stmt!("{value}::jsonb", value = Literal(value.to_string())));
        all.push(stmt!("{place} IN ({values})", values = List(values.collect())));
    }
    all
}
