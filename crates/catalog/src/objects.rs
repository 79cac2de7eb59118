//! Items of one database that the audit reads.

use serde::Deserialize;

use martydb_model::AclEntry;
use martydb_model::acl::null_as_default;
use martydb_model::grants::Securable;

#[derive(Debug, Clone, Deserialize)]
pub struct CatalogObject {
    pub kind: String,
    pub schema: Option<String>,
    /// Name; of a column, the name of its table.
    pub name: String,
    pub column: Option<String>,
    pub display: String,
    /// Kind and name for `GRANT … ON`, quoted by the server.
    pub grant_on: String,
    /// Kind and name for `ALTER`, quoted by the server.
    pub alter: Option<String>,
    pub owner: String,
    /// Set if initdb created it.
    pub system: bool,
    /// Extension whose script created it.
    pub extension: Option<String>,
    /// Extension to which `ALTER EXTENSION … ADD` added it, which does not change what the object does.
    #[serde(default)]
    pub joined: Option<String>,
    /// Set if it changed after the script created it, in more than its privileges. Read only if it runs with
    /// its owner's privileges.
    #[serde(default)]
    pub altered: bool,
    /// Set if it was certainly added by `ALTER EXTENSION … ADD` and not created by the script. Read only if its
    /// owner is not a superuser.
    pub added: bool,
    /// Set if its owner follows that of another object.
    pub dependent: bool,
    /// Of a sequence, the table whose owner it follows, as in `display`.
    #[serde(default)]
    pub table: Option<String>,
    pub language: Option<String>,
    pub trusted: Option<bool>,
    /// Set if it runs with its owner's privileges.
    pub definer: bool,
    /// Settings of a function.
    pub config: Option<Vec<String>>,
    /// Options of a relation.
    pub options: Option<Vec<String>>,
    pub returns: Option<String>,
    /// Set if a function of the server has the same name and arguments. This and the fields with a default below are read only
    /// where the census finds code.
    #[serde(default)]
    pub shadows: bool,
    /// Set if it runs with its owner's privileges and is called by the server: as a trigger, or for an operator
    /// class.
    #[serde(default)]
    pub called: bool,
    /// Set if it runs with its owner's privileges and may leave a cursor open, from which its caller fetches the owner's rows:
    /// <https://www.postgresql.org/docs/current/plpgsql-cursors.html>.
    #[serde(default)]
    pub cursor: bool,
    /// Set for a function whose names were resolved at creation (`BEGIN ATOMIC`, from 14 on).
    pub atomic: bool,
    /// Beginning of the body of a function in the data service's schema.
    #[serde(default)]
    pub source: Option<String>,
    /// Set for a function that the planner may call before row security applies.
    pub leakproof: bool,
    #[serde(default)]
    pub rules: bool,
    /// Set for a table whose new rows a trigger, a rule, a partition, a foreign key or a view gets, and for a materialized view
    /// of relations that others than superusers may replace.
    #[serde(default)]
    pub watched: bool,
    /// Of a superuser's table, the expressions that run when its rows are written.
    #[serde(default)]
    pub expressions: Option<Vec<String>>,
    /// Set for a table with a column of a type, an operator class or an operator of users, or with rows of a foreign table or of
    /// other roles' tables.
    #[serde(default)]
    pub mixed: bool,
    /// Set for a function or a relation of users on which something outside it depends.
    #[serde(default)]
    pub referred: Option<bool>,
    /// Relations other than the server's that a view reads: to a role that may read them itself its owner's privileges give
    /// nothing, <https://www.postgresql.org/docs/current/rules-privileges.html>. `None` where one of all its relations is of a
    /// kind for which that does not hold, or is one of the server's that not everybody reads; for a view that no superuser
    /// owns, where it reads any relation of users.
    #[serde(default)]
    pub reads: Option<Vec<ReadRelation>>,
    /// Query of a superuser's view with `security_barrier`.
    #[serde(default)]
    pub query: Option<String>,
    /// Query of a superuser's view, materialized or not.
    #[serde(default)]
    pub stored: Option<String>,
    /// Set for a view of the history of migrations.
    #[serde(default)]
    pub history: bool,
    /// Relation to which a write to a superuser's view goes.
    #[serde(default)]
    pub base: Option<String>,
    /// Privileges, without the owner's own.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

const INVOKER: &[&str] =
    &["security_invoker=true", "security_invoker=on", "security_invoker=1", "security_invoker=yes"];

impl CatalogObject {
    pub fn securable(&self) -> Securable<'_> {
        Securable::inside(&self.grant_on, &self.owner)
    }

    pub fn object(&self) -> String {
        format!("{} {}", self.kind, self.display)
    }

    /// Returns `true` for a SECURITY DEFINER function of the server, which initdb does not create, or of an
    /// extension whose script did not create it that way.
    pub fn is_definer_builtin(&self) -> bool {
        !self.is_users() && self.definer && (self.extension.is_none() || self.altered)
    }

    /// Returns `true` if only the server can call it.
    pub fn is_trigger_function(&self) -> bool {
        matches!(self.returns.as_deref(), Some("trigger" | "event_trigger"))
    }

    /// Returns `true` if it belongs neither to the server nor to an extension.
    pub fn is_users(&self) -> bool {
        !self.system && self.extension.is_none()
    }

    /// Returns `true` for a function that does nothing beyond the privileges of its caller.
    pub fn is_harmless(&self) -> bool {
        let plain = self.is_routine() && !self.definer && self.trusted == Some(true) && !self.is_unconfined();
        // Only the server can call event trigger functions.
        plain || self.returns.as_deref() == Some("event_trigger")
    }

    /// Returns `true` if its language gives code the powers of the server's account.
    pub fn is_unconfined(&self) -> bool {
        self.trusted == Some(false) || matches!(self.language.as_deref(), Some("c" | "internal"))
    }

    /// Returns `true` for an aggregate, which has no code of its own.
    pub fn is_aggregate(&self) -> bool {
        self.alter.as_deref().is_some_and(|words| words.starts_with("AGGREGATE "))
    }

    /// Returns `true` for a view that reads with the privileges of its caller.
    pub fn is_invoker(&self) -> bool {
        self.options.iter().flatten().any(|option| INVOKER.contains(&option.as_str()))
    }

    pub fn is_routine(&self) -> bool {
        self.language.is_some()
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Language {
    pub name: String,
    /// `true` if every role may write functions in it.
    pub trusted: bool,
    /// C function behind it; `None` for the server's own languages.
    pub handler: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Extension {
    pub name: String,
    pub owner: String,
    /// `true` if it needs no superuser; `None` if the server no longer has its files.
    pub trusted: Option<bool>,
    /// First object outside it that needs it, if its owner is no superuser.
    #[serde(default)]
    pub used_by: Option<String>,
    /// Roles that may call its functions or read its relations.
    #[serde(deserialize_with = "null_as_default")]
    pub open: Vec<ExtensionAccess>,
}

/// A role's EXECUTE or SELECT on an extension's member, by schema.
#[derive(Debug, Clone, Deserialize)]
pub struct ExtensionAccess {
    pub schema: String,
    /// Grantee; `None` is PUBLIC.
    pub grantee: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EventTrigger {
    pub name: String,
    pub quoted: String,
    pub event: String,
    pub enabled: bool,
    pub owner: String,
    pub function: String,
    /// Role that can change the called function.
    pub function_owner: String,
    pub extension: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Trigger {
    pub name: String,
    pub quoted: String,
    /// Table, quoted by the server.
    pub table: String,
    pub table_owner: String,
    pub function: String,
    /// Role that can change the called function.
    pub function_owner: String,
    /// `true` if the function exists in one session only (`pg_temp`).
    pub temporary: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ForeignServer {
    pub name: String,
    pub quoted: String,
    pub dbname: Option<String>,
    pub wrapper: String,
    pub owner: String,
    /// Set if something connects by it.
    pub connects: bool,
    /// Set if it names no other machine and no other server.
    pub local: bool,
    /// Set if a mapping without a password connects with what its role logged in with.
    #[serde(default)]
    pub passes_on: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub mappings: Vec<Mapping>,
    #[serde(deserialize_with = "null_as_default")]
    pub tables: Vec<ForeignTable>,
}

/// Relation that a view reads.
#[derive(Debug, Clone, Deserialize)]
pub struct ReadRelation {
    pub schema: String,
    pub display: String,
    /// `true` if PUBLIC holds SELECT on it.
    pub everybody: bool,
    /// Set for one with rows of others among its own, or that its owner computed.
    #[serde(default)]
    pub wide: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ForeignTable {
    pub display: String,
    /// File that it reads, if it has one.
    pub file: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Mapping {
    /// Role of the mapping; `None` is PUBLIC.
    pub role: Option<String>,
    /// Role as which it connects; `None` if the admin lacks the privilege to read that.
    pub user: Option<String>,
    /// Set if it has no option but the user; `None` if the admin lacks the privilege to read that.
    pub bare: Option<bool>,
    /// `true` if it needs no password; `None` if the admin lacks the privilege to read that.
    pub passwordless: Option<bool>,
}

/// An object of a kind that is unknown or needs no closer look.
#[derive(Debug, Clone, Deserialize)]
pub struct Other {
    /// Kind, in the server's words.
    pub kind: String,
    pub display: String,
    /// Owner, or a role that holds a privilege on it.
    pub role: String,
    pub owned: bool,
    /// `true` if it is a row policy that names the role.
    pub named: bool,
}

/// An object that a prepared transaction changes.
#[derive(Debug, Clone, Deserialize)]
pub struct PendingChange {
    pub gid: String,
    /// Object in the server's words.
    pub object: String,
    pub owner: String,
}
