//! Selected columns of a relation, with those of its children, and how they are grouped.

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::joins::comparable;
use super::names::{embedded_alias, has_ordered_arrays, key, order_name};
use super::order::order_value;
use super::spread::{SpreadField, hands_aggregates_up, name_of, spread_fields, word};
use crate::catalog::ServedCatalog;
use crate::compile::field::FieldScope;
use crate::compile::values::StatementValues;
use crate::error::{HttpError, HttpResult};
use crate::plan::PlanNode;
use crate::request::{FieldPath, SelectedField, TimeSpans};

/// Columns of a statement.
#[derive(Default)]
pub(super) struct SelectedColumns {
    columns: Vec<Statement>,
    groups: Vec<Statement>,
    aggregated: bool,
}

impl SelectedColumns {
    /// Compiles the columns of a relation.
    pub(super) fn compile(
        scope: &FieldScope<'_>,
        node: &PlanNode<'_>,
        values: &mut StatementValues,
    ) -> HttpResult<SelectedColumns> {
        let mut selection = SelectedColumns::default();
        let everything = [SelectedField::column("*")];
        let nothing_named = node.select.is_empty() && node.children.is_empty();
        let select = if nothing_named { &everything[..] } else { &node.select[..] };
        let expands = needs_columns(node);
        for field in select {
            if field.field.name == "*" && field.aggregate.is_none() && expands {
                for column in &scope.relation.columns {
                    selection.field(scope, node, &SelectedField::column(&column.name), values)?;
                }
            } else {
                selection.field(scope, node, field, values)?;
            }
        }
        for child in &node.children {
            selection.child(scope.catalog, node, child, values)?;
        }
        if has_ordered_arrays(node) {
            for (number, term) in node.order.iter().enumerate() {
                let value = order_value(scope, node, term, values)?;
                selection.columns.push(stmt!("{value} AS {name}", name = key(&order_name(number))?));
            }
        }
        Ok(selection)
    }

    fn field(
        &mut self,
        scope: &FieldScope<'_>,
        node: &PlanNode<'_>,
        field: &SelectedField,
        values: &mut StatementValues,
    ) -> HttpResult<()> {
        let handed_up = hands_aggregates_up(node);
        let value = value(scope, field, handed_up, values)?;
        let aggregate = field.aggregate.filter(|_| !handed_up);
        let value = match aggregate {
            None => value,
            Some(aggregate) => {
                let function = Keyword(word(aggregate));
                values.cast(
                    scope.catalog,
                    stmt!("pg_catalog.{function}({value})"),
                    field.aggregate_cast.as_ref(),
                )?
            }
        };
        self.aggregated |= aggregate.is_some();
        let formatted = formatter(scope, &field.field).map(|_| field.field.name.clone());
        let name = name_of(field, node.spread).or(formatted);
        if aggregate.is_none() {
            self.groups.push(match &name {
                // GROUP BY takes a name for that of a column, and not of the answer, where it is both.
                Some(name) if field.spans.is_none() => stmt!("{name}", name = key(name)?),
                _ => value.clone(),
            });
        }
        self.columns.push(match name {
            Some(name) => stmt!("{value} AS {name}", name = key(&name)?),
            None => value,
        });
        Ok(())
    }

    fn child(
        &mut self,
        catalog: &ServedCatalog,
        node: &PlanNode<'_>,
        child: &PlanNode<'_>,
        values: &mut StatementValues,
    ) -> HttpResult<()> {
        let embedded = embedded_alias(child);
        if !child.spread {
            if child.is_empty() {
                return Ok(());
            }
            let name = key(&child.key)?;
            self.groups.push(stmt!("{name}"));
            let comparable = comparable(node);
            self.columns.push(match child.is_to_one() {
                true => stmt!("pg_catalog.row_to_json({embedded}.*){comparable} AS {name}"),
                false => stmt!("COALESCE({embedded}.{embedded}, '[]') AS {name}"),
            });
            return Ok(());
        }
        for field in spread_fields(child) {
            self.spread(catalog, hands_aggregates_up(node), (&embedded, &field), values)?;
        }
        Ok(())
    }

    fn spread(
        &mut self,
        catalog: &ServedCatalog,
        handed_up: bool,
        (embedded, field): (&Statement, &SpreadField),
        values: &mut StatementValues,
    ) -> HttpResult<()> {
        let value = stmt!("{embedded}.{name}", name = key(&field.name)?);
        let Some(aggregate) = field.aggregate.filter(|_| !handed_up) else {
            self.groups.push(value.clone());
            self.columns.push(value);
            return Ok(());
        };
        self.aggregated = true;
        let function = Keyword(word(aggregate));
        let value = values.cast(catalog, stmt!("pg_catalog.{function}({value})"), field.cast.as_ref())?;
        self.columns.push(stmt!("{value} AS {name}", name = key(&field.name)?));
        Ok(())
    }

    /// Returns the list of columns.
    pub(super) fn columns(&self) -> Statement {
        listed(&self.columns)
    }

    /// Returns `GROUP BY` where something is aggregated.
    pub(super) fn group(&self) -> Statement {
        if !self.aggregated || self.groups.is_empty() {
            return stmt!("");
        }
        stmt!(" GROUP BY {all}", all = listed(&self.groups))
    }
}

fn listed(all: &[Statement]) -> Statement {
    stmt!("{all}", all = martydb_model::sql::List(all.iter().collect::<Vec<_>>()))
}

/// Returns the function that makes JSON of a column's values.
fn formatter<'a>(scope: &FieldScope<'a>, field: &FieldPath) -> Option<&'a str> {
    let column = scope.relation.column(&field.name).filter(|_| field.steps.is_empty());
    column.and_then(|column| column.to_json.as_deref())
}

/// Returns `true` if `*` has to be written as a list of columns.
fn needs_columns(node: &PlanNode<'_>) -> bool {
    let own = node.select.iter().any(|field| field.aggregate.is_some());
    let spread = |child: &&PlanNode<'_>| child.spread && child.is_to_one();
    let mut below = node.children.iter().filter(spread).flat_map(spread_fields);
    let formatted = node.relation.columns.iter().any(|column| column.to_json.is_some());
    own || node.spread || formatted || below.any(|field| field.aggregate.is_some())
}

fn value(
    scope: &FieldScope<'_>,
    field: &SelectedField,
    handed_up: bool,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    if field.field.name == "*" {
        let alias = Qualified([scope.alias]);
        return Ok(match field.aggregate {
            None => stmt!("{alias}.*"),
            Some(_) if handed_up => stmt!("{alias}"),
            Some(_) => stmt!("*"),
        });
    }
    if let Some(spans) = &field.spans {
        return time_span(scope, &field.field, spans, values);
    }
    let value = scope.value(&field.field, values)?;
    let value = match formatter(scope, &field.field) {
        Some(function) => values.called(function, &value),
        None => value,
    };
    values.cast(scope.catalog, value, field.cast.as_ref())
}

/// First major with `date_bin`.
const BINS: i32 = 140_000;

/// Returns the beginning of the span into which a time falls.
fn time_span(
    scope: &FieldScope<'_>,
    field: &FieldPath,
    spans: &TimeSpans,
    values: &mut StatementValues,
) -> HttpResult<Statement> {
    if scope.catalog.server_version < BINS {
        let major = scope.catalog.server_version / 10_000;
        let message = format!("date_bin needs PostgreSQL 14 or later, and this server has version {major}");
        return Err(HttpError::invalid_body(message));
    }
    let column = scope.column(&field.name)?.filter(|column| column.builtin && field.steps.is_empty());
    let kind = match column.map(|column| column.base.as_str()) {
        Some("timestamptz") => Keyword("timestamptz"),
        Some("timestamp" | "date") => Keyword("timestamp"),
        _ => {
            return Err(HttpError::invalid_body(format!(
                "date_bin takes a time, and \"{}\" is none",
                field.name
            )));
        }
    };
    let value = scope.plain(&field.name)?;
    let (stride, origin) = (values.add(spans.stride.clone()), values.add(spans.origin.clone()));
    Ok(stmt!(
        "pg_catalog.date_bin({stride}::pg_catalog.interval, {value}::pg_catalog.{kind}, {origin}::pg_catalog.{kind})"
    ))
}

impl SelectedField {
    fn column(name: &str) -> SelectedField {
        let field = FieldPath::column(name);
        SelectedField { field, alias: None, cast: None, aggregate: None, aggregate_cast: None, spans: None }
    }
}
