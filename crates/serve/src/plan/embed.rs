//! The relationship that an embedded relation means, by its name and hint.

use serde_json::{Value, json};

use crate::catalog::{Cardinality, ExposedRelation, Relationship, ServedCatalog};
use crate::closest_name::closest;
use crate::error::{HttpError, HttpResult};

/// Finds the one relationship between a relation and the target of an embedding.
pub(super) fn find_relationship<'c>(
    catalog: &'c ServedCatalog,
    origin: &ExposedRelation,
    target: &str,
    hint: Option<&str>,
) -> HttpResult<&'c Relationship> {
    let all = catalog.relationships_of(&origin.schema, &origin.name);
    // A function of the row takes the place of the relationships that its name would find.
    let is_named = |one: &&Relationship| one.function.as_ref().is_some_and(|(_, name)| name == target);
    if let Some(one) = all.clone().find(is_named) {
        return Ok(one);
    }
    let found: Vec<&Relationship> = all
        .filter(|one| one.target.0 == origin.schema && one.function.is_none())
        .filter(|one| match (one.is_self(), hint) {
            (true, None) => is_self_target(one, target),
            (true, Some(hint)) => {
                one.target.1 == target && is_one_to_many(one) && has_target_column(one, hint)
            }
            (false, None) => one.target.1 == target || (is_key(one, target) && !one.to_view),
            (false, Some(hint)) => one.target.1 == target && fits_hint(one, hint),
        })
        .collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(none(catalog, origin, target, hint)),
        _ => Err(several(origin, target, &found)),
    }
}

fn is_one_to_many(one: &Relationship) -> bool {
    one.cardinality == Cardinality::OneToMany
}

fn is_self_target(one: &Relationship, target: &str) -> bool {
    (one.target.1 == target && is_one_to_many(one))
        || (one.cardinality == Cardinality::ManyToOne && has_own_column(one, target))
}

fn is_key(one: &Relationship, name: &str) -> bool {
    one.junction.is_none() && (one.constraint == name || has_own_column(one, name))
}

fn has_own_column(one: &Relationship, name: &str) -> bool {
    let is_own = matches!(one.cardinality, Cardinality::ManyToOne | Cardinality::OneToOne);
    is_own && matches!(&one.columns[..], [(own, _)] if own == name)
}

fn has_target_column(one: &Relationship, name: &str) -> bool {
    matches!(&one.columns[..], [(_, other)] if other == name)
}

fn fits_hint(one: &Relationship, hint: &str) -> bool {
    let junction = one.junction.as_ref().is_some_and(|junction| junction.table.1 == hint);
    junction
        || (!one.constraint.is_empty() && one.constraint == hint)
        || has_own_column(one, hint)
        || has_target_column(one, hint)
}

fn none(catalog: &ServedCatalog, origin: &ExposedRelation, target: &str, hint: Option<&str>) -> HttpError {
    let message =
        format!("Could not find a relationship between '{}' and '{target}' in the schema cache", origin.name);
    let using = hint.map(|hint| format!("' using the hint '{hint}")).unwrap_or_default();
    let details = format!(
        "Searched for a foreign key relationship between '{}' and '{target}{using}' in the schema '{}', but no matches were found.",
        origin.name, origin.schema
    );
    let error = HttpError::new(400, "PGRST200", message).details(details);
    match suggested(catalog, origin, target) {
        Some(near) => error.hint(format!("Perhaps you meant '{near}' instead of '{target}'.")),
        None => error,
    }
}

/// Least similarity of a suggested relation.
const SIMILAR: f64 = 0.33;

/// Returns a relation with a similar name that can be embedded.
fn suggested<'c>(catalog: &'c ServedCatalog, origin: &ExposedRelation, target: &str) -> Option<&'c str> {
    let all = catalog.relationships_of(&origin.schema, &origin.name);
    let names = || all.clone().filter(|one| one.target.0 == origin.schema).map(|one| one.target.1.as_str());
    // If the name is one of them, the hint is wrong and not the name.
    if names().any(|name| name == target) { None } else { closest(target, names(), SIMILAR) }
}

fn several(origin: &ExposedRelation, target: &str, found: &[&Relationship]) -> HttpError {
    let message = format!(
        "Could not embed because more than one relationship was found for '{}' and '{target}'",
        origin.name
    );
    let names: Vec<String> = found.iter().map(|one| format!("'{}!{}'", one.target.1, hint_of(one))).collect();
    let hint = format!(
        "Try changing '{target}' to one of the following: {}. Find the desired relationship in the 'details' key.",
        names.join(", ")
    );
    let details: Vec<Value> = found.iter().map(|one| described(one)).collect();
    HttpError::new(300, "PGRST201", message).details(Value::Array(details)).hint(hint)
}

fn hint_of(one: &Relationship) -> &str {
    one.junction.as_ref().map_or(one.constraint.as_str(), |junction| junction.table.1.as_str())
}

fn described(one: &Relationship) -> Value {
    let list = |columns: Vec<&str>| format!("({})", columns.join(", "));
    let own = list(one.columns.iter().map(|(own, _)| own.as_str()).collect());
    let other = list(one.columns.iter().map(|(_, other)| other.as_str()).collect());
    let relationship = match &one.junction {
        Some(junction) => format!(
            "{} using {}{} and {}{}",
            junction.table.1,
            junction.source_constraint,
            list(junction.source.iter().map(|(_, column)| column.as_str()).collect()),
            junction.target_constraint,
            list(junction.target.iter().map(|(_, column)| column.as_str()).collect())
        ),
        None => format!("{} using {}{own} and {}{other}", one.constraint, one.table.1, one.target.1),
    };
    let cardinality = match one.cardinality {
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "embedding": format!("{} with {}", one.table.1, one.target.1),
        "cardinality": cardinality,
        "relationship": relationship,
    })
}
