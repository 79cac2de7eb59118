//! Reverse stream: writes to the service's database are applied to the tables of the source, by a login created for it.
//! The admin never applies them: code of a service in its tables would run with the admin's privileges.

use std::time::Duration;

use super::sides::{SplitSides, TargetSide};
use crate::database::transaction::{transact, transact_warned};
use crate::state::notes::{self, SplitNote};
use crate::stream::publishing::drop_slot;
use crate::stream::{ApplyTarget, Lsn, StreamOrigin};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Literal, Qualified, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{
    Access, Connection, Endpoint, Host, Limits, Login, connect_with, execute, query, query_as, query_one,
};
use martydb_secrets::{password, verifier};

/// Creates the login that writes at the source, with a new password that is stored nowhere.
///
/// # Errors
/// If the admin may not create it.
#[martydb_pg::boxed]
pub(crate) async fn login(sides: &mut SplitSides) -> Result<Login> {
    let name = sides.login_name();
    refuse_several_owners(sides).await?;
    let role = ident(&name)?;
    let tables = sides.source_tables();
    let session = &mut sides.source.session;
    let known = stmt!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}", name = Literal(name.clone()));
    let known = !query(session, &known).await?.is_empty();
    let secret = password()?;
    let make = if known { stmt!("ALTER ROLE") } else { stmt!("CREATE ROLE") };
    let mut all = vec![
        stmt!("{make} {role} LOGIN PASSWORD {password}", password = verifier(&secret)),
        stmt!(
            "CREATE TABLE IF NOT EXISTS martydb_split.position (direction pg_catalog.text PRIMARY KEY, lsn pg_catalog.pg_lsn NOT NULL)"
        ),
        connect_grant(session, &role).await?,
        stmt!("GRANT USAGE ON SCHEMA martydb_split TO {role}"),
        stmt!("GRANT SELECT, INSERT, UPDATE ON martydb_split.position TO {role}"),
    ];
    all.extend(table_grants(session, &tables, &role).await?);
    execute(session, &Statement::join([stmt!("BEGIN")].into_iter().chain(all).chain([stmt!("COMMIT")])))
        .await?;
    Ok(Login::with_password(&name, secret))
}

/// Returns the grant to connect, unless PUBLIC may. It is dropped with the login.
async fn connect_grant(session: &mut Connection, role: &Ident) -> Result<Statement> {
    let statement = stmt!(
        "SELECT pg_catalog.current_database()::pg_catalog.text, pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CONNECT')"
    );
    Ok(match query_one::<(String, bool)>(session, &statement).await? {
        (_, true) => Statement::default(),
        (database, false) => {
            stmt!("GRANT CONNECT ON DATABASE {database} TO {role}", database = ident(&database)?)
        }
    })
}

/// Drops a login of the reverse stream.
///
/// # Errors
/// If the admin lacks privileges.
pub(crate) async fn forget_login(session: &mut Connection, login: &str) -> Result<()> {
    let known =
        stmt!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {login}", login = Literal(login.into()));
    if query(session, &known).await?.is_empty() {
        return Ok(());
    }
    let role = ident(login)?;
    // It owns nothing: this revokes its privileges, which only a member of it may do.
    let all = [
        stmt!("BEGIN"),
        stmt!("GRANT {role} TO CURRENT_USER"),
        stmt!("DROP OWNED BY {role}"),
        stmt!("DROP ROLE {role}"),
        stmt!("COMMIT"),
    ];
    execute(session, &Statement::join(all)).await.map(drop)
}

/// Requires one owner of all tables: code of one table's owner runs as this login, which may act as the owner of the
/// others.
async fn refuse_several_owners(sides: &mut SplitSides) -> Result<()> {
    let tables = sides.source_tables();
    let statement = stmt!(
        "SELECT pg_catalog.format('%I', pg_catalog.pg_get_userbyid(c.relowner)), pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname))
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = ANY ({oids}::pg_catalog.oid[]) GROUP BY 1 ORDER BY 1",
        oids = crate::database::write_block::numbers(&tables)
    );
    let owners = query_as::<(String, String)>(&mut sides.source.session, &statement).await?;
    if owners.len() < 2 {
        return Ok(());
    }
    let service = &sides.service.name;
    Err(Error::operation(format!("the tables of service \"{service}\" in the shared database belong to several roles"))
        .causes(owners.iter().map(|(owner, table)| format!("{} belongs to {}", printable(table), printable(owner))))
        .hint("the login for rollbacks would act as all of them, and the code of one owner's tables could use the others' privileges: give the tables one owner there"))
}

/// Grants the owner of the tables. Tables of a superuser or of the admin are granted one by one: the login must not
/// become that role.
async fn table_grants(session: &mut Connection, tables: &[u32], role: &Ident) -> Result<Vec<Statement>> {
    let statement = stmt!(
        "SELECT r.rolname::pg_catalog.text, r.rolsuper OR r.oid = s.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, s.rolsuper
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
         JOIN pg_catalog.pg_roles s ON s.rolname = current_user WHERE c.oid = ANY ({oids}::pg_catalog.oid[])",
        oids = crate::database::write_block::numbers(tables)
    );
    let mut all = vec![];
    let tables = query_as::<(String, bool, String, String, bool)>(session, &statement).await?;
    for (owner, is_ours, schema, table, is_superuser) in tables {
        if !is_ours {
            all.push(stmt!("GRANT {owner} TO {role}", owner = ident(&owner)?));
            continue;
        }
        all.push(stmt!("GRANT USAGE ON SCHEMA {schema} TO {role}", schema = ident(&schema)?));
        all.push(stmt!(
            "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON {table} TO {role}",
            table = Qualified(vec![schema, table])
        ));
        if is_superuser {
            all.push(stmt!("ALTER ROLE {role} BYPASSRLS"));
        }
    }
    all.dedup();
    Ok(all)
}

fn ident(name: &str) -> Result<Ident> {
    Ident::new(name).map_err(|error| Error::operation(format!("\"{name}\" is not a valid name")).cause(error))
}

/// Returns the name of a slot and of its publication; `mark` is the direction.
pub(crate) fn slot_name(sides: &SplitSides, mark: &str) -> String {
    let name = format!("mdb_{}_{}", sides.run.id, sides.service.name.replace('-', "_"));
    let short: String = name.chars().take(60).collect();
    format!("{short}_{mark}")
}

/// Creates the publication of the new side, which must exist before the slot.
///
/// # Errors
/// If the role of the session lacks privileges.
pub(crate) async fn publish(
    session: &mut Connection,
    wait: Duration,
    name: &str,
    tables: &[(String, String)],
) -> Result<()> {
    let known =
        stmt!("SELECT FROM pg_catalog.pg_publication WHERE pubname = {name}", name = Literal(name.into()));
    if tables.is_empty() || !query(session, &known).await?.is_empty() {
        return Ok(());
    }
    let tables = tables.iter().map(|(schema, table)| Qualified(vec![schema.clone(), table.clone()]));
    let make = stmt!(
        "CREATE PUBLICATION {name} FOR TABLE {tables} WITH (publish_via_partition_root = true)",
        name = ident(name)?,
        tables = List(tables.collect())
    );
    // If wal_level is too low, the server only warns here, and refuses the slot.
    transact_warned(session, wait, &[make]).await
}

/// Creates a new slot: a leftover one would contain earlier changes.
///
/// # Errors
/// If the server has none available; the error contains the reason.
pub(crate) async fn recreate_slot(session: &mut Connection, name: &str) -> Result<()> {
    drop_slot(session, name).await?;
    // Creating it waits for every transaction with writes, in any database of the server, but blocks no other session.
    let make = Statement::join([
        stmt!("SET LOCAL lock_timeout = '30s'"),
        stmt!(
            "SELECT pg_catalog.pg_create_logical_replication_slot({name}, 'pgoutput')",
            name = Literal(name.into())
        ),
    ]);
    execute(session, &make).await.map(drop).map_err(|error| {
        error.while_doing("cannot prepare the rollback").hint(
            "the server needs wal_level = logical, a free replication slot, and an admin with REPLICATION",
        )
    })
}

/// Drops the slot and the publication of a target. The publication belongs to the owner, as the tables do: the admin
/// may not publish them.
///
/// # Errors
/// As [`drop_slot`] and [`unpublish`].
pub(crate) async fn drop_stream(target: &mut TargetSide, wait: Duration, name: &str) -> Result<()> {
    let mut admin = target.access.write(target.at.database.as_str()).await?;
    let end = drop_slot(&mut admin, name).await;
    admin.close().await;
    end?;
    unpublish(&mut target.session, wait, name).await
}

/// Restores the replica identities of the target's tables, after they are no longer published.
///
/// # Errors
/// If another session locks one of them for longer than the timeout.
pub(crate) async fn restore_target_identities(sides: &mut SplitSides) -> Result<()> {
    let name = sides.service.name.clone();
    let notes = notes::read(&mut sides.source.session, &name, TARGET_IDENTITY).await?;
    if notes.is_empty() {
        return Ok(());
    }
    let back: Vec<Statement> = notes.iter().map(SplitNote::back).collect();
    transact(&mut sides.target.session, sides.wait, &back).await?;
    let forget = notes.iter().map(|note| notes::forget_sql(&name, &note.kind, &note.name));
    execute(&mut sides.source.session, &Statement::join(forget)).await.map(drop)
}

/// Drops an existing publication.
///
/// # Errors
/// If the role of the session lacks privileges.
pub(crate) async fn unpublish(session: &mut Connection, wait: Duration, name: &str) -> Result<()> {
    transact(session, wait, &[stmt!("DROP PUBLICATION IF EXISTS {name}", name = ident(name)?)]).await
}

/// Returns the origin of the source's changes.
pub(crate) fn from_source(sides: &SplitSides, slot: &str) -> StreamOrigin {
    StreamOrigin {
        access: sides.source.access.clone(),
        database: sides.source.database.clone(),
        slot: slot.to_owned(),
        publication: slot.to_owned(),
    }
}

/// Returns the origin of the service's own database's changes.
pub(crate) fn from_target(sides: &SplitSides, slot: &str) -> StreamOrigin {
    StreamOrigin {
        access: sides.target.access.clone(),
        database: sides.target.at.database.to_string(),
        slot: slot.to_owned(),
        publication: slot.to_owned(),
    }
}

/// Returns the address for the login of the reverse stream. A socket may authenticate by operating system user, which
/// cannot be a newly created role: then the address for logins of services is used.
pub(crate) fn address(access: &Access) -> &Endpoint {
    match access.admin_endpoint.host {
        Host::Socket(_) => &access.endpoint,
        Host::Tcp(_) => &access.admin_endpoint,
    }
}

/// Logs in once. A server that rejects unknown logins would otherwise reveal it only at the rollback.
///
/// # Errors
/// If the login is rejected; the error contains the reason.
pub(crate) async fn prove_login(sides: &SplitSides, login: &Login) -> Result<()> {
    let Access { server, .. } = &sides.source.access;
    let session =
        connect_with(address(&sides.source.access), login, &sides.source.database, &[], Limits::READ).await;
    let session = session.map_err(|error| {
        error.while_doing("cannot prepare the rollback").hint(format!(
            "allow roles whose name begins with martydb_split_ to log in to database \"{}\" of server \"{server}\" with scram-sha-256",
            sides.source.database
        ))
    })?;
    session.close().await;
    Ok(())
}

/// Returns the target of changes from the service's database, from the LSN at which it was opened.
pub(crate) fn into_source(sides: &SplitSides, login: Login, start: Lsn) -> ApplyTarget {
    ApplyTarget {
        endpoint: address(&sides.source.access).clone(),
        login,
        database: sides.source.database.clone(),
        role: None,
        direction: format!("reverse {}", sides.service.name),
        start,
    }
}

/// Disables the side effects of the source's tables, so that rows arrive there unchanged, and records the statements
/// that restore them. Foreign keys to tables of other services are always dropped: the referenced rows are now in
/// another database.
///
/// # Errors
/// If another session locks a table for longer than the timeout.
pub(crate) async fn quiesce_source(sides: &mut SplitSides, all: bool, last: Vec<Statement>) -> Result<()> {
    let names = sides.own_names();
    let found = crate::database::side_effects::find(&mut sides.source.session, &names).await?;
    let mut statements = vec![];
    for side_effect in found.iter().filter(|one| all || one.crosses) {
        statements.push(notes::note_sql(&sides.service.name, &side_effect.note(notes::REFLEX)));
        statements.extend(side_effect.off());
    }
    statements.extend(last);
    transact(&mut sides.source.session, sides.wait, &statements).await
}

/// Kind of notes that restore the replica identity of a target's table.
pub(crate) const TARGET_IDENTITY: &str = "target identity";
