//! Snapshot of one database and its users. Only reads.

use std::collections::BTreeSet;

use martydb_catalog::inspect;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::suggest::hint;
use martydb_model::{
    ActualDatabase, ActualServer, Contents, DbName, DesiredServer, DesiredService, Jobs, RoleName,
};
use martydb_pg::server::{Access, pooler_check};

#[derive(Debug)]
pub struct Survey {
    pub actual: ActualServer,
    pub contents: Contents,
    /// Roles with a session in the database.
    pub sessions: BTreeSet<RoleName>,
}

/// Returns the databases of a server that may be adopted: no service of the manifest has them, and they accept
/// connections.
pub async fn candidates(access: &Access, desired: &DesiredServer) -> Result<Vec<DbName>> {
    let actual = inspect::inspect(access, desired, &[], Jobs::ONE).await?;
    let is_free = |name: &DbName, found: &ActualDatabase| {
        let is_declared = desired.services.values().any(|service| service.database == *name);
        let is_own = found.comment.as_deref().is_some_and(|comment| comment.starts_with("martydb"));
        found.allow_connections
            && !found.is_template
            && !is_declared
            && !is_own
            && name.as_str() != actual.maintenance
    };
    let free = actual.databases.iter().filter(|(name, found)| is_free(name, found));
    Ok(free.map(|(name, _)| name.clone()).collect())
}

/// Reads the service's database.
///
/// # Errors
/// If it does not exist, accepts no connections, is closed to the admin or belongs to another manifest, or if the
/// server is a standby.
pub async fn survey(access: &Access, desired: &DesiredServer, service: &DesiredService) -> Result<Survey> {
    let database = &service.database;
    let mut actual = inspect::inspect(access, desired, std::slice::from_ref(database), Jobs::ONE).await?;
    if actual.standby {
        return Err(pooler_check::standby(format!("server \"{}\"", desired.name), actual.primary.as_deref()));
    }
    let Some(found) = actual.databases.get_mut(database) else {
        return Err(missing(&actual, desired, service));
    };
    if let Some(error) = found.unread.clone() {
        return Err(error);
    }
    refuse(found.allow_connections, found.comment.as_deref(), desired, service)?;
    let Some(contents) = found.contents.clone() else {
        let (admin, name) = (access.admin.role.as_str(), database.clone());
        let grant = stmt!(
            "GRANT CONNECT ON DATABASE {name} TO {admin}",
            admin = RoleName::found(admin).map_err(|error| Error::operation(error.to_string()))?
        );
        return Err(Error::operation(format!("{admin} may not connect to database {database}"))
            .cause("its contents cannot be read")
            .hint(format!("ask a DBA for: {}", grant.shown())));
    };
    let here = actual.activity.iter().filter(|found| &found.database == database);
    let sessions = here.map(|found| found.role.clone()).collect();
    Ok(Survey { actual, contents, sessions })
}

fn missing(actual: &ActualServer, desired: &DesiredServer, service: &DesiredService) -> Error {
    let others = actual.databases.iter().filter(|(_, found)| found.allow_connections && !found.is_template);
    let names: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
    let database = service.database.as_str();
    Error::usage(format!("server \"{}\" has no database \"{database}\"", desired.name))
        .hint(hint(database, "databases", &names))
        .hint(format!(
            "name the existing one with --database; `martydb apply --service {0}` creates a new one, once {0} is in \
             the manifest",
            service.name
        ))
}

fn refuse(
    open: bool,
    comment: Option<&str>,
    desired: &DesiredServer,
    service: &DesiredService,
) -> Result<()> {
    let database = &service.database;
    if !open {
        return Err(Error::operation(format!("database {database} accepts no connections"))
            .hint("ALTER DATABASE … ALLOW_CONNECTIONS true, if it is the right one"));
    }
    match comment.filter(|comment| comment.starts_with("martydb:") && !desired.marks(Some(comment))) {
        None => Ok(()),
        Some(other) => Err(Error::usage(format!("database {database} belongs to another manifest"))
            .cause(format!("its comment is {other:?}, and this project is \"{}\"", desired.project))
            .hint("run the command with that manifest, or change the comment if it is wrong")),
    }
}
