//! Contents of a database beyond its catalog, as text that is the same on servers of different majors: the row
//! count and a sum of row hashes for each table and for the large objects, the position of each sequence, and the
//! privileges on the history tables, which no catalog comparison reads.

use parking_lot::Mutex;
use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::row_hash::{ListedColumn, RowHash, hashed_columns};
use super::sums::{ServerSum, read_sum, sum_sql};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt, with_members};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, Unreadable, query, query_as, query_one};
use martydb_ui::report::progress;

/// Contents by name of the object, such as `table public.item`.
pub type Checksums = BTreeMap<String, String>;

/// Reads everything with several sessions, which share the tables, largest first, and the large objects.
///
/// # Errors
/// If the owner may not read an object: data that was not compared does not count as equal.
pub async fn read_checksums(sessions: &mut [Connection], hash: RowHash) -> Result<Checksums> {
    let Some(first) = sessions.first_mut() else { return Ok(Checksums::new()) };
    SummedRelations::read(first).await?.checksums(sessions, hash).await
}

/// Tables and sequences of a database, largest first.
pub struct SummedRelations(Vec<SummedRelation>);

/// Kind, name, two lists of privileges, and the hashes of the columns.
type SummedRelation = (String, String, Option<String>, Option<String>, Option<String>);

impl SummedRelations {
    /// Lists the tables and sequences.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    pub async fn read(session: &mut Connection) -> Result<SummedRelations> {
        let query = stmt!(
            "{members}, hashed AS ({columns}) {relations}",
            members = with_members(),
            columns = hashed_columns(),
            relations = Statement::from_program(include_str!("sql/relations.sql"))
        );
        Ok(SummedRelations(query_as(session, &query).await?))
    }

    /// Reads the sequences and takes them from the list. No snapshot covers their positions: they advance while it is
    /// held.
    ///
    /// # Errors
    /// As [`read_checksums`].
    pub async fn take_sequences(&mut self, session: &mut Connection) -> Result<Checksums> {
        let mut all = Checksums::new();
        for sequence in self.0.extract_if(.., |(kind, ..)| kind == "S") {
            all.extend(checksums_of(session, sequence, RowHash::None).await?);
        }
        Ok(all)
    }

    /// Reads these relations, and the large objects.
    ///
    /// # Errors
    /// As [`read_checksums`].
    pub async fn checksums(self, sessions: &mut [Connection], hash: RowHash) -> Result<Checksums> {
        let comparing = progress("comparing", "tables");
        comparing.expect(self.0.len());
        // `None` is for the large objects, whose size is only known after reading them.
        let waiting = Mutex::new(std::iter::once(None).chain(self.0.into_iter().map(Some)));
        let next = || waiting.lock().next();
        let parts = sessions.iter_mut().map(async |session| {
            // Names of types, functions and relations in rows are printed with their schema.
            query(session, &stmt!("SET search_path = ''")).await?;
            let mut checksums = Checksums::new();
            while let Some(relation) = next() {
                match relation {
                    Some(relation) => checksums.extend(checksums_of(session, relation, hash).await?),
                    None => {
                        checksums.insert("large objects".into(), large_objects(session, hash).await?);
                        continue;
                    }
                }
                comparing.advance();
            }
            Ok::<Checksums, Error>(checksums)
        });
        Ok(try_join_all(parts).await?.into_iter().flatten().collect())
    }
}

async fn checksums_of(
    session: &mut Connection,
    (kind, name, rights, own_rights, columns): SummedRelation,
    hash: RowHash,
) -> Result<Checksums> {
    let relation = ServerText::quoted_by_server(name.clone());
    let (object, text) = match kind.as_str() {
        "S" => (format!("sequence {name}"), query_one(session, &position(&relation)).await?),
        _ => {
            let columns = columns.as_deref().map(serde_json::from_str::<Vec<ListedColumn>>).transpose();
            let columns = columns.map_err(|error| Unreadable::new(error.to_string()))?;
            let text = rows(&relation, hash, columns.as_deref()).text(session).await;
            (format!("table {name}"), text.map_err(|error| with_path(error, &name))?)
        }
    };
    let mut checksums = Checksums::from([(object, text)]);
    checksums.extend(rights.map(|rights| (format!("rights on {name}"), rights)));
    checksums.extend(own_rights.map(|rights| ("rights on schema martydb".into(), rights)));
    Ok(checksums)
}

/// Adds the way out where code of the service finds its names by the search path: the planner reads expressions of indexes.
fn with_path(error: Error, table: &str) -> Error {
    const UNDEFINED: &[&str] =
        &[sqlstate::UNDEFINED_FUNCTION, sqlstate::UNDEFINED_TABLE, sqlstate::UNDEFINED_OBJECT];
    let is_undefined = error.sqlstate.as_deref().is_some_and(|state| UNDEFINED.contains(&state));
    error.hint_if(is_undefined.then(|| {
        format!(
            "a function in an index of table {table} finds its names by the search path, which neither backups nor pg_dump set: give \
             the function SET search_path, or write the schemas in its body"
        )
    }))
}

/// Returns the sum of the hashes of each row's text, or of its columns. Equal values with different text, such as 1.0
/// and 1.00, have the same text in a copy.
fn rows(table: &ServerText, hash: RowHash, columns: Option<&[ListedColumn]>) -> ServerSum {
    // As a record, not as a row of the table, for which a service may have created a cast.
    let of_text = stmt!("pg_catalog.hashtextextended(ROW(x.*)::pg_catalog.text COLLATE pg_catalog.\"C\", 0)");
    let hash = match (hash, columns) {
        (RowHash::None, _) => None,
        (RowHash::Columns | RowHash::FormerColumns, Some(columns)) => ListedColumn::of_row(columns, hash),
        _ => Some(of_text),
    };
    ServerSum { hash, from: stmt!("ONLY {table} x") }
}

fn position(sequence: &ServerText) -> Statement {
    stmt!(
        "SELECT x.last_value::pg_catalog.text || CASE WHEN x.is_called THEN '' ELSE ', not used' END FROM {sequence} x"
    )
}

/// Bytes of a large object to read at a time: values of the server end at 1 GB, large objects do not.
const PIECE_BYTES: i32 = 16 << 20;

async fn large_objects(session: &mut Connection, hash: RowHash) -> Result<String> {
    let hashed = hash != RowHash::None;
    let query = if hashed { hashed_objects() } else { counted_objects() };
    Ok(read_sum(session, &query).await?.text("objects", hashed))
}

fn counted_objects() -> Statement {
    stmt!("SELECT pg_catalog.count(*), {sum} FROM pg_catalog.pg_largeobject_metadata", sum = sum_sql(None))
}

fn hashed_objects() -> Statement {
    stmt!(
        "SELECT pg_catalog.count(*) FILTER (WHERE p.start = 0), {sum}
         FROM pg_catalog.pg_largeobject_metadata o CROSS JOIN LATERAL (
             WITH RECURSIVE piece (start, length, digest) AS (
                 SELECT 0::pg_catalog.int8, pg_catalog.octet_length(d.data), pg_catalog.md5(d.data)
                 FROM (SELECT pg_catalog.lo_get(o.oid, 0, {piece}) AS data OFFSET 0) d
                 UNION ALL
                 SELECT before.start + {piece}, pg_catalog.octet_length(d.data), pg_catalog.md5(d.data)
                 FROM piece before CROSS JOIN LATERAL (
                     SELECT pg_catalog.lo_get(o.oid, before.start + {piece}, {piece}) AS data OFFSET 0) d
                 WHERE before.length = {piece}
             ) SELECT piece.start, piece.digest FROM piece
         ) p",
        sum = sum_sql(Some(&stmt!(
            "pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', o.oid, p.start, p.digest) COLLATE pg_catalog.\"C\", 0)"
        ))),
        piece = PIECE_BYTES
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_hashed_as_text_unless_columns_are_known() {
        let table = ServerText::quoted_by_server("public.item".into());
        let hash = |hash, columns| rows(&table, hash, columns).hash.map(|hash| hash.to_string());
        let text = hash(RowHash::Text, None).unwrap();
        assert_eq!(
            text,
            "pg_catalog.hashtextextended(ROW(x.*)::pg_catalog.text COLLATE pg_catalog.\"C\", 0)"
        );
        assert_eq!(hash(RowHash::Columns, None), Some(text.clone()));
        assert_eq!(hash(RowHash::FormerColumns, None), Some(text));
        assert_eq!(hash(RowHash::None, None), None);
    }
}
