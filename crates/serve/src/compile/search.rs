//! Statement of a search across collections: matches are limited and ranked in each, and then all together.

use std::collections::BTreeSet;

use martydb_model::sql::{Keyword, List, Literal, Qualified, Statement, stmt};

use super::CompiledStatement;
use super::answer::{AnswerColumns, bounded};
use super::values::StatementValues;
use crate::catalog::ExposedRelation;

/// Most matches of a collection that are ranked.
const MOST_RANKED: i64 = 1000;

/// Alias of the matches of a collection.
const MATCHES: &str = "martydb_m";

/// A collection that is searched.
pub(crate) struct SearchedRelation<'a> {
    pub relation: &'a ExposedRelation,
    /// Column with the words of a row.
    pub(crate) vector: &'a str,
    /// Text search configuration that made it.
    pub language: &'a str,
    /// Columns of the answer.
    pub(crate) shown: Vec<&'a str>,
}

/// Compiles a search. The column `total` is 0 if no collection's words have a word that an index can find.
pub(crate) fn search_statement(
    searched: &[SearchedRelation<'_>],
    words: &str,
    limit: i64,
    answer: usize,
) -> CompiledStatement {
    let mut values = StatementValues::default();
    let words = values.add(words);
    let (mut found, mut usable) = (vec![], vec![]);
    for one in searched {
        let language = values.add(one.language);
        let query = stmt!("pg_catalog.websearch_to_tsquery({language}::pg_catalog.regconfig, {words}::text)");
        // Words that are only excluded, and words that the language leaves out, would match every row.
        let is_usable = stmt!("pg_catalog.querytree({query}) NOT IN ('', 'T')");
        found.push(one.matches(&values.read(one.relation), &query, &is_usable, limit));
        usable.push(is_usable);
    }
    let found = Statement::separated(found, " UNION ALL ");
    let usable = Statement::separated(usable, " OR ");
    let rows = stmt!(
        "COALESCE(pg_catalog.json_agg(martydb_row ORDER BY martydb_row.rank DESC, martydb_row.collection, martydb_row.id::text), '[]')"
    );
    let body = bounded(&rows, answer);
    let total = stmt!("CASE WHEN {usable} THEN 1 ELSE 0 END::bigint");
    let columns = AnswerColumns { total: Some(total), ..AnswerColumns::new(body, true) };
    let statement = stmt!(
        "WITH martydb_source AS ({found}), \
         martydb_rows AS (SELECT * FROM martydb_source ORDER BY rank DESC, collection, id::text LIMIT {limit}) \
         SELECT {columns} FROM martydb_rows AS martydb_row"
    );
    CompiledStatement::from_collected(statement, values)
}

impl SearchedRelation<'_> {
    fn matches(&self, table: &Statement, query: &Statement, is_usable: &Statement, limit: i64) -> Statement {
        let of = |name: &str| stmt!("{name}", name = Qualified([MATCHES, name]));
        let (vector, ranked) = (Qualified(vec![self.vector.to_owned()]), of(self.vector));
        let name = Literal(self.relation.name.clone());
        // The login may not be allowed to read others.
        let key = self.relation.key.iter().map(String::as_str);
        let read: BTreeSet<&str> = key.chain(self.shown.iter().copied()).chain([self.vector]).collect();
        let read = List(read.into_iter().map(|column| Qualified(vec![column.to_owned()])).collect());
        let key: Vec<Statement> =
            self.relation.key.iter().map(|column| stmt!("{column}::text", column = of(column))).collect();
        let make = Keyword(if key.len() == 1 { "to_json" } else { "json_build_array" });
        let (key, shown) = (List(key), List(self.shown.iter().map(|column| of(column)).collect()));
        stmt!(
            "(SELECT {name}::text AS collection, pg_catalog.{make}({key}) AS id, pg_catalog.ts_rank({ranked}, {query}) AS rank, \
             (SELECT pg_catalog.row_to_json(martydb_p) FROM (SELECT {shown}) AS martydb_p) AS row \
             FROM (SELECT {read} FROM {table} WHERE {is_usable} AND {vector} OPERATOR(pg_catalog.@@) {query} LIMIT {MOST_RANKED}) AS martydb_m \
             ORDER BY rank DESC, pg_catalog.{make}({key})::text LIMIT {limit})"
        )
    }
}
