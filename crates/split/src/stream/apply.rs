//! Applies the changes of a stream to a database: whole transactions, each with the LSN of the source up to which
//! everything is applied. Transactions committed before a crash are never applied again, and none is left out.

use std::collections::BTreeMap;

use super::changes::{ChangeBatch, ExpectedChange};
use super::lsn::Lsn;
use super::pgoutput::{RelationOid, StreamedRelation, StreamedRow};
use super::table::{StreamedTable, TableMismatch, TargetTable, fit};
use crate::database::sessions::VALUES;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{
    Connection, Endpoint, Limits, Login, Unreadable, connect_with, execute, query, query_one,
};

/// Schema of the split's own tables.
const OWN_SCHEMA: &str = "martydb_split";

/// Settings of an applying session, with [`VALUES`]: values are parsed as the source printed them.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "0"),
    ("lock_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("synchronous_commit", "on"),
    ("jit", "off"),
];

/// Target of changes, and the login that applies them.
#[derive(Debug, Clone)]
pub struct ApplyTarget {
    pub endpoint: Endpoint,
    /// Login that owns the tables, or is a member of the roles that do.
    pub login: Login,
    pub database: String,
    /// Role that it acts as.
    pub role: Option<String>,
    /// Key of the recorded LSN.
    pub direction: String,
    /// LSN at which the stream begins, unless a later one was applied already.
    pub start: Lsn,
}

/// Relation of the stream, as known here.
enum KnownRelation {
    Table(StreamedTable),
    /// The split's own, which has no rows here.
    Own,
    /// Does not match.
    Unfit(Box<Error>),
}

/// Applying session.
pub(super) struct Applier {
    session: Connection,
    direction: String,
    /// LSN up to which everything is applied and committed.
    committed: Lsn,
    /// LSN up to which everything is applied, including the open transaction.
    reached: Lsn,
    open: bool,
    batch: ChangeBatch,
    relations: BTreeMap<RelationOid, KnownRelation>,
    changes: u64,
}

impl ApplyTarget {
    /// Opens a session that may write there, acting as the role.
    ///
    /// # Errors
    /// As [`connect_with`].
    pub async fn session(&self) -> Result<Connection> {
        let role = [("role", self.role.as_deref().unwrap_or("none"))];
        let settings = [SETTINGS, VALUES, &role].concat();
        connect_with(&self.endpoint, &self.login, &self.database, &settings, Limits::WORK).await
    }

    /// Returns the LSN up to which the stream was applied; waits for a transaction that is applying more.
    ///
    /// # Errors
    /// If the position of the stream cannot be read.
    pub async fn applied(&self) -> Result<Lsn> {
        let applier = Applier::open(self).await?;
        let applied = applier.committed();
        applier.close().await;
        Ok(applied)
    }
}

impl Applier {
    /// Opens the session, and reads the applied LSN.
    ///
    /// # Errors
    /// If the database is unreachable, or has no table of LSNs.
    pub(super) async fn open(target: &ApplyTarget) -> Result<Applier> {
        let session = target.session().await?;
        let mut applier = Applier {
            session,
            direction: target.direction.clone(),
            committed: target.start,
            reached: target.start,
            open: false,
            batch: ChangeBatch::default(),
            relations: BTreeMap::new(),
            changes: 0,
        };
        applier.read_position().await?;
        Ok(applier)
    }

    /// Reads the LSN up to which the stream was applied; waits for a transaction of a session that died.
    ///
    /// # Errors
    /// If the LSN cannot be read.
    pub(super) async fn read_position(&mut self) -> Result<()> {
        let direction = Literal(self.direction.clone());
        let statement = Statement::join([
            stmt!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
            stmt!(
                "INSERT INTO martydb_split.position (direction, lsn) VALUES ({direction}, {start}) ON CONFLICT (direction) DO NOTHING",
                start = Literal(self.committed.to_string())
            ),
            stmt!(
                "SELECT lsn::pg_catalog.text FROM martydb_split.position WHERE direction = {direction} FOR UPDATE"
            ),
            stmt!("COMMIT"),
        ]);
        let text: String = query_one(&mut self.session, &statement).await?;
        let kept = Lsn::parse(&text).ok_or_else(|| Unreadable::new(text))?;
        self.committed = self.committed.max(kept);
        self.reached = self.committed;
        Ok(())
    }

    /// Returns the LSN up to which everything is committed.
    pub(super) fn committed(&self) -> Lsn {
        self.committed
    }

    /// Returns the LSN up to which everything is applied, including uncommitted changes.
    pub(super) fn reached(&self) -> Lsn {
        self.reached
    }

    /// Returns `true` if there are uncommitted changes.
    pub(super) fn is_open(&self) -> bool {
        self.open || !self.batch.is_empty()
    }

    /// Returns the number of changes since the last commit.
    pub(super) fn waiting(&self) -> u64 {
        self.changes
    }

    /// Records the relation of an OID. A mismatch is reported at its first row.
    ///
    /// # Errors
    /// If the target cannot be read.
    pub(super) async fn relation(&mut self, relation: StreamedRelation) -> Result<()> {
        let number = relation.number;
        let known =
            if relation.schema == OWN_SCHEMA { KnownRelation::Own } else { self.examine(&relation).await? };
        self.relations.insert(number, known);
        Ok(())
    }

    async fn examine(&mut self, relation: &StreamedRelation) -> Result<KnownRelation> {
        let name = printable(&format!("{}.{}", relation.schema, relation.name));
        // The catalog must contain the earlier changes of this transaction.
        self.flush().await?;
        let statement = stmt!(
            "{table}WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind IN ('r', 'p')",
            table = Statement::from_program(include_str!("../sql/streamed_table.sql")),
            schema = Literal(relation.schema.clone()),
            name = Literal(relation.name.clone())
        );
        let rows = query(&mut self.session, &statement).await?;
        let Some(row) = rows.first() else {
            let error = Error::new(
                Kind::Divergent,
                format!("the target has no table {name}, but the stream has rows of it"),
            );
            return Ok(KnownRelation::Unfit(Box::new(error.hint(SAME_CHANGE))));
        };
        let unreadable = || Error::operation(format!("cannot read the target's table {name}"));
        let text: String = row.try_get(0).map_err(|error| unreadable().cause(error))?;
        let found: TargetTable = serde_json::from_str(&text).map_err(|error| unreadable().cause(error))?;
        Ok(match fit(relation, &found) {
            Ok(table) => KnownRelation::Table(table),
            Err(misfit) => KnownRelation::Unfit(Box::new(unfit(&name, misfit))),
        })
    }

    pub(super) async fn insert(&mut self, number: RelationOid, row: &StreamedRow) -> Result<()> {
        if let Some(table) = table(&self.relations, number, &[row])? {
            self.batch.insert(number, table, row);
        }
        self.changed().await
    }

    pub(super) async fn update(
        &mut self,
        number: RelationOid,
        old: Option<&StreamedRow>,
        row: &StreamedRow,
    ) -> Result<()> {
        if let Some(table) = table(&self.relations, number, &[row, old.unwrap_or(row)])? {
            self.batch.update(table, old, row).map_err(Error::operation)?;
        }
        self.changed().await
    }

    pub(super) async fn delete(&mut self, number: RelationOid, old: &StreamedRow) -> Result<()> {
        if let Some(table) = table(&self.relations, number, &[old])? {
            self.batch.delete(table, old).map_err(Error::operation)?;
        }
        self.changed().await
    }

    pub(super) async fn truncate(&mut self, numbers: &[RelationOid], restart: bool) -> Result<()> {
        let mut tables = vec![];
        for number in numbers {
            tables.extend(table(&self.relations, *number, &[])?);
        }
        self.batch.truncate(&tables, restart);
        self.changed().await
    }

    async fn changed(&mut self) -> Result<()> {
        self.changes += 1;
        if self.batch.is_full() { self.flush().await } else { Ok(()) }
    }

    /// Records the end of a transaction of the source.
    pub(super) fn reach(&mut self, end: Lsn) {
        self.reached = self.reached.max(end);
        if !self.is_open() {
            // Without changes there is nothing that an LSN must be committed with.
            self.committed = self.reached;
        }
    }

    async fn flush(&mut self) -> Result<()> {
        let changes = self.batch.take();
        if changes.is_empty() { Ok(()) } else { self.send(changes).await }
    }

    /// Commits the changes since the last commit, together with the LSN.
    ///
    /// # Errors
    /// If a change could not be applied; then none is.
    pub(super) async fn commit(&mut self) -> Result<()> {
        if !self.is_open() {
            return Ok(());
        }
        let mut changes = self.batch.take();
        changes.push(self.position());
        self.send(changes).await?;
        execute(&mut self.session, &stmt!("COMMIT")).await?;
        (self.open, self.committed, self.changes) = (false, self.reached, 0);
        Ok(())
    }

    /// Another process that applies the same stream would have advanced the LSN.
    fn position(&self) -> ExpectedChange {
        let statement = stmt!(
            "INSERT INTO martydb_split.position AS p (direction, lsn) VALUES ({d}, {to})
             ON CONFLICT (direction) DO UPDATE SET lsn = excluded.lsn WHERE p.lsn <= excluded.lsn",
            d = Literal(self.direction.clone()),
            to = Literal(self.reached.to_string())
        );
        ExpectedChange { statement, rows: Some(1), doing: "to record the applied LSN".into() }
    }

    async fn send(&mut self, changes: Vec<ExpectedChange>) -> Result<()> {
        let begin =
            [stmt!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"), stmt!("SET CONSTRAINTS ALL DEFERRED")];
        let begin = if self.open { &begin[..0] } else { &begin[..] };
        let before = begin.len();
        let all = begin.iter().chain(changes.iter().map(|change| &change.statement)).cloned();
        let message = Statement::join(all);
        tracing::debug!(target: "martydb::stream", "{} changes applied", changes.len());
        self.open = true;
        let reply = self.session.run(&message).await.map_err(|failed| {
            let at = failed.completed.saturating_sub(before).min(changes.len() - 1);
            let error = failed.response.into_error(&changes[at].statement, 0);
            if error.kind == Kind::Operation {
                error.while_doing(format!("the stream stopped: it failed {}", changes[at].doing))
            } else {
                error
            }
        })?;
        let touched = reply.results.iter().skip(before).map(|result| result.affected);
        let wrong = changes
            .iter()
            .zip(touched)
            .find(|(change, touched)| change.rows.is_some_and(|rows| rows != *touched));
        wrong.map_or(Ok(()), |(change, touched)| Err(missed(change, touched)))
    }

    /// Ends the session; uncommitted changes are lost.
    #[martydb_pg::boxed]
    pub(super) async fn close(self) {
        self.session.close().await;
    }
}

/// Returns the table for rows of this OID, or `None` for the split's own.
fn table<'a>(
    relations: &'a BTreeMap<RelationOid, KnownRelation>,
    number: RelationOid,
    rows: &[&StreamedRow],
) -> Result<Option<&'a StreamedTable>> {
    match relations.get(&number) {
        Some(KnownRelation::Own) => Ok(None),
        Some(KnownRelation::Unfit(error)) => Err(error.as_ref().clone()),
        Some(KnownRelation::Table(table)) if rows.iter().all(|row| table.takes(row)) => Ok(Some(table)),
        _ => Err(Error::operation("the stream contains a row of an undescribed table")),
    }
}

const SAME_CHANGE: &str =
    "make the same change at the target with a migration of the service, then run the same command again";

fn unfit(name: &str, misfit: TableMismatch) -> Error {
    let TableMismatch { causes, source, target } = misfit;
    Error::new(Kind::Divergent, format!("the stream stopped: table {name} was changed on one side"))
        .causes(causes.iter().map(|cause| printable(cause)))
        .cause(format!("at the source: {}", printable(&source)))
        .cause(format!("at the target: {}", printable(&target)))
        .hint(SAME_CHANGE)
}

fn missed(change: &ExpectedChange, touched: u64) -> Error {
    let rows = change.rows.unwrap_or_default();
    Error::new(Kind::Divergent, format!("the stream stopped: it failed {}", printable(&change.doing)))
        .cause(match touched {
            0 => "the row does not exist".to_owned(),
            _ => format!("the server changed {touched} rows instead of {rows}"),
        })
        .hint("another session or a rule has written into this database; `martydb split verify` reports the differences")
}
