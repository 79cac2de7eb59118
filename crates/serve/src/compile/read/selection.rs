//! Selected columns of a relation, with those of its children, and how they are grouped.

use martydb_model::sql::{Keyword, Qualified, Statement, stmt};

use super::joins::comparable;
use super::json_aggregate::of_json;
use super::names::{embedded_alias, has_ordered_arrays, key, order_name};
use super::order::order_value;
use super::spread::{SpreadField, hands_aggregates_up, name_of, spread_fields, word};
use crate::compile::field::FieldScope;
use crate::compile::values::StatementValues;
use crate::error::{HttpError, HttpResult};
use crate::plan::PlanNode;
use crate::request::{FieldPath, SelectedField, TimeSpans};

/// Compiler of a statement's columns.
pub(super) struct SelectedColumns<'a> {
    scope: &'a FieldScope<'a>,
    node: &'a PlanNode<'a>,
    values: &'a mut StatementValues,
    columns: Vec<Statement>,
    groups: Vec<Statement>,
    aggregated: bool,
}

impl<'a> SelectedColumns<'a> {
    /// Compiles the columns of a relation, and `GROUP BY` where something is aggregated.
    pub(super) fn compile(
        scope: &'a FieldScope<'a>,
        node: &'a PlanNode<'a>,
        values: &'a mut StatementValues,
    ) -> HttpResult<(Statement, Statement)> {
        let (columns, groups) = (vec![], vec![]);
        let mut selection = SelectedColumns { scope, node, values, columns, groups, aggregated: false };
        let everything = [SelectedField::new(FieldPath::column("*"))];
        let nothing_named = node.select.is_empty() && node.children.is_empty();
        let select = if nothing_named { &everything[..] } else { &node.select[..] };
        let expands = needs_columns(node);
        for field in select {
            if field.field.name == "*" && field.aggregate.is_none() && expands {
                for column in &scope.relation.columns {
                    selection.field(&SelectedField::new(FieldPath::column(&column.name)))?;
                }
            } else {
                selection.field(field)?;
            }
        }
        for child in &node.children {
            selection.child(child)?;
        }
        if has_ordered_arrays(node) {
            for (number, term) in node.order.iter().enumerate() {
                let value = order_value(scope, node, term, selection.values)?;
                selection.columns.push(stmt!("{value} AS {name}", name = key(&order_name(number))?));
            }
        }
        let is_grouped = selection.aggregated && !selection.groups.is_empty();
        let groups = listed(&selection.groups);
        let group = if is_grouped { stmt!(" GROUP BY {groups}") } else { stmt!("") };
        Ok((listed(&selection.columns), group))
    }

    fn field(&mut self, field: &SelectedField) -> HttpResult<()> {
        let value = self.value(field)?;
        let aggregate = field.aggregate.filter(|_| !hands_aggregates_up(self.node));
        let value = match aggregate {
            None => value,
            Some(aggregate) => {
                let is_json = field.field.steps.last().is_some_and(|step| !step.as_text);
                let value = match is_json && field.cast.is_none() {
                    true => of_json(aggregate, &value),
                    false => stmt!("pg_catalog.{function}({value})", function = Keyword(word(aggregate))),
                };
                self.cast(value, field.aggregate_cast.as_ref())?
            }
        };
        self.aggregated |= aggregate.is_some();
        let formatted = formatter(self.scope, &field.field).map(|_| field.field.name.clone());
        let name = name_of(field, self.node.spread).or(formatted);
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

    fn cast(&mut self, value: Statement, r#type: Option<&String>) -> HttpResult<Statement> {
        self.values.cast(self.scope.catalog, value, r#type)
    }

    fn child(&mut self, child: &PlanNode<'_>) -> HttpResult<()> {
        let embedded = embedded_alias(child);
        if !child.spread {
            if child.is_empty() {
                return Ok(());
            }
            let name = key(&child.key)?;
            self.groups.push(stmt!("{name}"));
            let comparable = comparable(self.node);
            self.columns.push(match child.is_to_one() {
                true => stmt!("pg_catalog.row_to_json({embedded}.*){comparable} AS {name}"),
                false => stmt!("COALESCE({embedded}.{embedded}, '[]') AS {name}"),
            });
            return Ok(());
        }
        spread_fields(child).iter().try_for_each(|field| self.spread(&embedded, field))
    }

    fn spread(&mut self, embedded: &Statement, field: &SpreadField) -> HttpResult<()> {
        let name = key(&field.name)?;
        let value = stmt!("{embedded}.{name}");
        let Some(aggregate) = field.aggregate.filter(|_| !hands_aggregates_up(self.node)) else {
            self.groups.push(value.clone());
            self.columns.push(value);
            return Ok(());
        };
        self.aggregated = true;
        let function = Keyword(word(aggregate));
        let value = self.cast(stmt!("pg_catalog.{function}({value})"), field.cast.as_ref())?;
        self.columns.push(stmt!("{value} AS {name}"));
        Ok(())
    }

    fn value(&mut self, field: &SelectedField) -> HttpResult<Statement> {
        if field.field.name == "*" {
            let alias = Qualified([self.scope.alias]);
            return Ok(match field.aggregate {
                None => stmt!("{alias}.*"),
                Some(_) if hands_aggregates_up(self.node) => stmt!("{alias}"),
                Some(_) => stmt!("*"),
            });
        }
        if let Some(spans) = &field.spans {
            return time_span(self.scope, &field.field, spans, self.values);
        }
        let value = self.scope.value(&field.field, self.values)?;
        let value = match formatter(self.scope, &field.field) {
            Some(function) => self.values.called(function, &value),
            None => value,
        };
        self.cast(value, field.cast.as_ref())
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
