//! What every rule of the audit looks at, and how it says what it found.

use super::facts::{Facts, Inside, Right};
use super::kinds::{GRANT_OPTION, Kind};
use super::who::{Roles, Who};
use crate::model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName};
use crate::probe::{DatabaseKind, Finding, Severity, Source};
use crate::sql::{Keyword, Qualified, ServerText, Statement};
use crate::stmt;

/// PUBLIC, as findings call it.
pub const PUBLIC: &str = "PUBLIC";

/// The inputs of every rule.
pub struct Look<'a> {
    /// What the manifest wants.
    pub desired: &'a DesiredServer,
    /// What the server has.
    pub actual: &'a ActualServer,
    /// What the audit read besides.
    pub facts: &'a Facts,
    /// Who can act as whom.
    pub roles: Roles<'a>,
}

/// One database under the audit.
pub struct Room<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is inside.
    pub inside: &'a Inside,
    /// The service whose it is.
    pub service: Option<&'a DesiredService>,
}

/// A finding on its way.
pub struct Found(Finding);

impl Kind {
    /// This kind, about this role.
    pub fn of(&self, role: impl Into<String>) -> Found {
        Found(Finding {
            id: self.id,
            severity: self.severity,
            kind: Source::Audit,
            service: None,
            role: role.into(),
            server: String::new(),
            database: None,
            object: None,
            evidence: self.title.into(),
            fix: None,
            close: vec![],
        })
    }
}

impl Found {
    /// Worse or more harmless than its kind is as a rule.
    pub fn at(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// Who is exposed.
    pub fn service(mut self, service: Option<&DesiredService>) -> Self {
        self.0.service = service.map(|service| service.name.to_string());
        self
    }

    /// In which database.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.0.database = Some(database.into());
        self
    }

    /// In this room, exposing its service.
    pub fn room(self, room: &Room<'_>) -> Self {
        self.service(room.service).database(room.name)
    }

    /// On which object.
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.0.object = Some(object.into());
        self
    }

    /// How it was seen.
    pub fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.0.evidence = evidence.into();
        self
    }

    /// With the statement that takes what it is about: the right, or only its grant option.
    pub fn taking(self, right: &Right, column: Option<&str>, on: &str, owner: &str) -> Self {
        let close = match self.0.id == GRANT_OPTION.id {
            true => revoke_option(right, column, on, owner),
            false => revoke(right, column, on, owner),
        };
        self.close(close)
    }

    /// A statement that closes it, in the finding's database or anywhere.
    pub fn close(mut self, statement: Statement) -> Self {
        self.0.close.push(statement);
        self
    }

    /// Finished.
    pub fn on(mut self, server: &str) -> Finding {
        self.0.server = server.into();
        let close = std::mem::take(&mut self.0.close);
        self.0.closed_by(close)
    }
}

impl<'a> Look<'a> {
    /// The role of that name, if there is one.
    pub fn role(&self, name: &str) -> Option<&'a RoleName> {
        let name = RoleName::found(name).ok()?;
        self.actual.roles.get_key_value(&name).map(|(name, _)| name)
    }

    /// What a role is.
    pub fn who(&self, name: &str) -> Who<'a> {
        self.role(name).map_or(Who::Unmanaged, |role| self.roles.who(role))
    }

    /// The service whose database this is.
    pub fn service_of(&self, database: &str) -> Option<&'a DesiredService> {
        self.desired.services.values().find(|service| service.database.as_str() == database)
    }

    /// Whose a database is.
    pub fn kind_of(&self, database: &str) -> DatabaseKind {
        DatabaseKind::of(database, self.desired, self.actual)
    }

    /// Every database that was looked into.
    pub fn rooms(&self) -> impl Iterator<Item = Room<'a>> + '_ {
        self.facts.databases.iter().map(|(name, inside)| Room {
            name,
            inside,
            service: self.service_of(name),
        })
    }

    /// Whether a role may enter a database: itself, through anything it can become, or as everybody may.
    pub fn may_enter(&self, role: &'a RoleName, database: &str) -> bool {
        let Some((_, found)) = self.actual.databases.iter().find(|(name, _)| name.as_str() == database)
        else {
            return false;
        };
        let reached = self.roles.reached(role);
        found.acl.iter().filter(|entry| entry.privilege == "CONNECT").any(|entry| match &entry.grantee {
            crate::model::Grantee::Public => true,
            crate::model::Grantee::Role(holder) => {
                holder == role || reached.iter().any(|reached| reached.role == holder)
            }
        })
    }

    /// Who may use a right: PUBLIC, or services' roles and strangers behind its grantee. Nobody for a superuser's.
    pub fn users_of(&self, right: &Right) -> Vec<&'a str> {
        match &right.grantee {
            None => vec![PUBLIC],
            Some(name) => self.behind(name),
        }
    }

    /// Services' roles and strangers that can act as a role.
    pub fn behind(&self, name: &str) -> Vec<&'a str> {
        match self.role(name) {
            Some(role) => self.roles.behind(role).into_iter().map(RoleName::as_str).collect(),
            None => vec![],
        }
    }

    /// Service and kind of a role.
    pub fn managed(&self, name: &str) -> Option<(&'a DesiredService, RoleKind)> {
        self.roles.managed(&RoleName::found(name).ok()?)
    }
}

/// A name as SQL.
pub fn ident(name: &str) -> Qualified {
    Qualified(vec![name.to_owned()])
}

/// A grantee as SQL.
pub fn grantee(right: &Right) -> Statement {
    match &right.grantee {
        None => stmt!("PUBLIC"),
        Some(name) => stmt!("{name}", name = ident(name)),
    }
}

/// The words of a right that the server spelt: letters, digits and spaces only, or all rights.
pub fn privilege(name: &str) -> ServerText {
    let plain = name.chars().all(|c| c.is_ascii_uppercase() || c == ' ');
    ServerText(if plain && !name.is_empty() { name.into() } else { "ALL".into() })
}

/// `REVOKE right ON what FROM grantee`, speaking for whoever granted it where that is not the owner.
pub fn revoke(right: &Right, column: Option<&str>, on: &str, owner: &str) -> Statement {
    taking(Keyword(""), right, column, on, owner)
}

/// The same where the right stays and its grant option goes.
pub fn revoke_option(right: &Right, column: Option<&str>, on: &str, owner: &str) -> Statement {
    taking(Keyword("GRANT OPTION FOR "), right, column, on, owner)
}

fn taking(what: Keyword, right: &Right, column: Option<&str>, on: &str, owner: &str) -> Statement {
    let columns = column.map_or(stmt!(""), |column| stmt!(" ({c})", c = ident(column)));
    let taking = stmt!(
        "REVOKE {what}{p}{columns} ON {on} FROM {who} CASCADE",
        what = what,
        p = privilege(&right.privilege),
        columns = columns,
        on = ServerText(on.into()),
        who = grantee(right),
    );
    match right.grantor == owner {
        true => taking,
        false => {
            Statement::join([stmt!("SET ROLE {r}", r = ident(&right.grantor)), taking, stmt!("RESET ROLE")])
        }
    }
}
