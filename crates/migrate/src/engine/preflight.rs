//! Checks before anything is written: the owner of the history tables, other roles with access to them, history
//! tables of other tools, and the roles that the session could act as. A run with nothing to do skips them.
//! Then missing tables are created, and privileges of other roles are revoked.

use std::time::Instant;

use super::batch::millis;
use super::contents;
use super::other_roles::OtherRoles;
use super::session::{MigrationSession, until};
use crate::check::{OtherTool, other_tools};
use crate::files::VersionType;
use crate::history::{ExistingTables, definitions, place, settle, tables};
use crate::report::Event;
use crate::target::{MigrationTarget, Options};
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Statement, split_name_list, stmt};
use martydb_model::sqlstate;
use martydb_model::{RoleName, SchemaName};
use martydb_pg::server::{Row, Unreadable, execute_protected};

/// A table that may contain a history, martydb's or another tool's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryTable {
    name: String,
    schema: String,
    owner: String,
    /// Set if a role other than the owner and the reader of the history has a privilege on it.
    shared: bool,
    columns: Vec<String>,
}

impl HistoryTable {
    /// Reads a row. Names of schemas and roles are quoted, as `regnamespace` and `regrole` print them.
    fn read(row: &Row, reader: Option<&RoleName>) -> Result<HistoryTable, Unreadable> {
        let bare = |text: String| split_name_list(&text).pop().unwrap_or_default();
        let (owner, acl): (String, Option<Vec<String>>) = (bare(row.try_get(2)?), row.try_get(3)?);
        let is_known = |name: &str| name == owner || reader.is_some_and(|reader| reader.as_str() == name);
        let shared = acl.iter().flatten().any(|item| !is_known(&grantee(item)));
        let (name, schema, columns) = (row.try_get(0)?, bare(row.try_get(1)?), row.try_get(4)?);
        Ok(HistoryTable { name, schema, owner, shared, columns })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preflight {
    /// martydb's history table.
    history: Option<HistoryTable>,
    /// refinery's history table, the one in use.
    refinery: Option<HistoryTable>,
    pub other_tools: Vec<OtherTool>,
    /// Some of the objects in the declared schemas; only queried if there is no history.
    pub contents: Vec<String>,
    pub last_event: i64,
    pub other_roles: OtherRoles,
}

impl Preflight {
    #[martydb_pg::boxed]
    pub(crate) async fn run(session: &mut MigrationSession<'_>) -> Result<Preflight> {
        let roles = OtherRoles::ask(&session.target.owner);
        let fresh = !session.present.history;
        if fresh && session.present.refinery.is_none() {
            let results = session.query([contents::any(&session.target.schemas), roles.clone()]).await?;
            if let Some(bare) = Preflight::of_bare(&results)? {
                return Ok(bare);
            }
        }
        let last = match fresh {
            false => tables::last_event(),
            true => contents::some(&session.target.schemas),
        };
        let results = session.query([find(), roles, last]).await?;
        let reader = session.target.history_reader.as_ref();
        Ok(Preflight::read(&results, session.present.refinery.as_ref(), fresh, reader)?)
    }

    /// Handles the usual start: a database in which nothing was ever created, with no tables to check. `None`
    /// otherwise.
    fn of_bare(results: &[Vec<Row>]) -> Result<Option<Preflight>, Unreadable> {
        let [any, roles] = results else { return Err(Unreadable::no_row()) };
        if any.first().ok_or_else(Unreadable::no_row)?.try_get(0)? {
            return Ok(None);
        }
        let other_roles = OtherRoles::read(roles)?;
        Ok(Some(Preflight {
            history: None,
            refinery: None,
            other_tools: vec![],
            contents: vec![],
            last_event: 0,
            other_roles,
        }))
    }

    fn read(
        results: &[Vec<Row>],
        refinery: Option<&SchemaName>,
        fresh: bool,
        reader: Option<&RoleName>,
    ) -> Result<Preflight, Unreadable> {
        let rows = |at: usize| results.get(at).map_or(&[] as &[Row], Vec::as_slice);
        let all = rows(0).iter().map(|row| HistoryTable::read(row, reader)).collect::<Result<Vec<_>, _>>()?;
        let refinery = refinery.map(SchemaName::as_str);
        let ours = |schema: &str, name: &str| {
            all.iter().find(|table| table.schema == schema && table.name == name).cloned()
        };
        let others = all.iter().filter(|table| refinery != Some(table.schema.as_str()));
        let (contents, last) = if fresh { (rows(2), &[] as &[Row]) } else { (&[] as &[Row], rows(2)) };
        Ok(Preflight {
            history: ours(HISTORY_SCHEMA, "history"),
            refinery: refinery.and_then(|schema| ours(schema, REFINERY_TABLE)),
            other_tools: other_tools::recognise(
                others.map(|table| (&*table.schema, &*table.name, &*table.columns)),
            ),
            contents: contents.iter().map(Row::read).collect::<Result<_, _>>()?,
            last_event: last.first().map_or(Ok(0), Row::read)?,
            other_roles: OtherRoles::read(rows(1))?,
        })
    }

    /// Creates missing tables, moves refinery's to its place and revokes other roles' privileges, in one transaction.
    #[martydb_pg::boxed]
    pub(crate) async fn prepare(
        &self,
        session: &mut MigrationSession<'_>,
        version_type: VersionType,
        options: &Options,
    ) -> Result<()> {
        let (target, wanted) = (session.target, &session.target.history_schema);
        let outsiders = session.outsiders().await?;
        let moved = session.present.refinery.clone().filter(|found| found != wanted);
        let mut all = self.missing(&session.present, &outsiders, wanted, version_type);
        if !session.present.definitions && !target.throwaway {
            all.extend(definitions::create(&outsiders));
        }
        if all.is_empty() {
            return Ok(());
        }
        commit_patiently(session, all, options).await.map_err(|error| {
            let plan = format!("`martydb plan --service {}`", target.service);
            let what = if moved.is_some() { "move" } else { "create" };
            let hint = match is_locked(&error) {
                true => {
                    "another session uses them: wait for it to end, or give more time with --lock-wait".into()
                }
                false => format!("{plan} shows what is missing on the server"),
            };
            error.while_doing(format!("cannot {what} the history tables of {}", target.service)).hint(hint)
        })?;
        let guarded = place::is_ours(wanted);
        session.present.history = true;
        session.present.guarded = guarded;
        session.present.definitions = true;
        session.present.progress |= guarded;
        session.present.refinery = Some(wanted.clone());
        if let Some(from) = moved {
            let table = REFINERY_TABLE;
            session
                .events
                .send(Event::Noticed(format!("moved the table {table} from the schema {from} to {wanted}")));
        }
        Ok(())
    }

    /// Returns the statements that create the tables, bring them to their place, and revoke other roles' privileges on
    /// them. They run as the owner.
    fn missing(
        &self,
        present: &ExistingTables,
        outsiders: &List<Ident>,
        schema: &SchemaName,
        version_type: VersionType,
    ) -> Vec<Statement> {
        let (mut all, mut open) = (vec![], vec![]);
        match &self.history {
            None => all.extend(tables::create_history(outsiders, place::is_ours(schema), present.guarded)),
            Some(table) => open.extend(table.shared.then(|| stmt!("martydb.history"))),
        }
        all.extend(settle::settle(present, schema, outsiders));
        if self.refinery.is_none() {
            all.push(tables::create_refinery(schema, version_type));
        }
        if self.refinery.as_ref().is_none_or(|table| table.shared) {
            open.push(stmt!("{schema}.refinery_schema_history"));
        }
        all.extend((!open.is_empty()).then(|| tables::close(open, outsiders)));
        all
    }

    /// Rejects tables of other roles, and versions that do not fit into refinery's table.
    pub(crate) fn check(
        &self,
        target: &MigrationTarget,
        version_type: VersionType,
        versions: &[i64],
    ) -> Result<()> {
        let mut tables = [&self.history, &self.refinery].into_iter().flatten();
        if let Some(table) = tables.find(|table| table.owner != target.owner.as_str()) {
            let what = format!("the history of {} belongs to \"{}\"", target.service, table.owner);
            return Err(Error::operation(what)
                .cause(format!("it must belong to the owner, \"{}\"", target.owner))
                .hint(format!("run `martydb apply --service {}`", target.service)));
        }
        match versions.iter().find(|version| !version_type.holds(**version)) {
            None => Ok(()),
            Some(version) => Err(Error::operation(format!("V{version} does not fit into refinery's table"))
                .cause("its column \"version\" is an int4, as refinery creates it without int8-versions")
                .hint(format!("give the file a version of at most {}", i32::MAX))),
        }
    }
}

/// Commits statements that lock the tables; waits for sessions that use them, without blocking others for long.
async fn commit_patiently(
    session: &mut MigrationSession<'_>,
    all: Vec<Statement>,
    options: &Options,
) -> Result<()> {
    let mut backoff = until(Instant::now() + options.lock_wait);
    let timeout = stmt!("SET LOCAL lock_timeout = {millis}", millis = millis(options.lock_timeout));
    loop {
        let statements = [timeout.clone()].into_iter().chain(all.iter().cloned());
        let Err(error) = session.commit(statements).await else { return Ok(()) };
        if !is_locked(&error) {
            return Err(error);
        }
        execute_protected(&mut session.connection, &stmt!("ROLLBACK")).await?;
        if !backoff.wait().await {
            return Err(error);
        }
    }
}

fn is_locked(error: &Error) -> bool {
    let state = error.sqlstate.as_deref();
    matches!(state, Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED))
}

/// Finds tables by their names, in every schema. It calls as few functions as possible: a new session looks up
/// each, and that is most of the cost of such a query.
fn find() -> Statement {
    let names = other_tools::names().chain(["history"]);
    stmt!(
        "SELECT relname, relnamespace::pg_catalog.regnamespace, relowner::pg_catalog.regrole, relacl,
                ARRAY(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped)
         FROM pg_catalog.pg_class WHERE relkind = 'r' AND relname IN ({names})",
        names = List::literals(names)
    )
}

/// Returns the grantee of an ACL item as the server prints it: the name before the equals sign, which may be
/// quoted and contain one. PUBLIC is the empty name. <https://www.postgresql.org/docs/current/ddl-priv.html>
fn grantee(item: &str) -> String {
    let mut quoted = false;
    let end = item.find(|c| {
        quoted ^= c == '"';
        c == '=' && !quoted
    });
    split_name_list(&item[..end.unwrap_or(item.len())]).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grantees_are_read_as_the_server_prints_them() {
        for (acl, expected) in [
            ("{}", vec![]),
            ("{o=arwdDxt/o}", vec!["o"]),
            ("{o=ar/o,=r/o,app=r/o}", vec!["o", "", "app"]),
            (r#"{"\"a b\"=r/o","\"x=\"\"y\"=r/o"}"#, vec!["a b", "x=\"y"]),
            (r#"{"\"a,b\"=r/o",c=r/o}"#, vec!["a,b", "c"]),
        ] {
            let items = martydb_pg::wire::array(acl).unwrap();
            let grantees: Vec<_> = items.iter().flatten().map(|item| grantee(item)).collect();
            assert_eq!(grantees, expected, "{acl}");
        }
    }
}
