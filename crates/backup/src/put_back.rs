//! Objects of a restored database that belong to other roles than its owner, put back by the admin: the archive is loaded
//! by then, and the service's logins cannot connect yet.

use std::collections::BTreeSet;

use crate::archive_part::ArchivePart;
use crate::audit_rows::{AUDIT, CONTENT, fill};
use crate::load_task::{LoadSource, RestoreTarget};
use crate::move_service::compare::CopySide;
use crate::record::{BackupRecord, PublicRecord};
use crate::restore_settings;
use crate::tables_there::tables_there;
use martydb_apply::scratch::Scratch;
use martydb_compare::RowHash;
use martydb_model::RoleName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Keyword, List, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Connection, execute, query_as, query_first};
use martydb_plan::records;

/// Restores objects of other owners as the admin, in one transaction with temporary memberships. Returns a note on
/// privileges that could not be restored.
pub(crate) async fn put_back(
    to: &RestoreTarget<'_>,
    scratch: &Scratch,
    record: &BackupRecord,
    known: &[RoleName],
) -> Result<Option<String>> {
    let ours = to.service.own_roles();
    let mut session = to.access.write(scratch.database.as_str()).await?;
    let mut statements = restore_settings::of_others(&record.beyond, &ours, known)?;
    let (held, mut left) = (held(&mut session).await?, None);
    // No archive has them: see `NO_RECORDS`.
    if to.service.serve.is_some() {
        statements.extend(records::all(to.service, known, &tables_there(&mut session).await?));
    }
    if let (Some(before), Some(now)) = (&record.beyond.public, public(&mut session).await?) {
        let of_public = restore_settings::of_public(before, &now, &ours, known)?;
        match of_public.is_empty() || held.contains(&now.owner) {
            true => statements.extend(of_public),
            false => {
                left = Some(format!(
                    "the schema public has different privileges than before: it belongs to {}, and the admin does not act as that role",
                    printable(&now.owner)
                ));
            }
        }
    }
    if statements.is_empty() {
        session.close().await;
        return Ok(left);
    }
    let is_lacking = |role: &RoleName| known.contains(role) && !held.contains(role.as_str());
    let lent: Vec<RoleName> = ours.into_iter().filter(is_lacking).collect();
    let newer = session.major() >= 16;
    let options = Keyword(if newer { " WITH INHERIT TRUE, SET TRUE" } else { "" });
    let by = Keyword(if newer { " GRANTED BY CURRENT_USER" } else { "" });
    let lend = (!lent.is_empty())
        .then(|| stmt!("GRANT {roles} TO CURRENT_USER{options}", roles = List(lent.clone())));
    let take =
        (!lent.is_empty()).then(|| stmt!("REVOKE {roles} FROM CURRENT_USER{by}", roles = List(lent.clone())));
    let all = [stmt!("BEGIN")].into_iter().chain(lend).chain(statements).chain(take).chain([stmt!("COMMIT")]);
    let end = execute(&mut session, &Statement::join(all)).await;
    session.close().await;
    end.map(|_| left)
        .map_err(|error| error.while_doing("cannot restore objects of other roles than the owner"))
}

/// Rows of the audit in a restored database.
#[derive(Default)]
pub(crate) struct RestoredAudit {
    /// Number and hash, if there are some in the backup and they were restored.
    sum: Option<String>,
    /// Difference from what the manifest asks for.
    pub note: Option<String>,
}

impl RestoredAudit {
    fn without(note: impl Into<String>) -> RestoredAudit {
        RestoredAudit { sum: None, note: Some(note.into()) }
    }

    /// Adds the rows, which the owner could not read, to the restored side, or leaves them out on both.
    pub(crate) fn compared(&self, mut recorded: CopySide, mut found: CopySide) -> [CopySide; 2] {
        match &self.sum {
            Some(sum) => found.sums.insert(CONTENT.into(), sum.clone()),
            None => recorded.sums.remove(CONTENT),
        };
        [recorded, found]
    }
}

/// Restores the rows of the audit into the table that the admin made, if the backup has them. A part of a backup has them
/// only by choice. A service without a data service gets the table alone, which no login may use.
pub(crate) async fn put_back_audit(
    to: &RestoreTarget<'_>,
    scratch: &Scratch,
    from: LoadSource<'_>,
    part: Option<&ArchivePart>,
    hash: RowHash,
) -> Result<RestoredAudit> {
    let wanted = to.service.serve.as_ref().is_some_and(|exposure| exposure.audit.backup);
    let Some(columns) = &from.record.audit else {
        let is_missed = part.is_none() && wanted;
        let note = format!("the backup has no rows of table {AUDIT}, which is empty");
        return Ok(if is_missed { RestoredAudit::without(note) } else { RestoredAudit::default() });
    };
    let is_chosen = |part: &ArchivePart| part.tables.iter().any(|table| table.name == AUDIT);
    match part {
        Some(part) if !is_chosen(part) => return Ok(RestoredAudit::default()),
        None if !from.audit => {
            let note =
                format!("the rows of table {AUDIT} are left out: the file of --anonymize cannot change them");
            return Ok(RestoredAudit::without(note));
        }
        _ => {}
    }
    let mut session = to.access.write(scratch.database.as_str()).await?;
    if part.is_some() || to.service.serve.is_none() {
        execute(&mut session, &Statement::join(records::audit_alone())).await?;
    }
    let end = fill(&mut session, from.folder, columns, hash).await;
    session.close().await;
    let sum = end.map_err(|error| error.while_doing("cannot restore the audit of the data service"))?;
    Ok(RestoredAudit { sum: Some(sum), note: None })
}

/// Reads the schema `public`.
async fn public(session: &mut Connection) -> Result<Option<PublicRecord>> {
    let query = Statement::from_program(include_str!("sql/public.sql"));
    let Some(text) = query_first::<String>(session, &query).await? else { return Ok(None) };
    serde_json::from_str(&text).map_err(|error| {
        Error::operation("cannot read the server's answer about the schema public").cause(error)
    })
}

/// Returns the roles that the admin acts as.
async fn held(session: &mut Connection) -> Result<BTreeSet<String>> {
    let query = stmt!(
        "SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(r.oid, 'USAGE')"
    );
    Ok(query_as(session, &query).await?.into_iter().collect())
}
