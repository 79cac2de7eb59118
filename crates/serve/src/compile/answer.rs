//! Answer of a statement: one row with the number of rows, the body, and what else a request asks for.

use martydb_model::sql::{Fragment, Keyword, Literal, Qualified, Statement, stmt};

use super::values::StatementValues;
use crate::catalog::{MediaAggregate, ServedCatalog, VALUE};
use crate::request::BodyForm;

/// Bytes before those of a value that is in no table
/// (<https://www.postgresql.org/docs/current/storage-toast.html>).
const HEADER: usize = 4;

/// Columns of an answer. Those behind the last that it needs are left out: with all seven the server needs a tenth more time for a row.
pub(super) struct AnswerColumns {
    pub rows: Statement,
    pub body: Statement,
    pub total: Option<Statement>,
    pub location: Option<Statement>,
    pub(crate) inserted: Option<Statement>,
    /// `true` if code of the service may have set headers and the status of the answer. Headers that were cut are not JSON, which is an
    /// error.
    pub(crate) overridden: bool,
}

impl AnswerColumns {
    /// Returns the columns with the number of rows and a body.
    pub(super) fn new(body: Statement, overridden: bool) -> AnswerColumns {
        AnswerColumns {
            rows: stmt!("pg_catalog.count(*)"),
            body,
            total: None,
            location: None,
            inserted: None,
            overridden,
        }
    }
}

impl Fragment for AnswerColumns {
    fn render(&self) -> Statement {
        let AnswerColumns { rows, body, total, location, inserted, overridden } = self;
        let first = stmt!("{rows} AS rows, {body} AS body");
        let number = || stmt!("NULL::bigint");
        let has_all = *overridden || location.is_some() || inserted.is_some();
        match total {
            None if !has_all => return first,
            Some(total) if !has_all => return stmt!("{first}, {total} AS total"),
            _ => {}
        }
        let (total, inserted) =
            (total.clone().unwrap_or_else(number), inserted.clone().unwrap_or_else(number));
        let overrides = match overridden {
            true => stmt!(
                "NULLIF(pg_catalog.left(pg_catalog.current_setting('response.headers', true), 65536), '') AS headers, \
                 NULLIF(pg_catalog.current_setting('response.status', true), '') AS status"
            ),
            false => stmt!("NULL::text AS headers, NULL::text AS status"),
        };
        stmt!("{first}, {total} AS total, {location}::text AS location, {inserted} AS inserted, {overrides}")
    }
}

/// Shape of a result before it is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResultShape {
    Rows,
    /// One row, which is an object and no array.
    Row,
    /// Values of the column [`VALUE`](crate::catalog::VALUE), and one of them.
    Values,
    Value,
}

impl ResultShape {
    fn is_one(self) -> bool {
        matches!(self, ResultShape::Row | ResultShape::Value)
    }

    fn item(self) -> Statement {
        match self {
            ResultShape::Rows | ResultShape::Row => stmt!("martydb_row"),
            ResultShape::Values | ResultShape::Value => {
                stmt!("{name}", name = Qualified(["martydb_row", VALUE]))
            }
        }
    }
}

/// Returns the expression of an answer's body, of the rows in the common table expression of this name. The server cuts one that
/// is too large, so that the process never holds it; two characters are a byte in hexadecimal, and two more show that it was cut.
pub(super) fn body(
    catalog: &ServedCatalog,
    form: BodyForm,
    (shape, rows, most): (ResultShape, &'static str, usize),
    values: &mut StatementValues,
) -> Statement {
    match form {
        BodyForm::Rows { strip_nulls: false } if !shape.is_one() => {
            bounded(&stmt!("COALESCE(pg_catalog.json_agg({item}), '[]')", item = shape.item()), most)
        }
        _ => {
            let (whole, cut) = (whole_body(catalog, form, (shape, rows), values), number(2 * most + 2));
            stmt!("pg_catalog.left({whole}, {cut})")
        }
    }
}

/// Returns a JSON value; instead of one that is larger than `most` bytes, its beginning as a string that is larger too. Most are sent
/// as they are: `left` looks at each character, and a cast to text copies all. An aggregate in it is computed once.
pub(super) fn bounded(whole: &Statement, most: usize) -> Statement {
    let (largest, cut) = (number(most.saturating_add(HEADER)), number(most.saturating_add(1)));
    stmt!(
        "CASE WHEN pg_catalog.pg_column_size({whole}) OPERATOR(pg_catalog.<=) {largest} THEN {whole} \
         ELSE pg_catalog.to_json(pg_catalog.left({whole}::text, {cut})) END"
    )
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole_body(
    catalog: &ServedCatalog,
    form: BodyForm,
    (shape, rows): (ResultShape, &'static str),
    values: &mut StatementValues,
) -> Statement {
    let (strip_nulls, is_one) = match form {
        BodyForm::Rows { strip_nulls } => (strip_nulls, shape.is_one()),
        BodyForm::Single { strip_nulls } => (strip_nulls, true),
        BodyForm::Csv => return csv(rows),
        BodyForm::Raw { binary } => {
            let item = shape.item();
            return match binary {
                true => {
                    stmt!("COALESCE(pg_catalog.encode(pg_catalog.string_agg({item}::bytea, ''), 'hex'), '')")
                }
                false => stmt!("COALESCE(pg_catalog.string_agg({item}::text, ''), '')"),
            };
        }
        BodyForm::Made { number, binary } => return made(catalog.media(number), binary, values),
        BodyForm::Nothing => return stmt!("''"),
    };
    let item = shape.item();
    let all = stmt!("pg_catalog.json_agg({item})");
    let picked = if is_one { stmt!("{all} -> 0") } else { all };
    let stripped = if strip_nulls { stmt!("pg_catalog.json_strip_nulls({picked})") } else { picked };
    let empty = Literal(if is_one { "null".into() } else { "[]".into() });
    stmt!("COALESCE({stripped}, {empty})::text")
}

/// Returns the body that an aggregate of the service makes of the rows.
fn made(aggregate: Option<&MediaAggregate>, binary: bool, values: &mut StatementValues) -> Statement {
    let Some(aggregate) = aggregate else { return stmt!("''") };
    let function = values.function(&aggregate.name.0, &aggregate.name.1);
    let row = match &aggregate.relation {
        None => stmt!("martydb_row"),
        Some(relation) => stmt!("martydb_row::{kind}", kind = values.row_type(relation)),
    };
    match binary {
        true => stmt!("COALESCE(pg_catalog.encode({function}({row})::bytea, 'hex'), '')"),
        false => stmt!("COALESCE({function}({row})::text, '')"),
    }
}

fn csv(rows: &'static str) -> Statement {
    let rows = Keyword(rows);
    stmt!(
        "(SELECT COALESCE(pg_catalog.string_agg(k.k, ','), '') FROM (SELECT pg_catalog.json_object_keys(h.r) AS k \
         FROM (SELECT pg_catalog.row_to_json(martydb_row) AS r FROM {rows} AS martydb_row LIMIT 1) AS h) AS k) || E'\\n' || \
         COALESCE(pg_catalog.string_agg(pg_catalog.substring(martydb_row::text, 2, pg_catalog.length(martydb_row::text) - 2), E'\\n'), '')"
    )
}
