//! Statements that write, and return what they wrote.

use martydb_model::sql::{Keyword, Literal, Qualified, Statement, stmt};

use super::CompiledStatement;
use super::answer::{AnswerColumns, ResultShape, body};
use super::change::changed;
use super::condition::{condition, conjunction};
use super::field::{FieldScope, with_computed};
use super::reads::{RootSource, StatementReads};
use super::values::StatementValues;
use crate::catalog::{DOCUMENT, ExposedColumn, ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::plan::PlannedTree;
use crate::request::{BodyForm, DocumentChange, Resolution, RowAction, RowQuery, RowsBody};

/// Alias of the relation that is written, and of the rows that a request gives; no column has such a name by chance.
const WRITTEN: &str = "martydb_written";
const GIVEN: &str = "martydb_given";

/// A write on one relation.
pub(crate) struct WrittenRows<'a> {
    pub catalog: &'a ServedCatalog,
    pub relation: &'a ExposedRelation,
    pub query: &'a RowQuery,
    pub action: &'a RowAction,
    /// `true` if the written rows are returned: the login has to be able to read them.
    pub returns: bool,
    /// `true` if the answer names the key of a new row.
    pub(crate) locates: bool,
}

/// Compiles a whole write: rows, body, location, inserted rows.
pub(crate) fn write_statement(
    write: &WrittenRows<'_>,
    tree: &PlannedTree<'_>,
    form: BodyForm,
) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let (rows, answer) = answered_write(write, tree, (form, true), &mut values)?;
    Ok(CompiledStatement::from_collected(stmt!("WITH {rows} {answer}"), values))
}

/// Returns the common table expressions of a write, and the query for its answer, which code of the service may have `overridden`.
pub(super) fn answered_write(
    write: &WrittenRows<'_>,
    tree: &PlannedTree<'_>,
    (form, overridden): (BodyForm, bool),
    values: &mut StatementValues,
) -> HttpResult<(Statement, Statement)> {
    let source = write.source(values)?;
    let rows = match form {
        BodyForm::Nothing => stmt!("SELECT * FROM martydb_source"),
        _ => StatementReads { catalog: write.catalog, values }.rows(&tree.root, RootSource::Written)?,
    };
    let location = write.locates.then(|| write.location(values));
    let inserted = match write.action {
        RowAction::Insert { resolution: Some(Resolution::Merge), .. } | RowAction::Put { .. } => {
            Some(stmt!("NULLIF(pg_catalog.current_setting('martydb.inserted', true), '')::bigint"))
        }
        _ => None,
    };
    let body = body(write.catalog, form, (ResultShape::Rows, "martydb_rows", tree.answer), values);
    let columns = AnswerColumns { location, inserted, ..AnswerColumns::new(body, overridden) };
    let answer = stmt!("SELECT {columns} FROM martydb_rows AS martydb_row");
    Ok((stmt!("martydb_source AS ({source}), martydb_rows AS ({rows})"), answer))
}

/// Compiles the lock (FOR UPDATE) of the rows that a write targets, at most two.
pub(crate) fn lock_statement(write: &WrittenRows<'_>) -> HttpResult<CompiledStatement> {
    let mut values = StatementValues::default();
    let table = values.written(write.relation);
    let conditions = write.conditions(WRITTEN, &mut values)?;
    let statement = stmt!("SELECT 1 FROM {table} AS martydb_written{conditions} LIMIT 2 FOR UPDATE");
    Ok(CompiledStatement::from_collected(statement, values))
}

impl WrittenRows<'_> {
    fn source(&self, values: &mut StatementValues) -> HttpResult<Statement> {
        match self.action {
            RowAction::Read => Err(HttpError::new(500, "MDB000", "a read is not a write")),
            RowAction::Insert { rows, resolution, missing_default } => {
                self.insert(rows, *resolution, *missing_default, false, values)
            }
            RowAction::Put { rows } => self.insert(rows, Some(Resolution::Merge), false, true, values),
            RowAction::Update { rows, missing_default } => self.update(rows, *missing_default, values),
            RowAction::Change(change) => self.change(change, values),
            RowAction::Delete => {
                let table = values.written(self.relation);
                let conditions = self.conditions(WRITTEN, values)?;
                let returning = self.returning(values);
                Ok(stmt!("DELETE FROM {table} AS martydb_written{conditions}{returning}"))
            }
        }
    }

    fn returning(&self, values: &mut StatementValues) -> Statement {
        if !self.returns {
            return stmt!(" RETURNING 1");
        }
        match self.returned_columns() {
            None => {
                let columns = self.all_columns(values);
                stmt!(" RETURNING {columns}")
            }
            Some(names) => {
                let columns = names.iter().map(|name| Qualified([WRITTEN, name.as_str()]));
                stmt!(" RETURNING {columns}", columns = martydb_model::sql::List(columns.collect()))
            }
        }
    }

    /// Returns all columns, and the functions of the row that the answer shows or is ordered by.
    fn all_columns(&self, values: &mut StatementValues) -> Statement {
        with_computed(self.catalog, self.relation, &self.query.shown_columns(), WRITTEN, values)
    }

    /// Returns the columns that the answer needs, so that a login without SELECT on others can write; `None` for all.
    fn returned_columns(&self) -> Option<Vec<String>> {
        use crate::request::SelectEntry;
        let mut names: Vec<String> = self.relation.key.clone();
        for entry in &self.query.select {
            match entry {
                SelectEntry::Field(field) if self.relation.column(&field.field.name).is_some() => {
                    names.push(field.field.name.clone());
                }
                // All columns, functions of the row and embedded relations may need any column.
                _ => return None,
            }
        }
        for (path, terms) in &self.query.order {
            if path.is_empty() {
                names.extend(terms.iter().map(|term| term.field.name.clone()));
            }
        }
        names.sort();
        names.dedup();
        names.iter().all(|name| self.relation.column(name).is_some()).then_some(names)
    }

    fn conditions(&self, alias: &str, values: &mut StatementValues) -> HttpResult<Statement> {
        let scope = FieldScope { catalog: self.catalog, relation: self.relation, alias };
        let one = |tree| condition(&scope, tree, values, &mut |_, _| Ok(None));
        Ok(conjunction(self.query.root_filters().map(one).collect::<HttpResult<_>>()?))
    }

    fn columns(&self, rows: &RowsBody) -> HttpResult<Vec<&ExposedColumn>> {
        let missing = |name: &String| {
            let message =
                format!("Could not find the '{name}' column of '{}' in the schema cache", self.relation.name);
            HttpError::new(400, "PGRST204", message)
        };
        rows.keys.iter().map(|name| self.relation.column(name).ok_or_else(|| missing(name))).collect()
    }

    fn insert(
        &self,
        rows: &RowsBody,
        resolution: Option<Resolution>,
        missing_default: bool,
        is_put: bool,
        values: &mut StatementValues,
    ) -> HttpResult<Statement> {
        let columns = self.columns(rows)?;
        let table = values.written(self.relation);
        let names = names(&columns);
        let list = if columns.is_empty() { stmt!("") } else { stmt!(" ({names})") };
        let body = parsed_rows(rows, &columns, missing_default, values);
        let selected = prefixed(&columns);
        let counts = resolution == Some(Resolution::Merge);
        let mut conditions = if is_put { self.conditions(GIVEN, values)? } else { stmt!("") };
        if counts {
            let word = Keyword(if is_put { " AND" } else { " WHERE" });
            let counted = counted("+", "0");
            conditions = stmt!("{conditions}{word} {counted}");
        }
        let conflict = self.conflict(&columns, resolution)?;
        let returning = self.returning(values);
        Ok(stmt!(
            "INSERT INTO {table} AS martydb_written{list} SELECT {selected} {body}{conditions}{conflict}{returning}"
        ))
    }

    fn conflict(&self, columns: &[&ExposedColumn], resolution: Option<Resolution>) -> HttpResult<Statement> {
        let Some(resolution) = resolution else { return Ok(stmt!("")) };
        let target = match (&self.query.on_conflict, self.action) {
            (Some(names), RowAction::Insert { .. }) => names,
            _ => &self.relation.key,
        };
        if target.is_empty() {
            return Ok(stmt!(""));
        }
        let missing = |name: &String| {
            self.relation.column(name).ok_or_else(|| HttpError::no_column(&self.relation.name, name))
        };
        let target = names(&target.iter().map(missing).collect::<HttpResult<Vec<_>>>()?);
        if resolution == Resolution::Ignore || columns.is_empty() {
            return Ok(stmt!(" ON CONFLICT ({target}) DO NOTHING"));
        }
        let set = columns.iter().map(|column| {
            let name = Qualified([column.name.as_str()]);
            stmt!("{name} = EXCLUDED.{name}")
        });
        let set = martydb_model::sql::List(set.collect());
        let counted = counted("-", "-1");
        Ok(stmt!(" ON CONFLICT ({target}) DO UPDATE SET {set} WHERE {counted}"))
    }

    fn update(
        &self,
        rows: &RowsBody,
        missing_default: bool,
        values: &mut StatementValues,
    ) -> HttpResult<Statement> {
        let columns = self.columns(rows)?;
        let table = values.written(self.relation);
        if columns.is_empty() {
            let returned = if self.returns { self.all_columns(values) } else { stmt!("NULL") };
            return Ok(stmt!("SELECT {returned} FROM {table} AS martydb_written WHERE false"));
        }
        let set = columns.iter().map(|column| {
            let (name, new) = (Qualified([column.name.as_str()]), Qualified([GIVEN, column.name.as_str()]));
            stmt!("{name} = {new}")
        });
        let set = martydb_model::sql::List(set.collect());
        let body = parsed_rows(rows, &columns, missing_default, values);
        let conditions = self.conditions(WRITTEN, values)?;
        let returning = self.returning(values);
        Ok(stmt!("UPDATE {table} AS martydb_written SET {set} {body}{conditions}{returning}"))
    }

    fn change(&self, change: &DocumentChange, values: &mut StatementValues) -> HttpResult<Statement> {
        let table = values.written(self.relation);
        let document = stmt!("{name}", name = Qualified([WRITTEN, DOCUMENT]));
        let new = changed(&document, change, values)?;
        let conditions = self.conditions(WRITTEN, values)?;
        let returning = self.returning(values);
        Ok(stmt!(
            "UPDATE {table} AS martydb_written SET doc = {new}, \
             version = martydb_written.version OPERATOR(pg_catalog.+) 1, updated = pg_catalog.now(){conditions}{returning}"
        ))
    }

    /// Returns the key of the one written row as a JSON object of filters.
    fn location(&self, values: &mut StatementValues) -> Statement {
        let key = values.add_array(&self.relation.key);
        stmt!(
            "CASE WHEN pg_catalog.count(martydb_row) = 1 THEN (SELECT pg_catalog.json_object_agg(d.key, \
             COALESCE('eq.' || d.value, 'is.null')) FROM (SELECT pg_catalog.row_to_json(martydb_new) AS row FROM martydb_source AS martydb_new \
             LIMIT 1) AS r CROSS JOIN pg_catalog.json_each_text(r.row) AS d WHERE d.key = ANY ({key}::text[])) END"
        )
    }
}

fn names(columns: &[&ExposedColumn]) -> Statement {
    let all = columns.iter().map(|column| Qualified([column.name.as_str()]));
    stmt!("{all}", all = martydb_model::sql::List(all.collect::<Vec<_>>()))
}

/// Returns the columns of the given rows, those of domains with a function for JSON through it.
fn parsed(columns: &[&ExposedColumn], values: &mut StatementValues) -> Statement {
    let mut one = |column: &&ExposedColumn| {
        let name = Qualified([column.name.as_str()]);
        match &column.from_json {
            Some(function) => {
                let value = values.called(function, &stmt!("{name}"));
                stmt!("{value} AS {name}")
            }
            None => stmt!("{name}"),
        }
    };
    stmt!("{all}", all = martydb_model::sql::List(columns.iter().map(&mut one).collect::<Vec<_>>()))
}

fn prefixed(columns: &[&ExposedColumn]) -> Statement {
    let all = columns.iter().map(|column| Qualified([GIVEN, column.name.as_str()]));
    stmt!("{all}", all = martydb_model::sql::List(all.collect::<Vec<_>>()))
}

/// Counts inserted rows in a setting of the transaction: a row adds one, and takes it back where it existed. Always true.
fn counted(sign: &'static str, never: &'static str) -> Statement {
    let sign = Keyword(sign);
    stmt!(
        "pg_catalog.set_config('martydb.inserted', (COALESCE(NULLIF(pg_catalog.current_setting('martydb.inserted', true), \
         '')::bigint, 0) {sign} 1)::text, true) <> {never}",
        never = Literal(never.to_owned()),
    )
}

/// Returns `FROM … AS b`: the rows of the body with the types of their columns.
fn parsed_rows(
    rows: &RowsBody,
    columns: &[&ExposedColumn],
    missing_default: bool,
    values: &mut StatementValues,
) -> Statement {
    let json = values.add(rows.json.clone());
    let typed = columns.iter().map(|column| {
        let name = Qualified([column.name.as_str()]);
        let kind = values.column_type(column);
        stmt!("{name} {kind}")
    });
    let typed = martydb_model::sql::List(typed.collect());
    let names = parsed(columns, values);
    if columns.is_empty() {
        return match rows.is_object {
            true => stmt!(
                "FROM (SELECT {json}::json AS data) AS p, LATERAL (SELECT FROM (VALUES (1)) AS _) AS martydb_given"
            ),
            false => stmt!(
                "FROM (SELECT {json}::json AS data) AS p, LATERAL (SELECT FROM pg_catalog.json_array_elements(p.data) AS _) AS martydb_given"
            ),
        };
    }
    if !missing_default {
        let function = Keyword(if rows.is_object { "json_to_record" } else { "json_to_recordset" });
        return stmt!(
            "FROM (SELECT {json}::json AS data) AS p, LATERAL (SELECT {names} FROM pg_catalog.{function}(p.data) AS _({typed})) AS martydb_given"
        );
    }
    let defaults = defaults(columns, values);
    match rows.is_object {
        true => stmt!(
            "FROM (SELECT {json}::jsonb AS data) AS p, LATERAL (SELECT {defaults} || p.data AS data) AS d, \
             LATERAL (SELECT {names} FROM pg_catalog.jsonb_to_record(d.data) AS _({typed})) AS martydb_given"
        ),
        false => stmt!(
            "FROM (SELECT {json}::jsonb AS data) AS p, LATERAL (SELECT pg_catalog.jsonb_agg({defaults} || e) AS data \
             FROM pg_catalog.jsonb_array_elements(p.data) AS e) AS d, \
             LATERAL (SELECT {names} FROM pg_catalog.jsonb_to_recordset(d.data) AS _({typed})) AS martydb_given"
        ),
    }
}

/// Returns the object of the columns' defaults.
fn defaults(columns: &[&ExposedColumn], values: &mut StatementValues) -> Statement {
    let pairs = columns.iter().filter_map(|column| {
        let default = values.default_of(column)?;
        Some(stmt!("{name}, {default}", name = Literal(column.name.clone())))
    });
    let pairs = martydb_model::sql::List(pairs.collect());
    stmt!("pg_catalog.jsonb_build_object({pairs})")
}
