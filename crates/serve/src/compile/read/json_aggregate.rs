//! Aggregates of JSON values: sums of the numbers among them, and the first and the last in the order of `jsonb`
//! (<https://www.postgresql.org/docs/current/datatype-json.html#JSON-INDEXING>). A JSON null is no value.

use martydb_model::sql::{Keyword, Statement, stmt};

use super::spread::word;
use crate::request::Aggregate;

/// Returns an aggregate of values of `json` or `jsonb`.
pub(super) fn of_json(aggregate: Aggregate, value: &Statement) -> Statement {
    let value = stmt!("NULLIF(pg_catalog.to_jsonb({value}), 'null'::jsonb)");
    let ordered = |direction: &'static str| {
        let direction = Keyword(direction);
        stmt!(
            "(pg_catalog.array_agg({value} ORDER BY {value}{direction}) FILTER (WHERE {value} IS NOT NULL))[1]"
        )
    };
    match aggregate {
        Aggregate::Count => stmt!("pg_catalog.count({value})"),
        Aggregate::Min => ordered(""),
        Aggregate::Max => ordered(" DESC"),
        Aggregate::Sum | Aggregate::Avg => stmt!(
            "pg_catalog.{function}(CASE pg_catalog.jsonb_typeof({value}) WHEN 'number' THEN {value}::pg_catalog.numeric END)",
            function = Keyword(word(aggregate)),
        ),
    }
}
