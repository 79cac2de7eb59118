//! Spread relations: their columns are listed with those of the parent.

use crate::compile::field::key_of;
use crate::plan::PlanNode;
use crate::request::{Aggregate, SelectedField};

/// Returns the name of an aggregate function.
pub(super) fn word(aggregate: Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Sum => "sum",
        Aggregate::Avg => "avg",
        Aggregate::Count => "count",
        Aggregate::Max => "max",
        Aggregate::Min => "min",
    }
}

/// A column of a spread relation among those of its parent.
#[derive(Debug, Clone)]
pub(super) struct SpreadField {
    /// Its name in the relation's statement, and in the answer.
    pub name: String,
    /// Aggregate that the parent applies.
    pub aggregate: Option<Aggregate>,
    pub(crate) cast: Option<String>,
}

impl SpreadField {
    fn plain(name: &str) -> SpreadField {
        SpreadField { name: name.to_owned(), aggregate: None, cast: None }
    }
}

/// Returns `true` if the parent aggregates the relation's columns.
pub(super) fn hands_aggregates_up(node: &PlanNode<'_>) -> bool {
    node.spread && node.is_to_one()
}

/// Returns the name of a column in the answer where the request gives or implies one.
pub(super) fn name_of(field: &SelectedField, is_spread: bool) -> Option<String> {
    let implied = match field.aggregate {
        Some(aggregate) if is_spread => Some(word(aggregate)),
        Some(_) => None,
        None => key_of(&field.field),
    };
    field.alias.clone().or_else(|| implied.map(str::to_owned))
}

/// Returns the columns of a spread relation among those of its parent.
pub(super) fn spread_fields(node: &PlanNode<'_>) -> Vec<SpreadField> {
    let mut fields = vec![];
    for field in &node.select {
        if field.field.name == "*" && field.aggregate.is_none() {
            fields.extend(node.relation.columns.iter().map(|column| SpreadField::plain(&column.name)));
            continue;
        }
        let name = name_of(field, true).unwrap_or_else(|| field.field.name.clone());
        fields.push(SpreadField { name, aggregate: field.aggregate, cast: field.aggregate_cast.clone() });
    }
    for child in &node.children {
        match child.spread {
            true => fields.extend(spread_fields(child)),
            false if child.is_empty() => {}
            false => fields.push(SpreadField::plain(&child.key)),
        }
    }
    fields
}
