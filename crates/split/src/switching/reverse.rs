//! Reverse stream: writes to the service's database are applied to the tables of the source, by a login created for it.
//! The admin never applies them: code of a service in its tables would run with the admin's privileges.

use std::time::Duration;

use super::endpoints::{SwitchEndpoints, TargetEnd};
use crate::state::notes::{self, SplitNote};
use crate::stream::{ApplyTarget, Lsn, StreamOrigin};
use crate::transaction::{transact, transact_warned};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Literal, Qualified, Statement, stmt};
use martydb_pg::server::{
    Access, Connection, Endpoint, Host, Limits, Login, connect_with, execute, query, query_as, query_one,
};
use martydb_secrets::{password, verifier};
use martydb_ui::report::printable;

/// Creates the login that writes at the source, with a new password that is stored nowhere.
///
/// # Errors
/// If the admin may not create it.
#[martydb_pg::boxed]
pub async fn login(ends: &mut SwitchEndpoints) -> Result<Login> {
    let name = ends.login_name();
    one_owner(ends).await?;
    let role = ident(&name)?;
    let tables = ends.source_tables();
    let session = &mut ends.source.session;
    let known = stmt!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}", name = Literal(name.clone()));
    let known = !query(session, &known).await?.is_empty();
    let secret = password()?;
    let make = if known { stmt!("ALTER ROLE") } else { stmt!("CREATE ROLE") };
    let mut all = vec![
        stmt!("{make} {role} LOGIN PASSWORD {password}", password = verifier(&secret)),
        stmt!(
            "CREATE TABLE IF NOT EXISTS martydb_split.position (direction pg_catalog.text PRIMARY KEY, lsn pg_catalog.pg_lsn NOT NULL)"
        ),
        admission(session, &role).await?,
        stmt!("GRANT USAGE ON SCHEMA martydb_split TO {role}"),
        stmt!("GRANT SELECT, INSERT, UPDATE ON martydb_split.position TO {role}"),
    ];
    all.extend(rights(session, &tables, &role).await?);
    execute(session, &Statement::join([stmt!("BEGIN")].into_iter().chain(all).chain([stmt!("COMMIT")])))
        .await?;
    Ok(Login::with_password(&name, secret))
}

/// Returns the grant to connect, unless PUBLIC may. It is dropped with the login.
async fn admission(session: &mut Connection, role: &Ident) -> Result<Statement> {
    let asked = stmt!(
        "SELECT pg_catalog.current_database()::pg_catalog.text, pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CONNECT')"
    );
    Ok(match query_one::<(String, bool)>(session, &asked).await? {
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
pub async fn forget_login(session: &mut Connection, login: &str) -> Result<()> {
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
async fn one_owner(ends: &mut SwitchEndpoints) -> Result<()> {
    let tables = ends.source_tables();
    let asked = stmt!(
        "SELECT pg_catalog.format('%I', pg_catalog.pg_get_userbyid(c.relowner)), pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname))
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = ANY ({oids}::pg_catalog.oid[]) GROUP BY 1 ORDER BY 1",
        oids = crate::write_block::numbers(&tables)
    );
    let owners = query_as::<(String, String)>(&mut ends.source.session, &asked).await?;
    if owners.len() < 2 {
        return Ok(());
    }
    let service = &ends.service.name;
    Err(Error::operation(format!("the tables of service \"{service}\" in the shared database belong to several roles"))
        .causes(owners.iter().map(|(owner, table)| format!("{} belongs to {}", printable(table), printable(owner))))
        .hint("the login for rollbacks would act as all of them, and the code of one owner's tables could use the others' privileges: give the tables one owner there"))
}

/// Grants the owner of the tables. Tables of a superuser or of the admin are granted one by one: the login must not
/// become that role.
async fn rights(session: &mut Connection, tables: &[u32], role: &Ident) -> Result<Vec<Statement>> {
    let asked = stmt!(
        "SELECT r.rolname::pg_catalog.text, r.rolsuper OR r.oid = s.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, s.rolsuper
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
         JOIN pg_catalog.pg_roles s ON s.rolname = current_user WHERE c.oid = ANY ({oids}::pg_catalog.oid[])",
        oids = crate::write_block::numbers(tables)
    );
    let mut all = vec![];
    let tables = query_as::<(String, bool, String, String, bool)>(session, &asked).await?;
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
pub fn slot_name(ends: &SwitchEndpoints, mark: &str) -> String {
    let name = format!("mdb_{}_{}", ends.run.id, ends.service.name.replace('-', "_"));
    let short: String = name.chars().take(60).collect();
    format!("{short}_{mark}")
}

/// Creates the publication of the new side, which must exist before the slot.
///
/// # Errors
/// If the role of the session lacks privileges.
pub async fn publish(
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
pub async fn fresh_slot(session: &mut Connection, name: &str) -> Result<()> {
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

/// Drops an existing slot; waits for a follower that still uses it.
///
/// # Errors
/// If a follower keeps using it.
pub async fn drop_slot(session: &mut Connection, name: &str) -> Result<()> {
    let drop = stmt!(
        "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots
         WHERE slot_name = {name} AND database = pg_catalog.current_database()",
        name = Literal(name.into())
    );
    let mut tries = 0;
    loop {
        let end = execute(session, &drop).await;
        let held = |error: &Error| error.sqlstate.as_deref() == Some(martydb_model::sqlstate::OBJECT_IN_USE);
        match end {
            Err(error) if held(&error) && tries < 50 => tries += 1,
            end => return end.map(std::mem::drop),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Drops the slot and the publication of a target. The publication belongs to the owner, as the tables do: the admin
/// may not publish them.
///
/// # Errors
/// As [`drop_slot`] and [`unpublish`].
pub async fn unmake(target: &mut TargetEnd, wait: Duration, name: &str) -> Result<()> {
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
pub async fn target_identities_back(ends: &mut SwitchEndpoints) -> Result<()> {
    let name = ends.service.name.clone();
    let notes = notes::read(&mut ends.source.session, &name, TARGET_IDENTITY).await?;
    if notes.is_empty() {
        return Ok(());
    }
    let back: Vec<Statement> = notes.iter().map(SplitNote::back).collect();
    transact(&mut ends.target.session, ends.wait, &back).await?;
    let forget = notes.iter().map(|note| notes::forget_sql(&name, &note.kind, &note.name));
    execute(&mut ends.source.session, &Statement::join(forget)).await.map(drop)
}

/// Drops an existing publication.
///
/// # Errors
/// If the role of the session lacks privileges.
pub async fn unpublish(session: &mut Connection, wait: Duration, name: &str) -> Result<()> {
    transact(session, wait, &[stmt!("DROP PUBLICATION IF EXISTS {name}", name = ident(name)?)]).await
}

/// Returns the origin of the source's changes.
pub fn from_source(ends: &SwitchEndpoints, slot: &str) -> StreamOrigin {
    StreamOrigin {
        access: ends.source.access.clone(),
        database: ends.source.database.clone(),
        slot: slot.to_owned(),
        publication: slot.to_owned(),
    }
}

/// Returns the origin of the service's own database's changes.
pub fn from_target(ends: &SwitchEndpoints, slot: &str) -> StreamOrigin {
    StreamOrigin {
        access: ends.target.access.clone(),
        database: ends.target.at.database.to_string(),
        slot: slot.to_owned(),
        publication: slot.to_owned(),
    }
}

/// Returns the address for the login of the reverse stream. A socket may authenticate by operating system user, which
/// cannot be a newly created role: then the address for logins of services is used.
pub fn address(access: &Access) -> &Endpoint {
    match access.admin_endpoint.host {
        Host::Socket(_) => &access.endpoint,
        Host::Tcp(_) => &access.admin_endpoint,
    }
}

/// Logs in once. A server that rejects unknown logins would otherwise reveal it only at the rollback.
///
/// # Errors
/// If the login is rejected; the error contains the reason.
pub async fn prove_login(ends: &SwitchEndpoints, login: &Login) -> Result<()> {
    let Access { server, .. } = &ends.source.access;
    let session =
        connect_with(address(&ends.source.access), login, &ends.source.database, &[], Limits::READ).await;
    let session = session.map_err(|error| {
        error.while_doing("cannot prepare the rollback").hint(format!(
            "allow roles whose name begins with martydb_split_ to log in to database \"{}\" of server \"{server}\" with scram-sha-256",
            ends.source.database
        ))
    })?;
    session.close().await;
    Ok(())
}

/// Returns the target of changes from the service's database, from the LSN at which it was opened.
pub fn into_source(ends: &SwitchEndpoints, login: Login, start: Lsn) -> ApplyTarget {
    ApplyTarget {
        endpoint: address(&ends.source.access).clone(),
        login,
        database: ends.source.database.clone(),
        role: None,
        direction: format!("reverse {}", ends.service.name),
        start,
    }
}

/// Disables the side effects of the source's tables, so that rows arrive there unchanged, and records the statements
/// that restore them. Foreign keys to tables of other services are always dropped: the referenced rows are now in
/// another database.
///
/// # Errors
/// If another session locks a table for longer than the timeout.
pub async fn still_source(ends: &mut SwitchEndpoints, all: bool, last: Vec<Statement>) -> Result<()> {
    let names = ends.own_names();
    let found = crate::side_effects::find(&mut ends.source.session, &names).await?;
    let mut statements = vec![];
    for side_effect in found.iter().filter(|one| all || one.crosses) {
        statements.push(notes::note_sql(&ends.service.name, &side_effect.note(REFLEX)));
        statements.extend(side_effect.off());
    }
    statements.extend(last);
    transact(&mut ends.source.session, ends.wait, &statements).await
}

/// Kind of notes that restore a side effect.
pub const REFLEX: &str = "reflex";

/// Kind of notes that restore the replica identity of a target's table.
pub const TARGET_IDENTITY: &str = "target identity";
