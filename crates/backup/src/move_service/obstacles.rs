//! Obstacles to a copy, found before anything is created: all of them, each with its name and solution.

use std::collections::BTreeSet;

use super::owner_session;
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt, superuser_objects, with_members};
use martydb_model::sqlstate;
use martydb_model::text::printable;
use martydb_model::{ActualServer, DesiredServer, DesiredService, HostExtensions, RoleName};
use martydb_pg::server::{Connection, query, query_as, query_first};

/// Server to which a service moves.
pub struct MoveTarget<'a> {
    pub service: &'a DesiredService,
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    /// Extensions of its host.
    pub extensions: HostExtensions,
}

/// Obstacles that were found.
#[derive(Debug, Default)]
pub struct Obstacles {
    /// Obstacles that prevent the copy.
    pub refused: Vec<String>,
    /// Objects that the copy will lack; they do not prevent it.
    pub lost: Vec<String>,
}

/// Examines the database as its owner.
pub async fn find(source: &MigrationTarget, to: &MoveTarget<'_>) -> Result<Obstacles> {
    let mut session = owner_session::as_owner(source).await?;
    let mut found = Obstacles::default();
    let obstacles = of_objects(include_str!("sql/obstacles.sql"));
    for (kind, name, why) in query_as::<(String, String, String)>(&mut session, &obstacles).await? {
        found.refused.push(format!("{kind}: {name}; {why}"));
    }
    found.refused.extend(rows_of_extensions(&mut session).await?.iter().map(ExtensionRows::in_the_way));
    let needs = Statement::from_program(with_members!("\n", include_str!("sql/needs.sql")));
    for (kind, name) in query_as::<(String, String)>(&mut session, &needs).await? {
        match kind.as_str() {
            "audit" => found.lost.push(format!("the rows of {name} stay in the former database")),
            "rights" => found.lost.push(format!("privileges on {name}, which belongs to an extension")),
            kind => found.refused.extend(to.lacks(kind, &name)),
        }
    }
    session.close().await;
    let Obstacles { refused, lost } = &mut found;
    refused.iter_mut().chain(lost).for_each(|text| *text = printable(text));
    Ok(found)
}

/// Returns a query on the objects that an owner's dump contains or affects.
pub(crate) fn of_objects(question: &'static str) -> Statement {
    let objects = Statement::from_program(with_members!(
        ", ",
        superuser_objects!(),
        ", ",
        include_str!("sql/objects.sql")
    ));
    Statement::concat([objects, Statement::from_program(question)])
}

/// A table of an extension with rows of a service, as far as the owner can see.
pub(crate) struct ExtensionRows {
    pub extension: String,
    pub table: String,
    /// `true` if the owner may read it; otherwise a dump fails.
    pub readable: bool,
}

/// Returns the extensions' tables with rows of a service, which only a superuser may write.
pub(crate) async fn rows_of_extensions(session: &mut Connection) -> Result<Vec<ExtensionRows>> {
    let mut found = vec![];
    for row in query(session, &Statement::from_program(include_str!("sql/extension_rows.sql"))).await? {
        let (extension, table, condition): (_, String, _) = row.read()?;
        let statement = stmt!(
            "SELECT EXISTS (SELECT FROM ONLY {table} {condition})",
            table = ServerText::quoted_by_server(table.clone()),
            condition = ServerText::quoted_by_server(condition)
        );
        let readable = match query_first(session, &statement).await {
            Ok(Some(false)) => continue,
            Ok(_) => true,
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => false,
            Err(error) => return Err(error),
        };
        found.push(ExtensionRows { extension, table, readable });
    }
    Ok(found)
}

impl ExtensionRows {
    fn in_the_way(&self) -> String {
        let ExtensionRows { extension, table, readable } = self;
        let why = match readable {
            true => "has rows of the service, which a copy may not write",
            false => "cannot be read by the owner, so a dump would fail",
        };
        format!(
            "table {table} of extension {extension}: {why}; drop the extension {extension} until the service has moved, or remove the rows"
        )
    }
}

impl MoveTarget<'_> {
    /// Returns the obstacle if the server lacks an object even after the manifest is applied.
    fn lacks(&self, kind: &str, name: &str) -> Option<String> {
        let server = &self.desired.name;
        if kind == "role" {
            let known = RoleName::found(name.to_owned()).is_ok_and(|role| self.has_role(&role));
            let way = "declare it under `access:`, create it there, or revoke its privileges";
            return (!known).then(|| {
                format!("role {name}: holds privileges in the database, and server \"{server}\" has no such role; {way}")
            });
        }
        let declared = self.service.installs(name);
        let actual = self.actual;
        match (declared, self.extensions.trusted.contains(name)) {
            (true, _) if self.extensions.forbidden.contains(name) => Some(format!(
                "extension {name}: the admin {} may not install it on server \"{server}\"; have a superuser move the service",
                actual.admin.name
            )),
            (true, _) | (false, true) => None,
            (false, false) => Some(format!(
                "extension {name}: the service's owner may not create it on server \"{server}\"; declare it: `extensions: [{name}]`"
            )),
        }
    }

    fn has_role(&self, role: &RoleName) -> bool {
        let own: BTreeSet<&RoleName> = self.service.roles.values().collect();
        own.contains(role) || self.actual.roles.contains_key(role) || self.desired.access.contains_key(role)
    }
}

/// Rejects a move to an older major: a server can read dumps of older majors, but not reliably those of newer ones.
///
/// # Errors
/// If the new server has an older major.
pub(crate) fn refuse_older(service: &DesiredService, former: u32, new: u32, server: &str) -> Result<()> {
    if new >= former {
        return Ok(());
    }
    Err(Error::operation(format!("cannot move service \"{}\" to an older PostgreSQL", service.name))
        .cause(format!("it is on version {former}, and server \"{server}\" has version {new}"))
        .hint("move it to a server of the same version or a newer one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::DesiredExtension;
    use martydb_samples::desired;

    #[test]
    fn an_older_server_gets_nothing_and_what_a_server_lacks_is_named() {
        let mut desired = desired(&["shop"]);
        let service = desired.services.values_mut().next().unwrap();
        service.extensions =
            ["citext", "dblink"].map(|name| DesiredExtension { name: name.into(), schema: None }).into();
        let service = desired.services.values().next().unwrap();
        assert!(refuse_older(service, 15, 15, "far").is_ok() && refuse_older(service, 13, 18, "far").is_ok());
        let refused = refuse_older(service, 18, 15, "far").unwrap_err();
        assert_eq!(refused.message, "cannot move service \"shop\" to an older PostgreSQL");
        let mut actual = ActualServer::default();
        let extensions = HostExtensions {
            trusted: ["hstore".to_owned()].into(),
            forbidden: ["dblink".to_owned()].into(),
            ..HostExtensions::default()
        };
        actual.roles.insert(RoleName::new("bi").unwrap(), Default::default());
        let to = MoveTarget { service, desired: &desired, actual: &actual, extensions };
        for (kind, name, lacks) in [
            ("extension", "citext", false),
            ("extension", "hstore", false),
            ("extension", "dblink", true),
            ("extension", "postgis", true),
            ("role", "bi", false),
            ("role", "shop_app", false),
            ("role", "guest", true),
        ] {
            assert_eq!(to.lacks(kind, name).is_some(), lacks, "{name}");
        }
    }
}
