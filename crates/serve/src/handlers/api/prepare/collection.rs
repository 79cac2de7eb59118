//! Addresses, versions and columns of a collection of documents.

use crate::catalog::{DOCUMENT, ExposedRelation};
use crate::request::{
    Aggregate, ColumnFilter, FieldPath, FilterOperation, FilterTree, JsonKey, JsonStep, RowQuery,
    SelectEntry, SelectedField,
};

/// Returns the columns of an address: of a collection the id alone, also where it is partitioned by time.
pub(super) fn address(relation: &ExposedRelation) -> &[String] {
    let id = relation.key.iter().position(|name| name == "id").filter(|_| relation.is_collection());
    id.map_or(&relation.key, |at| &relation.key[at..=at])
}

/// Returns a field of a collection: a name that is no column of it is a path in its documents.
pub(super) fn field(relation: &ExposedRelation, field: &FieldPath) -> FieldPath {
    let is_column = !field.steps.is_empty() || field.name == "*" || relation.column(&field.name).is_some();
    if is_column || !relation.is_collection() {
        return field.clone();
    }
    let step = |key: &str| JsonStep { as_text: false, key: JsonKey::Name(key.to_owned()) };
    FieldPath { name: DOCUMENT.into(), steps: field.name.split('.').map(step).collect() }
}

/// Returns an aggregate of a collection. A sum is one of numbers, so it takes the value and not its text.
pub(super) fn aggregated(relation: &ExposedRelation, entry: &SelectEntry) -> SelectEntry {
    let SelectEntry::Field(one) = entry else { return entry.clone() };
    let mut path = field(relation, &one.field);
    let adds = matches!(one.aggregate, Some(Aggregate::Sum | Aggregate::Avg));
    if let Some(last) = path.steps.last_mut().filter(|_| adds) {
        last.as_text = false;
    }
    SelectEntry::Field(SelectedField { field: path, ..one.clone() })
}

/// Returns the filter of rows with one of these versions.
pub(super) fn version_filter(versions: &[i32]) -> FilterTree {
    let operation = FilterOperation::In(versions.iter().map(i32::to_string).collect());
    FilterTree::Leaf(ColumnFilter { field: FieldPath::column("version"), negated: false, operation })
}

/// Returns `true` if whole documents are selected and nothing else.
pub(super) fn are_whole(relation: &ExposedRelation, select: &[SelectEntry]) -> bool {
    relation.is_collection() && RowQuery { select: select.to_vec(), ..RowQuery::default() }.is_whole()
}

/// Returns a selection that leaves generated columns of a collection out where they are not named.
pub(super) fn shown(relation: &ExposedRelation, select: &[SelectEntry]) -> Vec<SelectEntry> {
    if !relation.is_collection() {
        return select.to_vec();
    }
    let own = || ExposedRelation::collection_columns().map(column);
    let one = |entry: &SelectEntry| match entry {
        SelectEntry::Field(field) if is_all(field) => own().collect(),
        entry => vec![entry.clone()],
    };
    select.iter().flat_map(one).collect()
}

fn is_all(field: &SelectedField) -> bool {
    field.field == FieldPath::column("*") && field.aggregate.is_none()
}

fn column(name: &str) -> SelectEntry {
    SelectEntry::Field(SelectedField::new(FieldPath::column(name)))
}

/// Returns `true` for a filter with a regular expression.
pub(super) fn has_pattern(tree: &FilterTree) -> bool {
    match tree {
        FilterTree::Document(filter) => filter.has_pattern(),
        FilterTree::Leaf(_) => false,
        FilterTree::Branch { trees, .. } => trees.iter().any(has_pattern),
    }
}
