//! A write that is a transaction of its own, and its row in the audit, in one statement.
//!
//! Only where the write runs nothing but PostgreSQL's code: nothing of the service can then come between the rows and the record. A
//! data-modifying common table expression always runs to its end
//! (<https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING>).

use martydb_model::sql::{List, Literal, Qualified, Statement, stmt};

use super::CompiledStatement;
use super::values::StatementValues;
use super::write::{WrittenRows, answered_write};
use crate::error::HttpResult;
use crate::plan::PlannedTree;
use crate::request::BodyForm;

/// Row of the audit about a write that one statement makes and records.
pub(crate) struct WriteRecord<'a> {
    pub caller: &'a str,
    /// The caller's own name of the request.
    pub request: Option<&'a str>,
    /// Schema and name of the relation.
    pub collection: &'a str,
    pub operation: &'a str,
    /// Filters of the request; `None` for the key of the new row.
    pub filters: Option<&'a str>,
    /// Most characters of the key.
    pub(crate) longest_key: usize,
}

/// Error of a write whose record was left out, or whose answer is too large: no value of a number.
pub(crate) const WITHOUT_ANSWER: &str = "martydb: a write without its record or its answer";

/// Compiles a write that is a transaction of its own, with its row in the audit. It fails as a whole where the answer is too large, or
/// the row is left out: the last column is NULL, or an error.
pub(crate) fn lone_write_statement(
    write: &WrittenRows<'_>,
    tree: &PlannedTree<'_>,
    form: BodyForm,
    record: Option<&WriteRecord<'_>>,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let (rows, answer) = answered_write(write, tree, (form, false), &mut values)?;
    let most = i64::try_from(tree.answer).unwrap_or(i64::MAX);
    let too_large = match form {
        BodyForm::Nothing => stmt!("false"),
        _ => stmt!("pg_catalog.octet_length(a.body::text) OPERATOR(pg_catalog.>) {most}"),
    };
    let (recorded, left_out) = match record {
        None => (stmt!(""), stmt!("")),
        Some(record) => (
            recorded(write, record, &mut values),
            stmt!(" OR (SELECT pg_catalog.count(*) FROM martydb_recorded) OPERATOR(pg_catalog.<>) 1"),
        ),
    };
    let statement = stmt!(
        "WITH {rows}, martydb_answer AS ({answer}){recorded} SELECT a.*, CASE WHEN {too_large}{left_out} \
         THEN ({error} || a.rows::text)::bigint END AS failed FROM martydb_answer AS a",
        error = Literal(WITHOUT_ANSWER.to_owned()),
    );
    Ok(CompiledStatement::from_collected(statement, values))
}

/// Returns the common table expression that adds the row of the audit.
fn recorded(write: &WrittenRows<'_>, record: &WriteRecord<'_>, values: &mut StatementValues) -> Statement {
    let key = match record.filters {
        Some(filters) => {
            let filters = values.add(filters);
            stmt!("{filters}::text")
        }
        None => new_key(write, record.longest_key),
    };
    let request = match record.request {
        Some(request) => {
            let request = values.add(request);
            stmt!("{request}::text")
        }
        None => stmt!("NULL::text"),
    };
    let [caller, collection, operation] =
        [record.caller, record.collection, record.operation].map(|value| values.add(value));
    stmt!(
        ", martydb_recorded AS (INSERT INTO martydb_serve.audit (caller, request, collection, op, key, rows) \
         SELECT {caller}::text, {request}, {collection}::text, {operation}::text, {key}, a.rows FROM martydb_answer AS a RETURNING 1)"
    )
}

/// Returns the key of the one new row as filters of a URL. A value is written as in JSON.
fn new_key(write: &WrittenRows<'_>, longest: usize) -> Statement {
    if !write.returns || write.relation.key.is_empty() {
        return stmt!("NULL::text");
    }
    let mut names = write.relation.key.clone();
    names.sort();
    let filters = names.iter().map(|name| {
        let value = Qualified(["n", name.as_str()]);
        let prefix = Literal(format!("{name}="));
        stmt!(
            "{prefix} || COALESCE('eq.' || pg_catalog.json_extract_path_text(pg_catalog.to_json({value}), VARIADIC {path}), 'is.null')",
            path = Literal("{}".to_owned()),
        )
    });
    let filters = List(filters.collect());
    let longest = i64::try_from(longest).unwrap_or(i64::MAX);
    stmt!(
        "CASE WHEN a.rows OPERATOR(pg_catalog.=) 1 THEN (SELECT pg_catalog.left(pg_catalog.regexp_replace(\
         pg_catalog.concat_ws('&', {filters}), '[[:cntrl:]]', '', 'g'), {longest}) FROM martydb_source AS n LIMIT 1) END"
    )
}
