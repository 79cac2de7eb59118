//! The table of findings: ids, usual severities and titles; a rule may override the severity with `at`. `docs/findings.md` explains why each of them matters, how to
//! reproduce it and how to close it; a test compares the two.

use schemars::JsonSchema;
use serde::Serialize;

use Severity::{Critical, High, Low, Medium};

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Some login can do what it was not given.
    Medium,
    /// A service's data is one step away.
    High,
    /// A service's data is within reach.
    Critical,
}

impl Severity {
    /// Returns the word for JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

#[derive(Debug)]
pub struct FindingKind {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// Usual severity; a single finding may be more or less severe.
    pub severity: Severity,
    pub title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $severity:ident, $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: &FindingKind = &FindingKind { id: $id, severity: $severity, title: $title };
        )*
        /// Every kind, in the order of the documentation.
        pub const KINDS: &[&FindingKind] = &[$($name),*];
    };
}

/// Kinds of findings that a login can connect to a database.
pub const CONNECT: &[&FindingKind] =
    &[FOREIGN_CONNECT, MAINTENANCE_CONNECT, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN];

kinds! {
    FOREIGN_CONNECT = "foreign-database-connect", Critical,
        "a login can connect to another service's database";
    MAINTENANCE_CONNECT = "maintenance-database-connect", Medium,
        "a service's login can connect to the maintenance database";
    TEMPLATE_CONNECT = "template-database-connect", Medium,
        "a service's login can connect to a template database";
    UNMANAGED_CONNECT = "unmanaged-database-connect", Medium,
        "a service's login can connect to a database that the manifest does not declare";
    UNMANAGED_LOGIN = "unmanaged-login-connect", High,
        "an unmanaged login can connect to a service's database";
    UNMANAGED_MEMBER = "unmanaged-membership", High,
        "an unmanaged login is a member of a service's role";
    FOREIGN_MEMBER = "foreign-role-membership", Critical,
        "a role of one service is a member of a role of another";
    OWN_MEMBER = "own-service-membership", High,
        "a login of a service is a member of another role of the same service";
    ADMIN_OPTION = "membership-admin-option", High,
        "a service's role may grant a role of the service to any role";
    PREDEFINED = "predefined-role", High,
        "a service's role is a member of a predefined role of PostgreSQL";
    GROUP = "shared-group", Low,
        "a service's role is a member of an unmanaged group";
    ATTRIBUTE = "role-attribute", Critical,
        "a service's role has an attribute that no role of a service may have";
    OWNER_LOGIN = "owner-can-log-in", High,
        "the owner role of a service may log in";
    UNKNOWN_ALTERNATE = "unknown-alternate-login", Critical,
        "a login has the name of an alternate login, and the secret store does not have its password";
    UNMANAGED_POWER = "unmanaged-role-power", Medium,
        "an unmanaged login has power over the whole server";
    DECLARED_REPLICATION = "declared-replication", Low,
        "a declared login follows the changes of tables, and could copy every database of the server";
    ORPHANS = "orphans-role", Medium,
        "the role that owns the objects of removed services can be used";
    SUPERUSERS = "other-superuser", Low,
        "another superuser can log in";
    DATABASE_OWNER = "database-owner", High,
        "a service's database is owned by a service's role or an unmanaged login";
    TEMPLATE_FLAG = "database-is-template", High,
        "a service's database is marked as a template";
    PUBLIC_RIGHT = "public-privilege", Medium,
        "PUBLIC holds a privilege in a service's database";
    FOREIGN_RIGHT = "foreign-role-in-acl", Medium,
        "a role of another service holds a privilege in a service's database";
    OWN_RIGHT = "undeclared-privilege", Medium,
        "a login of a service holds a privilege that its kind of role should not have";
    GRANT_OPTION = "grant-option", Medium,
        "a login of a service may grant a privilege to others";
    UNMANAGED_RIGHT = "unmanaged-role-in-acl", Low,
        "an unmanaged role holds a privilege in a service's database";
    EXTENSION_RIGHT = "extension-privilege", High,
        "a privilege on an extension's object goes beyond what the extension grants";
    CATALOG_RIGHT = "catalog-privilege", Critical,
        "a privilege on a system object goes beyond what initdb grants";
    DEFAULT_RIGHT = "default-privilege", High,
        "default privileges give roles access to future objects that they should not have";
    OBJECT_OWNER = "object-owner", Medium,
        "an object in a service's database is not owned by the service's owner role";
    UNKNOWN_KIND = "unknown-object-kind", Medium,
        "privileges are held on an object of a kind that martydb does not know";
    DEFINER_SUPERUSER = "definer-function", Critical,
        "a service's login can call a function that runs with another role's privileges";
    DEFINER_PATH = "definer-search-path", Medium,
        "a SECURITY DEFINER function does not fix its search_path";
    DEFINER_VIEW = "definer-view", High,
        "a service's login can use a view or a rule that runs with another role's privileges";
    UNTRUSTED_FUNCTION = "untrusted-function", Critical,
        "a service's login can call a function in an untrusted language";
    TRUSTED_LANGUAGE = "language-trusted", Critical,
        "an untrusted language is marked as trusted";
    SUPERUSER_PATH = "superuser-search-path", High,
        "a superuser's search path contains a schema in which another login can create objects";
    SUPERUSER_OBJECT = "superuser-object", High,
        "an object of a superuser runs code that another login can replace";
    LEAKPROOF = "leakproof-function", Medium,
        "a function of a role that is not a superuser is marked LEAKPROOF";
    SHADOW = "shadowing-function", Low,
        "a function has the name and the arguments of a built-in function";
    REDEFINED = "redefined-builtin", Critical,
        "an object of the server is not what initdb made";
    EVENT_TRIGGER = "event-trigger", Low,
        "an event trigger runs in the sessions of other roles";
    FOREIGN_TRIGGER = "foreign-trigger", High,
        "a trigger calls a function of another role than the table's owner";
    SETTING = "role-setting", Medium,
        "a service's role or database has a setting that is not declared";
    SERVER_SETTING = "server-setting", Medium,
        "a setting of the server weakens isolation";
    PARAMETER = "parameter-privilege", High,
        "a service's role may change a parameter that is reserved for superusers";
    TABLESPACE = "tablespace-privilege", Medium,
        "a service's role may use a tablespace that is not declared";
    USER_MAPPING = "user-mapping", Critical,
        "a user mapping gives a service's login access to another database or server";
    FOREIGN_TABLE = "foreign-table", High,
        "a service's database has a foreign table or server";
    EXTENSION = "undeclared-extension", Low,
        "an extension is installed that the manifest does not declare";
    CROSSING = "extension-crosses-databases", Medium,
        "a service's login can use an extension that gives access beyond its database";
    REPLICATION_OBJECT = "replication-object", Low,
        "there is a subscription or a replication slot";
    MD5 = "weak-verifier", Medium,
        "a login's password is stored as MD5";
    NO_PASSWORD = "no-password", Low,
        "a login of a service has no password";
    NO_LIMIT = "no-connection-limit", Medium,
        "a login of a service has no connection limit";
    LIMITS_SUM = "connection-limits-exceed-server", Low,
        "the connection limits add up to more than the server has";
    NO_TEMP_LIMIT = "no-temp-file-limit", Medium,
        "a login of a service has no limit on temporary files";
    SCRATCH_LEFT = "scratch-database-left", Medium,
        "a run of martydb that was killed left a database";
    PREPARED = "prepared-transaction", Medium,
        "a prepared transaction is left over";
    SESSION = "session-outlived-revoke", High,
        "a session continues in a database to which its role can no longer connect";
    SECRET = "secret-in-the-open", High,
        "a secret is in a place that every login of the server can read";
    UNSEARCHED = "unsearched-text", Medium,
        "some texts are too long to be searched for stored passwords";
    HBA_TRUST = "hba-trust", Critical,
        "pg_hba.conf accepts connections without a password";
    HBA_MAP = "hba-ident-map", Critical,
        "an operating system account can log in as a role of another name";
    HBA_CLEARTEXT = "hba-cleartext-password", Medium,
        "pg_hba.conf accepts passwords in clear text";
    HBA_EXTERNAL = "hba-external", Medium,
        "pg_hba.conf delegates authentication to an external service";
    HBA_ERROR = "hba-error", Low,
        "pg_hba.conf has a line that the server cannot read";
    HBA_UNLOADED = "hba-not-loaded", Medium,
        "pg_hba.conf or pg_ident.conf was changed and not loaded";
    WRONG_PASSWORD = "wrong-password-accepted", Critical,
        "a login with a wrong password was accepted";
    REPLICATION_LOGIN = "replication-login", Critical,
        "a service's login can open a replication connection";
    GUESSABLE = "guessable-password", High,
        "a login's password can be guessed";
    REUSED = "reused-password", High,
        "two logins have the same password";
    IN_DATABASE = "own-database-reach", Medium,
        "a login can do something in its own database that its kind of role should not";
    UNPROVEN_READ = "unproven-read-address", Medium,
        "applications read at an address whose isolation is not proven";
    REDIS_REACH = "redis-reach", Critical,
        "a service's user of Redis reaches keys or channels of another service";
    REDIS_PATTERN = "redis-pattern", Medium,
        "a service's user of Redis has a pattern that its prefix does not contain";
    REDIS_COMMAND = "redis-command", Medium,
        "a service's user of Redis may run a command that it should not";
    REDIS_PASSWORD = "redis-password", High,
        "a user of Redis accepts a password that the secret store does not have";
    REDIS_UNMANAGED = "redis-unmanaged-user", High,
        "an unmanaged user of Redis can log in";
    REDIS_DEFAULT = "redis-default-user", High,
        "the user default of Redis is on";
    REDIS_UNSAVED = "redis-unsaved-user", Medium,
        "a restart of Redis would lose or change a user";
    REDIS_SETTING = "redis-setting", Low,
        "a setting of Redis loosens what users may do";
    REDIS_SCRIPTS = "redis-scripts", Medium,
        "a service's users of Redis may run scripts, which hold up all other clients";
    REDIS_SHARED = "redis-shared-memory", Medium,
        "several services share the memory of one Redis server";
    ALLOW_UNUSED = "allow-unused", Low,
        "an entry under `allow:` has expired or matches nothing";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let mut ids: Vec<_> = KINDS.iter().map(|kind| kind.id).collect();
        assert!(
            ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        );
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), KINDS.len());
    }
}
