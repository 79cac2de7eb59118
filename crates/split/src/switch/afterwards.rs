//! Foreign keys that are restored after the source is open: those of partitioned tables, and validations. They read rows,
//! and may evaluate code of the service, so the tables' owner restores them.

use super::dangling::unvalidated;
use super::reverse;
use super::sides::SplitSides;
use crate::database::side_effects::AFTERWARDS;
use crate::state::notes::{self, SplitNote};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Connection, connect_with, execute, execute_protected, query};

/// Returns `true` for a foreign key of a partitioned table, and for a validation: these read rows, and may evaluate
/// code of the service, so the admin does not run them.
fn is_afterwards(note: &SplitNote) -> bool {
    note.side_effect().is_some_and(|(rank, _)| rank >= AFTERWARDS)
}

/// Restores what only the owner of the tables may restore, after the source is open; returns failures. Idempotent.
pub(super) async fn restore_objects(sides: &mut SplitSides) -> Vec<String> {
    let name = sides.service.name.clone();
    let notes = notes::read(&mut sides.source.session, &name, notes::REFLEX).await;
    let notes: Vec<SplitNote> = notes.unwrap_or_default().into_iter().filter(is_afterwards).collect();
    let mut warnings = vec![];
    let mut of_others = vec![];
    for note in notes {
        match reads_only_admin_tables(&mut sides.source.session, &note).await {
            Ok(true) => warnings.extend(restore_one(sides, None, &note).await),
            _ => of_others.push(note),
        }
    }
    if !of_others.is_empty() {
        match as_owner(sides).await {
            Ok(mut session) => {
                for note in &of_others {
                    warnings.extend(restore_one(sides, Some(&mut session), note).await);
                }
                session.close().await;
            }
            Err(error) => warnings.push(format!("foreign keys of the source are not restored: {error}")),
        }
    }
    let login = sides.login_name();
    if let Err(error) = reverse::forget_login(&mut sides.source.session, &login).await {
        warnings.push(format!("cannot drop the login {login}: {error}"));
    }
    warnings
}

async fn as_owner(sides: &mut SplitSides) -> Result<Connection> {
    let login = reverse::login(sides).await?;
    let settings = [("search_path", "pg_catalog"), ("lock_timeout", "5s"), ("statement_timeout", "0")];
    let endpoint = reverse::address(&sides.source.access);
    connect_with(endpoint, &login, &sides.source.database, &settings, martydb_pg::server::Limits::WORK).await
}

/// Returns `true` if a validation reads only tables of superusers and of the admin: then it evaluates no code of
/// others.
async fn reads_only_admin_tables(session: &mut Connection, note: &SplitNote) -> Result<bool> {
    let statement = stmt!(
        "SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid AND c.relkind = 'r'
         JOIN pg_catalog.pg_class f ON f.oid = k.confrelid AND f.relkind = 'r'
         JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
         JOIN pg_catalog.pg_roles co ON co.oid = c.relowner AND (co.rolsuper OR co.rolname = current_user)
         JOIN pg_catalog.pg_roles fo ON fo.oid = f.relowner AND (fo.rolsuper OR fo.rolname = current_user)
         WHERE k.contype = 'f' AND {name} IN (pg_catalog.format('91 proof %I.%I %s', cn.nspname, c.relname, k.conname),
             pg_catalog.format('91 proof %I.%I %s', fn.nspname, f.relname, k.conname))",
        name = Literal(note.name.clone())
    );
    Ok(!query(session, &statement).await?.is_empty())
}

/// Runs in the owner's session, or without one in the admin's.
async fn restore_one(
    sides: &mut SplitSides,
    owner: Option<&mut Connection>,
    note: &SplitNote,
) -> Option<String> {
    let session = owner.unwrap_or(&mut sides.source.session);
    let back = Statement::join([stmt!("BEGIN"), note.back(), stmt!("COMMIT")]);
    let end = execute(session, &back).await;
    let there = |error: &Error| error.sqlstate.as_deref() == Some(martydb_model::sqlstate::DUPLICATE_OBJECT);
    match end {
        Err(error) if !there(&error) => {
            let _broken = execute_protected(session, &stmt!("ROLLBACK")).await;
            let left =
                || format!("at the source, this is left to its owner: {}: {error}", note.back().shown());
            Some(unvalidated(session, note, &error).await.unwrap_or_else(left))
        }
        end => {
            if end.is_err() {
                let _broken = execute_protected(session, &stmt!("ROLLBACK")).await;
            }
            let forget = notes::forget_sql(&sides.service.name, &note.kind, &note.name);
            let _kept = execute(&mut sides.source.session, &forget).await;
            None
        }
    }
}
