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
    /// Step that closes a finding which no statement closes.
    pub(crate) by_hand: ByHand,
}

/// A step for a person, with the reason why no statement takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand {
    pub(crate) person: &'static str,
    pub(crate) step: &'static str,
}

const fn dba(step: &'static str) -> ByHand {
    ByHand { person: "a database administrator", step }
}

const fn maintainer(step: &'static str) -> ByHand {
    ByHand { person: "the service's maintainer", step }
}

const fn host(step: &'static str) -> ByHand {
    ByHand { person: "the host's administrator", step }
}

const fn operator(step: &'static str) -> ByHand {
    ByHand { person: "the operator of martydb", step }
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $by_hand:expr;)*) => {
        $(
            #[doc = $title]
            pub const $name: &FindingKind =
                &FindingKind { id: $id, severity: $severity, title: $title, by_hand: $by_hand };
        )*
        /// Every kind, in the order of the documentation.
        pub const KINDS: &[&FindingKind] = &[$($name),*];
    };
}

/// Kinds of findings that a login can connect to a database.
pub const CONNECT: &[&FindingKind] =
    &[FOREIGN_CONNECT, MAINTENANCE_CONNECT, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN];

/// Kinds that expose no other service than the one that the finding names. Every other kind may expose the whole server, unless
/// the finding itself says which services.
pub(crate) const OF_ONE_SERVICE: &[&FindingKind] = &[
    FOREIGN_CONNECT, MAINTENANCE_CONNECT, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN,
    UNMANAGED_MEMBER, FOREIGN_MEMBER, OWN_MEMBER, ADMIN_OPTION, GROUP, OWNER_LOGIN, UNKNOWN_ALTERNATE,
    DATABASE_OWNER, TEMPLATE_FLAG, PUBLIC_RIGHT, FOREIGN_RIGHT, OWN_RIGHT, GRANT_OPTION, UNMANAGED_RIGHT,
    DEFAULT_RIGHT, OBJECT_OWNER, LEAKPROOF, ROW_POLICY, SHADOW, EVENT_TRIGGER, FOREIGN_TRIGGER, SETTING,
    EXTENSION, MD5, NO_PASSWORD, SCRATCH_LEFT, PREPARED, SESSION, SECRET, HBA_TRUST, HBA_MAP, HBA_CLEARTEXT,
    HBA_EXTERNAL, WRONG_PASSWORD, GUESSABLE, REUSED, IN_DATABASE, UNPROVEN_READ,
];

/// Privileges that more than one statement would have to take.
const HELD: ByHand =
    dba("no single REVOKE ends it: it comes from an owner, or from grants that the evidence names");
/// Code that is in use.
const CODE: ByHand =
    maintainer("what uses this code is not in the catalogs: review it, then drop it or change its owner");
const FILE: ByHand = host("the file is on the server's host: change it there, then reload");
const PASSWORD: ByHand = operator("a password changes in the secret store too: martydb rotate");
const MANIFEST: ByHand =
    operator("the manifest decides it: change it there, or accept it under allow: with the reason");
const REDIS: ByHand = operator("rules of users are not SQL: martydb apply sets them");

kinds! {
    FOREIGN_CONNECT = "foreign-database-connect", Critical,
        "a login can connect to another service's database", HELD;
    MAINTENANCE_CONNECT = "maintenance-database-connect", Medium,
        "a service's login can connect to the maintenance database", HELD;
    TEMPLATE_CONNECT = "template-database-connect", Medium,
        "a service's login can connect to a template database", HELD;
    UNMANAGED_CONNECT = "unmanaged-database-connect", Medium,
        "a service's login can connect to a database that the manifest does not declare", HELD;
    UNMANAGED_LOGIN = "unmanaged-login-connect", High,
        "an unmanaged login can connect to a service's database", HELD;
    UNMANAGED_MEMBER = "unmanaged-membership", High,
        "an unmanaged login is a member of a service's role", HELD;
    FOREIGN_MEMBER = "foreign-role-membership", Critical,
        "a role of one service is a member of a role of another", HELD;
    OWN_MEMBER = "own-service-membership", High,
        "a login of a service is a member of another role of the same service", HELD;
    ADMIN_OPTION = "membership-admin-option", High,
        "a service's role may grant a role of the service to any role", HELD;
    PREDEFINED = "predefined-role", High,
        "a service's role is a member of a predefined role of PostgreSQL", HELD;
    GROUP = "shared-group", Low,
        "a service's role is a member of an unmanaged group", HELD;
    ATTRIBUTE = "role-attribute", Critical,
        "a service's role has an attribute that no role of a service may have", HELD;
    OWNER_LOGIN = "owner-can-log-in", High,
        "the owner role of a service may log in", HELD;
    UNKNOWN_ALTERNATE = "unknown-alternate-login", Critical,
        "a login has the name of an alternate login, and the secret store does not have its password",
        operator("it may belong to a rotation that was interrupted: martydb rotate --finish, or ALTER ROLE … NOLOGIN");
    UNMANAGED_POWER = "unmanaged-role-power", Medium,
        "an unmanaged login has power over the whole server",
        dba("a backup or a replica may use it: decide, then remove the attribute or the membership");
    DECLARED_REPLICATION = "declared-replication", Low,
        "a declared login follows the changes of tables, and could copy every database of the server", MANIFEST;
    ORPHANS = "orphans-role", Medium,
        "the role that owns the objects of removed services can be used", HELD;
    SUPERUSERS = "other-superuser", Low,
        "another superuser can log in",
        dba("who administers the server is not in the manifest: decide, then ALTER ROLE … NOSUPERUSER");
    DATABASE_OWNER = "database-owner", High,
        "a service's database is owned by a service's role or an unmanaged login",
        dba("its rightful owner is unknown: ALTER DATABASE … OWNER TO a role of no service");
    TEMPLATE_FLAG = "database-is-template", High,
        "a service's database is marked as a template", HELD;
    PUBLIC_RIGHT = "public-privilege", Medium,
        "PUBLIC holds a privilege in a service's database", HELD;
    FOREIGN_RIGHT = "foreign-role-in-acl", Medium,
        "a role of another service holds a privilege in a service's database", HELD;
    OWN_RIGHT = "undeclared-privilege", Medium,
        "a login of a service holds a privilege that its kind of role should not have", HELD;
    GRANT_OPTION = "grant-option", Medium,
        "a login of a service may grant a privilege to others", HELD;
    UNMANAGED_RIGHT = "unmanaged-role-in-acl", Low,
        "an unmanaged role holds a privilege in a service's database", HELD;
    EXTENSION_RIGHT = "extension-privilege", High,
        "a privilege on an extension's object goes beyond what the extension grants", HELD;
    CATALOG_RIGHT = "catalog-privilege", Critical,
        "a privilege on a system object goes beyond what initdb grants", HELD;
    DEFAULT_RIGHT = "default-privilege", High,
        "default privileges give roles access to future objects that they should not have", HELD;
    OBJECT_OWNER = "object-owner", Medium,
        "an object in a service's database is not owned by the service's owner role",
        maintainer("its new owner would run what it contains: review it, then ALTER … OWNER TO");
    UNKNOWN_KIND = "unknown-object-kind", Medium,
        "privileges are held on an object of a kind that martydb does not know",
        dba("this kind of object is unknown here: REVOKE the privilege or change the owner, and report the kind");
    DEFINER_SUPERUSER = "definer-function", Critical,
        "a service's login can call a function that runs with another role's privileges", CODE;
    DEFINER_PATH = "definer-search-path", Medium,
        "a SECURITY DEFINER function does not fix its search_path", CODE;
    DEFINER_VIEW = "definer-view", High,
        "a service's login can use a view or a rule that runs with another role's privileges",
        dba("its owner, or a view over it, reads it without a grant: change its owner, or drop it");
    UNTRUSTED_FUNCTION = "untrusted-function", Critical,
        "a service's login can call a function in an untrusted language", CODE;
    TRUSTED_LANGUAGE = "language-trusted", Critical,
        "an untrusted language is marked as trusted", CODE;
    SUPERUSER_PATH = "superuser-search-path", High,
        "a superuser's search path contains a schema in which another login can create objects",
        dba("no setting names the schema: take CREATE on it from the role that owns it, or drop it");
    SUPERUSER_OBJECT = "superuser-object", High,
        "an object of a superuser runs code that another login can replace", CODE;
    LEAKPROOF = "leakproof-function", Medium,
        "a function is marked LEAKPROOF and may show hidden rows", CODE;
    ROW_POLICY = "weak-row-policy", Medium,
        "row security depends on what its users can change",
        maintainer("a policy tells its users apart only by current_user: change it, or close what the evidence names");
    SHADOW = "shadowing-function", Low,
        "a function has the name and the arguments of a built-in function", CODE;
    REDEFINED = "redefined-builtin", Critical,
        "an object of the server is not what initdb made",
        dba("the original is on a new server only: compare with one, or dump the database into it");
    EVENT_TRIGGER = "event-trigger", Low,
        "an event trigger runs in the sessions of other roles", CODE;
    FOREIGN_TRIGGER = "foreign-trigger", High,
        "a trigger calls a function of another role than the table's owner", CODE;
    SETTING = "role-setting", Medium,
        "a service's role or database has a setting that is not declared",
        host("the value is in a file of the server's host: change it there, then reload");
    SERVER_SETTING = "server-setting", Medium,
        "a setting of the server weakens isolation", FILE;
    PARAMETER = "parameter-privilege", High,
        "a service's role may change a parameter that is reserved for superusers", HELD;
    TABLESPACE = "tablespace-privilege", Medium,
        "a service's role may use a tablespace that is not declared", HELD;
    USER_MAPPING = "user-mapping", Critical,
        "a user mapping gives a service's login access to another database or server",
        dba("the server's owner writes its mappings: review them, then DROP USER MAPPING");
    FOREIGN_TABLE = "foreign-table", High,
        "a service's database has a foreign table or server",
        dba("its owner makes mappings and tables with it: review it, then ALTER SERVER … OWNER TO, or drop it");
    EXTENSION = "undeclared-extension", Low,
        "an extension is installed that the manifest does not declare",
        maintainer("the extension may be in use: declare it, or DROP EXTENSION");
    CROSSING = "extension-crosses-databases", Medium,
        "a service's login can use an extension that gives access beyond its database",
        dba("the extension may be in use: revoke EXECUTE on its functions, or DROP EXTENSION");
    REPLICATION_OBJECT = "replication-object", Low,
        "there is a subscription or a replication slot",
        dba("a subscriber may need it: decide, then drop it");
    MD5 = "weak-verifier", Medium,
        "a login's password is stored as MD5", PASSWORD;
    NO_PASSWORD = "no-password", Low,
        "a login of a service has no password", PASSWORD;
    NO_LIMIT = "no-connection-limit", Medium,
        "a login of a service has no connection limit", MANIFEST;
    LIMITS_SUM = "connection-limits-exceed-server", Low,
        "the connection limits add up to more than the server has", MANIFEST;
    NO_TEMP_LIMIT = "no-temp-file-limit", Medium,
        "a login of a service has no limit on temporary files", MANIFEST;
    SCRATCH_LEFT = "scratch-database-left", Medium,
        "a run of martydb that was killed left a database",
        operator("a run may still use it: martydb apply drops it afterwards");
    PREPARED = "prepared-transaction", Medium,
        "a prepared transaction is left over",
        dba("its transaction may be finished by its client: ROLLBACK PREPARED in its database");
    SESSION = "session-outlived-revoke", High,
        "a session continues in a database to which its role can no longer connect",
        dba("its role may be at work: pg_terminate_backend ends it");
    SECRET = "secret-in-the-open", High,
        "a secret is in a place that every login of the server can read",
        maintainer("what needs the text is not in the catalogs: take the secret out of it, and change the secret");
    UNSEARCHED = "unsearched-text", Medium,
        "some texts are too long to be searched for stored passwords",
        maintainer("only its owner can shorten it: search it by hand, and accept it under allow:");
    HBA_TRUST = "hba-trust", Critical,
        "pg_hba.conf accepts connections without a password", FILE;
    HBA_MAP = "hba-ident-map", Critical,
        "an operating system account can log in as a role of another name", FILE;
    HBA_CLEARTEXT = "hba-cleartext-password", Medium,
        "pg_hba.conf accepts passwords in clear text", FILE;
    CLEARTEXT_ACCEPTED = "cleartext-accepted", Medium,
        "a server accepts connections without TLS, and every connection string requires it", FILE;
    HBA_EXTERNAL = "hba-external", Medium,
        "pg_hba.conf delegates authentication to an external service", FILE;
    HBA_ERROR = "hba-error", Low,
        "pg_hba.conf has a line that the server cannot read", FILE;
    HBA_UNLOADED = "hba-not-loaded", Medium,
        "pg_hba.conf or pg_ident.conf was changed and not loaded", FILE;
    WRONG_PASSWORD = "wrong-password-accepted", Critical,
        "a login with a wrong password was accepted", FILE;
    REPLICATION_LOGIN = "replication-login", Critical,
        "a service's login can open a replication connection",
        dba("the attribute REPLICATION and the line of pg_hba.conf give it: take either away");
    GUESSABLE = "guessable-password", High,
        "a login's password can be guessed", PASSWORD;
    REUSED = "reused-password", High,
        "two logins have the same password", PASSWORD;
    IN_DATABASE = "own-database-reach", Medium,
        "a login can do something in its own database that its kind of role should not", HELD;
    UNPROVEN_READ = "unproven-read-address", Medium,
        "applications read at an address whose isolation is not proven", MANIFEST;
    REDIS_REACH = "redis-reach", Critical,
        "a service's user of Redis reaches keys or channels of another service", REDIS;
    REDIS_PATTERN = "redis-pattern", Medium,
        "a service's user of Redis has a pattern that its prefix does not contain", REDIS;
    REDIS_COMMAND = "redis-command", Medium,
        "a service's user of Redis may run a command that it should not", REDIS;
    REDIS_PASSWORD = "redis-password", High,
        "a user of Redis accepts a password that the secret store does not have", REDIS;
    REDIS_UNMANAGED = "redis-unmanaged-user", High,
        "an unmanaged user of Redis can log in", REDIS;
    REDIS_DEFAULT = "redis-default-user", High,
        "the user default of Redis is on", REDIS;
    REDIS_UNSAVED = "redis-unsaved-user", Medium,
        "a restart of Redis would lose or change a user", REDIS;
    REDIS_SETTING = "redis-setting", Low,
        "a setting of Redis loosens what users may do",
        host("it is a setting of redis.conf: change it there, then restart");
    REDIS_SCRIPTS = "redis-scripts", Medium,
        "a service's users of Redis may run scripts, which hold up all other clients", MANIFEST;
    REDIS_FURTHER = "redis-further-command", Low,
        "a service's users of Redis may run a command about the whole server", MANIFEST;
    REDIS_SHARED = "redis-shared-memory", Medium,
        "several services share the memory of one Redis server", MANIFEST;
    ALLOW_UNUSED = "allow-unused", Low,
        "an entry under `allow:` has expired or matches nothing", MANIFEST;
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

    /// A rule may print statements; where it cannot, it prints the person's step.
    #[test]
    fn a_loud_finding_of_every_kind_has_a_fix_or_a_person_who_closes_it() {
        for kind in KINDS {
            for severity in [Medium, High, Critical] {
                let fix = kind.of("x").at(severity).on("main").fix.expect("a fix");
                let [line] = fix.advice() else { panic!("{}: {fix}", kind.id) };
                assert!(line.starts_with("-- for ") && line.len() < 150 && !line.ends_with('.'), "{line}");
                assert!(line.matches(':').count() > 1, "no step: {line}");
            }
            assert_eq!(kind.of("x").at(Low).on("main").fix, None);
        }
    }
}
