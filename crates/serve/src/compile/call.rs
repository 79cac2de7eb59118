//! Statements that call a function, and read its rows.

use std::collections::BTreeSet;

use martydb_model::sql::{Keyword, List, Qualified, Statement, stmt};

use super::CompiledStatement;
use super::answer::{AnswerColumns, ResultShape, body};
use super::field::with_computed;
use super::reads::{RootSource, StatementReads};
use super::values::StatementValues;
use crate::catalog::{ExposedFunction, FunctionParameter, ServedCatalog, VALUE};
use crate::error::HttpResult;
use crate::plan::PlannedTree;
use crate::request::{BodyForm, CallArguments, RowQuery};

/// Alias of the called function's rows, and of the arguments of a body.
const CALLED: &str = "martydb_call";
const GIVEN: &str = "martydb_given";

/// A call with its arguments.
pub(crate) struct FunctionCall<'a> {
    pub catalog: &'a ServedCatalog,
    pub function: &'a ExposedFunction,
    pub names: &'a BTreeSet<String>,
    pub arguments: &'a CallArguments,
    pub query: &'a RowQuery,
}

/// Compiles a whole call: total, rows of the page, body, and the headers and status that the function set.
pub(crate) fn call_statement(
    call: &FunctionCall<'_>,
    tree: &PlannedTree<'_>,
    form: BodyForm,
    counts: bool,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let source = call.source(&mut values);
    let mut reads = StatementReads { catalog: call.catalog, values: &mut values };
    let rows = reads.rows(&tree.root, RootSource::Written)?;
    let (count, total) = if counts {
        let count = reads.count(&tree.root, RootSource::Written)?;
        (
            stmt!(", martydb_count AS ({count})"),
            Some(stmt!("(SELECT pg_catalog.count(*) FROM martydb_count)")),
        )
    } else {
        (stmt!(""), None)
    };
    let body = body(call.catalog, form, (shape(call.function), "martydb_rows", tree.answer), &mut values);
    let columns = AnswerColumns {
        rows: stmt!("pg_catalog.count(martydb_row)"),
        total,
        ..AnswerColumns::new(body, true)
    };
    let statement = stmt!(
        "WITH martydb_source AS ({source}), martydb_rows AS ({rows}){count} \
         SELECT {columns} FROM (SELECT * FROM martydb_rows) AS martydb_row"
    );
    Ok(CompiledStatement::from_collected(statement, values))
}

fn shape(function: &ExposedFunction) -> ResultShape {
    match (function.is_composite, function.returns_set) {
        (true, true) => ResultShape::Rows,
        (true, false) => ResultShape::Row,
        (false, true) => ResultShape::Values,
        (false, false) => ResultShape::Value,
    }
}

impl FunctionCall<'_> {
    fn source(&self, values: &mut StatementValues) -> Statement {
        let function = values.called_function(self.function);
        let (before, arguments) = self.arguments(values);
        if self.function.is_scalar() {
            let value = Qualified([VALUE]);
            return stmt!(
                "SELECT martydb_call.{value} FROM {before}LATERAL (SELECT {function}({arguments}) AS {value}) AS martydb_call"
            );
        }
        let relation = self.catalog.rows_of(self.function);
        let columns = with_computed(self.catalog, relation, &self.query.root_columns(), CALLED, values);
        stmt!("SELECT {columns} FROM {before}LATERAL {function}({arguments}) AS martydb_call")
    }

    /// Returns the beginning of `FROM`, before the function, and its arguments.
    fn arguments(&self, values: &mut StatementValues) -> (Statement, Statement) {
        let given = || self.function.parameters.iter().filter(|one| self.names.contains(&one.name));
        match self.arguments {
            CallArguments::Whole(text) => {
                let kind = self.function.unnamed().map_or("text", |one| one.r#type.as_str());
                let (kind, value) = (values.parameter_type(kind), values.add(text.clone()));
                (stmt!(""), stmt!("{value}::{kind}"))
            }
            CallArguments::Named(texts) => {
                let all = given().map(|one| named_argument(one, text_value(one, texts, values)));
                (stmt!(""), stmt!("{all}", all = List(all.collect::<Vec<_>>())))
            }
            CallArguments::Json { json, is_object } => {
                let all: Vec<Statement> = given()
                    .map(|one| {
                        let value = Qualified([GIVEN, one.name.as_str()]);
                        named_argument(one, stmt!("{value}"))
                    })
                    .collect();
                if all.is_empty() {
                    return (stmt!(""), stmt!(""));
                }
                let typed = given().map(|one| {
                    let (name, kind) =
                        (Qualified(vec![one.name.clone()]), values.parameter_type(&one.r#type));
                    stmt!("{name} {kind}")
                });
                let typed = List(typed.collect::<Vec<_>>());
                let parser = Keyword(if *is_object { "json_to_record" } else { "json_to_recordset" });
                let json = values.add(json.clone());
                let before = stmt!(
                    "(SELECT * FROM pg_catalog.{parser}({json}::json) AS _({typed}) LIMIT 1) AS martydb_given, "
                );
                (before, stmt!("{all}", all = List(all)))
            }
        }
    }
}

fn named_argument(parameter: &FunctionParameter, value: Statement) -> Statement {
    let name = Qualified(vec![parameter.name.clone()]);
    let variadic = Keyword(if parameter.variadic { "VARIADIC " } else { "" });
    stmt!("{variadic}{name} => {value}")
}

fn text_value(
    parameter: &FunctionParameter,
    texts: &[(String, String)],
    values: &mut StatementValues,
) -> Statement {
    let own = || texts.iter().filter(|(name, _)| *name == parameter.name).map(|(_, text)| text.clone());
    let kind = values.parameter_type(&parameter.r#type);
    let value = match parameter.variadic {
        true => values.add_array(&own().collect::<Vec<_>>()),
        false => values.add(own().next_back().unwrap_or_default()),
    };
    stmt!("{value}::{kind}")
}
