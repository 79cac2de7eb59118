//! SQL of the counters by which the data service notices writes: sequence and function in its schema, and the trigger on the table.
//! The function runs as the admin, so that every role that may write the table may count: it has no argument, reads nothing that a
//! service can write, and only triggers that the admin makes can call it.

use martydb_model::sql::{Literal, Qualified, Statement, stmt};
use martydb_model::{CACHE_TRIGGER, SERVE_SCHEMA, SchemaName, WriteCounter};

fn named(name: &str) -> Qualified {
    Qualified(vec![name.into()])
}

fn ours(name: String) -> Qualified {
    Qualified(vec![SERVE_SCHEMA.into(), name])
}

/// Creates the counter of a table, and replaces what is left of an earlier one.
pub(crate) fn create(schema: &SchemaName, table: &str) -> Vec<Statement> {
    let counter = WriteCounter::new(schema.as_str(), table);
    let (function, trigger) = (ours(counter.function()), named(CACHE_TRIGGER));
    let on = Qualified(vec![schema.as_str().into(), table.into()]);
    let source = Literal(counter.source());
    let mut all = drop(&counter);
    all.extend([
        stmt!("CREATE SEQUENCE {sequence}", sequence = ours(counter.sequence())),
        stmt!(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {source}"
        ),
        stmt!("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"),
        stmt!("DROP TRIGGER IF EXISTS {trigger} ON {on}"),
        stmt!(
            "CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {on} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        ),
        // Also in a session that replicates: its writes count too.
        stmt!("ALTER TABLE {on} ENABLE ALWAYS TRIGGER {trigger}"),
    ]);
    all
}

/// Drops a counter. Nothing but triggers can depend on its function: no other role may call it.
pub(crate) fn drop(counter: &WriteCounter) -> Vec<Statement> {
    let (function, sequence) = (ours(counter.function()), ours(counter.sequence()));
    vec![stmt!("DROP FUNCTION IF EXISTS {function}() CASCADE"), stmt!("DROP SEQUENCE IF EXISTS {sequence}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_the_body_is_a_literal() {
        let sql = Statement::join(create(&SchemaName::public(), "or\"ders")).exact().to_owned();
        assert!(sql.contains("ON \"public\".\"or\"\"ders\" FOR EACH STATEMENT"), "{sql}");
        assert!(sql.contains("AS 'BEGIN PERFORM pg_catalog.nextval(''martydb_serve.cache_"), "{sql}");
    }
}
