//! Comments on extensions, which an archive's owner may not set for extensions of the admin: each is set by the owner of its
//! extension.

use martydb_migrate::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{Ident, Literal, Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::text::printable;
use martydb_pg::server::{Access, Connection, execute, query_as};

use super::owner_session;

/// Extensions and their comments.
pub(crate) type ExtensionComments = Vec<(String, Option<String>)>;

/// Reads those of a database.
pub(crate) async fn read(session: &mut Connection) -> Result<ExtensionComments> {
    let query = stmt!(
        "SELECT e.extname::pg_catalog.text, pg_catalog.obj_description(e.oid, 'pg_extension') FROM pg_catalog.pg_extension e ORDER BY 1"
    );
    query_as(session, &query).await
}

/// Sets the comments that differ; returns a note on each that neither the owner nor the admin may set.
///
/// # Errors
/// If the server refuses for another reason.
pub(crate) async fn put_back(
    access: &Access,
    here: &MigrationTarget,
    wanted: ExtensionComments,
) -> Result<Vec<String>> {
    let mut owner = owner_session::as_owner(here).await?;
    let due = due(wanted, &read(&mut owner).await?);
    let own = stmt!(
        "SELECT e.extname::pg_catalog.text FROM pg_catalog.pg_extension e WHERE pg_catalog.pg_has_role(e.extowner, 'USAGE')"
    );
    let own: Vec<String> = query_as(&mut owner, &own).await?;
    let (by_owner, by_admin): (ExtensionComments, ExtensionComments) =
        due.into_iter().partition(|(name, _)| own.contains(name));
    let mut notes = set(&mut owner, by_owner).await?;
    owner.close().await;
    if !by_admin.is_empty() {
        let mut admin = access.write(here.database.as_str()).await?;
        notes.extend(set(&mut admin, by_admin).await?);
        admin.close().await;
    }
    Ok(notes)
}

fn due(wanted: ExtensionComments, now: &ExtensionComments) -> ExtensionComments {
    let is_due =
        |one: &(String, Option<String>)| now.iter().any(|there| there.0 == one.0 && there.1 != one.1);
    wanted.into_iter().filter(is_due).collect()
}

async fn set(session: &mut Connection, comments: ExtensionComments) -> Result<Vec<String>> {
    let mut notes = vec![];
    for (name, comment) in comments {
        let Ok(extension) = Ident::new(&name) else { continue };
        let statement: Statement =
            stmt!("COMMENT ON EXTENSION {extension} IS {comment}", comment = comment.map(Literal));
        match execute(session, &statement).await {
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => {
                notes.push(printable(&format!(
                    "the comment on extension {name} is not set again: the extension belongs to another role"
                )));
            }
            end => drop(end?),
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_that_differ_are_set() {
        let comments = |all: &[(&str, Option<&str>)]| -> ExtensionComments {
            all.iter().map(|(name, text)| ((*name).to_owned(), text.map(str::to_owned))).collect()
        };
        let now = comments(&[("citext", Some("default")), ("hstore", None), ("ltree", Some("same"))]);
        let wanted =
            comments(&[("citext", Some("ours")), ("gone", None), ("hstore", None), ("ltree", Some("same"))]);
        assert_eq!(due(wanted, &now), comments(&[("citext", Some("ours"))]));
    }
}
