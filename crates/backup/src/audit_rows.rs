//! Rows of the data service's audit in a backup, where the manifest asks for them.
//!
//! The admin owns the audit, and the migrator, who makes the archive, may not read it. So the admin copies the rows at the
//! archive's snapshot into a file of their own, and back from there into a table that it has just made. Nothing in an
//! archive, which code of the service may have shaped, becomes a row of the audit.

use std::fs::{DirBuilder, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use martydb_compare::{RowHash, ServerSum};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Literal, Qualified, Statement, stmt};
use martydb_model::{
    AUDIT_TABLE, DbName, DesiredServer, DesiredService, RECORD_TABLES, RecordColumn, RoleName, SERVE_SCHEMA,
};
use martydb_pg::server::{Access, Connection, copy_in, copy_out, execute, query_first};

/// Name as the server prints it, and in a record's contents.
pub(crate) const AUDIT: &str = "martydb_serve.audit";
pub(crate) const CONTENT: &str = "table martydb_serve.audit";

/// Folder and file of the rows in a backup.
const FOLDER: &str = "audit";
const FILE: &str = "rows";

/// Takes the bytes of a database without an encoding as they are.
const ENCODING: &str = "SELECT CASE WHEN pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'
     THEN pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) END";

/// The audit of a service whose backups have its rows.
pub enum FoundAudit {
    /// A table that the admin owns.
    Table(Box<AuditTable>),
    /// None of that kind, with the reason.
    Lacking(String),
}

/// A table of the admin's that can be copied.
pub struct AuditTable {
    access: Access,
    database: DbName,
    /// OIDs of the table, of its schema and of their owners.
    identity: String,
}

/// An audit that cannot be emptied or changed while its session is open.
pub struct LockedAudit {
    session: Connection,
    identity: String,
}

/// Rows that were written into a file.
pub struct AuditRows {
    pub columns: Vec<String>,
    /// Number and hash.
    pub sum: String,
}

/// Identity, owner of the schema, owner of the table, one of them that is not the admin's, columns.
type AuditFacts = (String, String, String, Option<String>, Option<String>);

impl FoundAudit {
    /// Looks for the audit of a service.
    ///
    /// # Errors
    /// If the admin cannot connect.
    #[martydb_pg::boxed]
    pub async fn find(
        access: &Access,
        desired: &DesiredServer,
        service: &DesiredService,
    ) -> Result<FoundAudit> {
        let mut session = access.read(service.database.as_str()).await?;
        let facts = query_first::<AuditFacts>(&mut session, &facts()).await?;
        session.close().await;
        let is_managed =
            |owner: &str| RoleName::found(owner).map_or(true, |owner| desired.managed_role(&owner).is_some());
        Ok(match lack(facts.as_ref(), is_managed) {
            Some(why) => FoundAudit::Lacking(format!("table {AUDIT}: {why}")),
            None => FoundAudit::Table(Box::new(AuditTable {
                access: access.clone(),
                database: service.database.clone(),
                identity: facts.map(|facts| facts.0).unwrap_or_default(),
            })),
        })
    }
}

fn facts() -> Statement {
    Statement::from_program(include_str!("sql/audit.sql"))
}

/// Returns the reason why the rows cannot be copied, if there is one. A table that a role of a service owns is none of the admin's:
/// its owner could have it run code.
fn lack(facts: Option<&AuditFacts>, is_managed: impl Fn(&str) -> bool) -> Option<String> {
    let Some((_, schema, table, other, columns)) = facts else {
        return Some("is missing, and so are its rows; run `martydb apply`".into());
    };
    let owners = [schema, table].into_iter().filter(|owner| is_managed(owner));
    if let Some(owner) = owners.chain(other).next() {
        return Some(format!("belongs to {owner}, not to the admin; its rows are left out"));
    }
    if columns.is_none() {
        return Some("is not an ordinary table; its rows are left out".into());
    }
    let found: Vec<&str> = columns.iter().flat_map(|columns| columns.split(',')).collect();
    let has = |column: &RecordColumn| found.contains(&format!("{} {}", column.name, column.r#type).as_str());
    let is_whole = own_columns().all(has);
    (!is_whole).then(|| "was changed, and its rows are left out; run `martydb apply`".into())
}

fn own_columns() -> impl Iterator<Item = &'static RecordColumn> {
    RECORD_TABLES.iter().filter(|table| table.name == AUDIT_TABLE).flat_map(|table| table.columns)
}

fn table() -> Qualified {
    Qualified(vec![SERVE_SCHEMA.into(), AUDIT_TABLE.into()])
}

impl AuditTable {
    /// Locks the table against changes and TRUNCATE, in a transaction that has no snapshot yet.
    ///
    /// # Errors
    /// If another session changes it for longer than the lock wait.
    #[martydb_pg::boxed]
    pub async fn lock(self) -> Result<LockedAudit> {
        let mut session = self.access.write(self.database.as_str()).await?;
        execute(&mut session, &Statement::from_program(ENCODING)).await?;
        let begin = [
            stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
            stmt!("SET LOCAL lock_timeout = '10s'"),
            stmt!("LOCK TABLE ONLY {table} IN ACCESS SHARE MODE", table = table()),
        ];
        execute(&mut session, &Statement::join(begin.into_iter().chain(plain_output()))).await?;
        Ok(LockedAudit { session, identity: self.identity })
    }
}

/// Returns the settings by which a time is printed and hashed in the same form on every server.
fn plain_output() -> [Statement; 2] {
    [stmt!("SET LOCAL TimeZone = 'UTC'"), stmt!("SET LOCAL DateStyle = 'ISO'")]
}

impl LockedAudit {
    /// Writes the rows of a snapshot, which another session has exported, into a file in the backup's folder.
    ///
    /// # Errors
    /// If the table is another one than was found, or cannot be read or written.
    #[martydb_pg::boxed]
    pub async fn write(&mut self, snapshot: &str, folder: &Path, hash: RowHash) -> Result<AuditRows> {
        let session = &mut self.session;
        let snapshot = Literal(snapshot.to_owned());
        execute(session, &stmt!("SET TRANSACTION SNAPSHOT {snapshot}")).await?;
        let now = query_first::<AuditFacts>(session, &facts()).await?.map(|facts| facts.0);
        if now.as_deref() != Some(self.identity.as_str()) {
            return Err(Error::operation(format!("table {AUDIT} was made again meanwhile"))
                .hint("run the same command again"));
        }
        let columns: Vec<String> = own_columns().map(|column| column.name.to_owned()).collect();
        let list = columns_list(&columns);
        let (mut file, mut end) = (create(folder).map_err(|error| failed("write", &error))?, Ok(()));
        let copy = stmt!("COPY {table} ({list}) TO STDOUT", table = table());
        let mut sink = |piece: &[u8], _: bool| {
            if end.is_ok() {
                end = file.write_all(piece);
            }
        };
        copy_out(session, &copy, &mut sink).await?;
        end.and_then(|()| file.flush()).map_err(|error| failed("write", &error))?;
        let sum = sum(&columns, hash).text(session).await?;
        Ok(AuditRows { columns, sum })
    }

    pub async fn close(self) {
        self.session.close().await;
    }
}

fn create(folder: &Path) -> io::Result<BufWriter<File>> {
    let folder = folder.join(FOLDER);
    DirBuilder::new().mode(0o700).create(&folder)?;
    File::create_new(folder.join(FILE)).map(BufWriter::new)
}

/// Returns the size of the rows in a backup's folder, in bytes.
pub fn size(folder: &Path) -> u64 {
    folder.join(FOLDER).join(FILE).metadata().map_or(0, |file| file.len())
}

fn failed(what: &str, error: &io::Error) -> Error {
    Error::operation(format!("cannot {what} the rows of the audit")).cause(error)
}

fn columns_list(columns: &[String]) -> List<Qualified> {
    List(columns.iter().map(|name| Qualified(vec![name.clone()])).collect())
}

/// Counts and hashes the rows by the text of these columns.
fn sum(columns: &[String], hash: RowHash) -> ServerSum {
    let values = columns.iter().map(|name| Qualified(vec!["x".into(), name.clone()]));
    let hashed = stmt!(
        "pg_catalog.hashtextextended(ROW({values})::pg_catalog.text COLLATE pg_catalog.\"C\", 0)",
        values = List(values.collect())
    );
    ServerSum {
        hash: (hash != RowHash::None).then_some(hashed),
        from: stmt!("ONLY {table} x", table = table()),
    }
}

/// Fills the audit of a database, which the admin has made there, and returns the number and hash of its rows.
///
/// # Errors
/// If the record names a column that no audit has, or the server refuses a row.
#[martydb_pg::boxed]
pub async fn fill(
    session: &mut Connection,
    folder: &Path,
    columns: &[String],
    hash: RowHash,
) -> Result<String> {
    if let Some(unknown) = columns.iter().find(|name| own_columns().all(|own| own.name != name.as_str())) {
        let message =
            format!("the backup has a column of the audit that is not known: {}", unknown.escape_debug());
        return Err(Error::operation(message).hint("use the newer version of martydb that wrote it"));
    }
    let path = folder.join(FOLDER).join(FILE);
    let mut file = File::open(&path).map_err(|error| failed("read", &error))?;
    execute(session, &Statement::from_program(ENCODING)).await?;
    execute(session, &Statement::join([stmt!("BEGIN")].into_iter().chain(plain_output()))).await?;
    let copy = stmt!("COPY {table} ({list}) FROM STDIN", table = table(), list = columns_list(columns));
    copy_in(session, &copy, &mut file).await?;
    let sum = sum(columns, hash).text(session).await?;
    execute(session, &stmt!("COMMIT")).await?;
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_that_is_not_the_admins_is_not_copied() {
        let whole = own_columns().map(|one| format!("{} {}", one.name, one.r#type)).collect::<Vec<_>>();
        let of = |schema: &str, table: &str, other: Option<&str>, columns: Option<String>| {
            let other = other.map(str::to_owned);
            let facts = (String::new(), schema.to_owned(), table.to_owned(), other, columns);
            lack(Some(&facts), |owner| owner == "shop_owner").unwrap_or_default()
        };
        let all = Some(whole.join(","));
        assert_eq!(of("adm", "adm", None, all.clone()), "");
        assert!(of("shop_owner", "adm", None, all.clone()).contains("belongs to shop_owner"));
        assert!(of("adm", "shop_owner", None, all.clone()).contains("belongs to shop_owner"));
        assert!(of("adm", "other", Some("other"), all).contains("belongs to other"));
        assert!(of("adm", "adm", None, None).contains("is not an ordinary table"));
        for columns in [Some(whole[1..].join(",")), Some(whole.join(",").replace("login name", "login text"))]
        {
            assert!(of("adm", "adm", None, columns.clone()).contains("was changed"), "{columns:?}");
        }
        assert!(lack(None, |_| false).is_some_and(|why| why.contains("is missing")));
    }

    #[test]
    fn columns_are_named_in_the_hash_of_a_row() {
        let sql = sum(&["at".into(), "rows".into()], RowHash::Columns).hash.unwrap().to_string();
        assert!(sql.contains("ROW(\"x\".\"at\", \"x\".\"rows\")"), "{sql}");
        assert!(sum(&["at".into()], RowHash::None).hash.is_none());
    }
}
