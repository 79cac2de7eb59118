//! The one table of findings: what each is called, how bad it is, and what an operator has to know about it.
//! `docs/findings.md` is generated from it, and a test compares the two.

use super::severity::Severity::{self, Critical, High, Low, Medium};

#[derive(Debug)]
pub struct FindingKind {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// The usual one; a single finding may be more or less severe.
    pub severity: Severity,
    pub title: &'static str,
    pub why: &'static str,
    pub reproduce: &'static str,
    pub close: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $why:literal, $reproduce:literal, $close:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: &FindingKind = &FindingKind {
                id: $id, severity: $severity, title: $title, why: $why, reproduce: $reproduce, close: $close,
            };
        )*
        /// Every kind, in the order of the documentation.
        pub const KINDS: &[&FindingKind] = &[$($name),*];
    };
}

/// The kinds that say that a login can connect to a database.
pub const CONNECT: &[&FindingKind] =
    &[FOREIGN_CONNECT, MAINTENANCE_CONNECT, TEMPLATE_CONNECT, UNMANAGED_CONNECT, UNMANAGED_LOGIN];

kinds! {
    FOREIGN_CONNECT = "foreign-database-connect", Critical,
        "a login can connect to another service's database",
        "CONNECT is the primary isolation boundary. A login that has it can use everything that is granted to PUBLIC or to the login in that database.",
        "Connect to the database as the role that the finding names.",
        "REVOKE CONNECT ON DATABASE … FROM the role, the group or PUBLIC; `martydb apply` does it.";
    MAINTENANCE_CONNECT = "maintenance-database-connect", Medium,
        "a service's login can connect to the maintenance database",
        "It is common to all services: each of them can use an extension, a function or a table in it.",
        "Connect to the maintenance database as the role.",
        "REVOKE ALL ON DATABASE … FROM PUBLIC; `martydb apply` does it unless `close_maintenance` is false.";
    TEMPLATE_CONNECT = "template-database-connect", Medium,
        "a service's login can connect to a template database",
        "Every database that is created from the template gets a copy of what is in it.",
        "Connect to the template as the role.",
        "REVOKE ALL ON DATABASE … FROM PUBLIC.";
    UNMANAGED_CONNECT = "unmanaged-database-connect", Medium,
        "a service's login can connect to a database that the manifest does not declare",
        "Services can exchange data through it, and it may hold unrelated data.",
        "Connect to the database as the role.",
        "REVOKE CONNECT ON DATABASE … FROM PUBLIC or the role, or declare the database.";
    UNMANAGED_LOGIN = "unmanaged-login-connect", High,
        "an unmanaged login can connect to a service's database",
        "It is not in the manifest, so martydb does not rotate its password. It may be left over from a removed service, or unknown.",
        "Connect to the service's database as that role.",
        "REVOKE its privileges, or DROP ROLE; `allow:` it with a reason if it is intended.";
    UNMANAGED_MEMBER = "unmanaged-membership", High,
        "an unmanaged login is a member of a service's role",
        "It has every privilege of the service's role, CONNECT included.",
        "As that login: SET ROLE to the service's role.",
        "REVOKE the membership.";
    FOREIGN_MEMBER = "foreign-role-membership", Critical,
        "a role of one service is a member of a role of another",
        "A member can do everything that the role can do. With ADMIN alone, or without INHERIT, it takes one more statement.",
        "As the member: SET ROLE to the other; with ADMIN alone, GRANT it to yourself first.",
        "REVOKE the membership; `martydb apply` does it.";
    OWN_MEMBER = "own-service-membership", High,
        "a login of a service is a member of another role of the same service",
        "An app login that can become the owner can drop every table, and so can an SQL injection into the app.",
        "As the login: SET ROLE to the other.",
        "REVOKE the membership; `martydb apply` does it.";
    ADMIN_OPTION = "membership-admin-option", High,
        "a service's role may grant a role of the service to any role",
        "Anyone who has the login's password can make every other login of the server a member.",
        "As the member (SET ROLE NONE first): GRANT the role to another service's login, and roll back.",
        "REVOKE ADMIN OPTION FOR … FROM …; `martydb apply` does it.";
    PREDEFINED = "predefined-role", High,
        "a service's role is a member of a predefined role of PostgreSQL",
        "Predefined roles give power over the whole server or a whole database. No service needs one.",
        "SELECT pg_has_role('role', 'pg_…', 'MEMBER').",
        "REVOKE the membership; `martydb apply` does it.";
    GROUP = "shared-group", Low,
        "a service's role is a member of an unmanaged group",
        "The group gives it nothing now that is not reported by itself, but a later grant to the group would.",
        "\\du as any login.",
        "REVOKE the membership; `martydb apply` does it.";
    ATTRIBUTE = "role-attribute", Critical,
        "a service's role has an attribute that no role of a service may have",
        "SUPERUSER bypasses every check, REPLICATION can copy the whole server, CREATEROLE can take over roles, CREATEDB can create databases for services to share, and BYPASSRLS ignores row security policies.",
        "SELECT * FROM pg_roles WHERE rolname = '…'.",
        "ALTER ROLE … NO…; `martydb apply` does it.";
    OWNER_LOGIN = "owner-can-log-in", High,
        "the owner role of a service may log in",
        "The owner role should never be a session of its own: it has no limits, no timeouts and no rotated password.",
        "SELECT rolcanlogin FROM pg_roles.",
        "ALTER ROLE … NOLOGIN; `martydb apply` does it.";
    UNMANAGED_POWER = "unmanaged-role-power", Medium,
        "an unmanaged login has power over the whole server",
        "REPLICATION, CREATEROLE before PostgreSQL 16, or a predefined role that reads files or runs programs gives access to every database.",
        "SELECT * FROM pg_roles; SELECT pg_has_role(…).",
        "Remove the attribute or the membership, or `allow:` it with a reason.";
    ORPHANS = "orphans-role", Medium,
        "the role that owns the objects of removed services can be used",
        "Code that a removed service wrote belongs to it and runs with its privileges. That is harmless only while the role is NOLOGIN, has no attributes, and is in no membership.",
        "\\du of the role `<project>_orphans`.",
        "ALTER ROLE … NOLOGIN NO…; REVOKE the membership.";
    SUPERUSERS = "other-superuser", Low,
        "another superuser can log in",
        "No privilege check applies to a superuser. Know them all.",
        "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin.",
        "ALTER ROLE … NOSUPERUSER where it is not needed.";
    DATABASE_OWNER = "database-owner", High,
        "a service's database is owned by a service's role or an unmanaged login",
        "The owner of a database can GRANT CONNECT on it, change its limits and drop it.",
        "As the owner: GRANT CONNECT ON DATABASE … TO …, and roll back.",
        "ALTER DATABASE … OWNER TO the admin; `martydb apply` does it for the services' own.";
    TEMPLATE_FLAG = "database-is-template", High,
        "a service's database is marked as a template",
        "Every role with CREATEDB may copy a template, and the copy starts with the default privileges: CONNECT for PUBLIC.",
        "As a role with CREATEDB: CREATE DATABASE copy TEMPLATE ….",
        "ALTER DATABASE … IS_TEMPLATE false; `martydb apply` does it.";
    PUBLIC_RIGHT = "public-privilege", Medium,
        "PUBLIC holds a privilege in a service's database",
        "PUBLIC is every login of the server. Without CONNECT the logins of others cannot use the privilege, but the service's readonly login already can.",
        "As readonly: use the privilege, and roll back.",
        "REVOKE … FROM PUBLIC; `martydb apply` does it for what the owner owns.";
    FOREIGN_RIGHT = "foreign-role-in-acl", Medium,
        "a role of another service holds a privilege in a service's database",
        "Only the missing CONNECT protects the data: one more grant, and the other service can use the privilege.",
        "\\dp in the service's database.",
        "REVOKE … FROM the role; `martydb apply` does it.";
    OWN_RIGHT = "undeclared-privilege", Medium,
        "a login of a service holds a privilege that its kind of role should not have",
        "A readonly login with TRUNCATE or TRIGGER is not readonly: the code of its trigger runs as the next role that writes.",
        "As the login: use the privilege, and roll back.",
        "REVOKE … FROM the role; `martydb apply` does it.";
    GRANT_OPTION = "grant-option", Medium,
        "a login of a service may grant a privilege to others",
        "Anyone who has its password can grant the privilege to PUBLIC.",
        "As the login: GRANT the privilege to PUBLIC, and roll back.",
        "REVOKE GRANT OPTION FOR …; `martydb apply` does it.";
    UNMANAGED_RIGHT = "unmanaged-role-in-acl", Low,
        "an unmanaged role holds a privilege in a service's database",
        "Without CONNECT it cannot use the privilege, but the grant is not declared.",
        "\\dp in the service's database.",
        "REVOKE …; `martydb apply --prune` does it.";
    EXTENSION_RIGHT = "extension-privilege", High,
        "a privilege on an extension's object goes beyond what the extension grants",
        "Functions that read WAL, pages or statistics are for superusers only, because they show more than one database.",
        "As the role: call the function.",
        "REVOKE … FROM the role.";
    CATALOG_RIGHT = "catalog-privilege", Critical,
        "a privilege on a system object goes beyond what initdb grants",
        "pg_authid holds the verifier of every password, and pg_read_binary_file reads the file of every table. Such a grant exists in one database only, and an audit that skips pg_catalog misses it.",
        "As the role: SELECT from the catalogue or call the function.",
        "REVOKE … FROM the role, in that database.";
    DEFAULT_RIGHT = "default-privilege", High,
        "default privileges give roles access to future objects that they should not have",
        "Existing objects are not affected, but the next migration creates objects with these privileges.",
        "As the migrator: create an object, look at its privileges, roll back.",
        "ALTER DEFAULT PRIVILEGES … REVOKE …; `martydb apply` does it.";
    OBJECT_OWNER = "object-owner", Medium,
        "an object in a service's database is not owned by the service's owner role",
        "An owner can do everything with its object, including grants and row security policies.",
        "\\d in the service's database.",
        "ALTER … OWNER TO the service's owner; `martydb apply` does it for declared kinds. An object that was added to an extension is removed from it: ALTER EXTENSION … DROP …. If a system object or an object that an extension's script created has another owner, or if martydb cannot tell, check what it contains now and who could change it before you make a superuser its owner: functions, index expressions and rules run with their owner's privileges. `--fix` never makes a superuser the owner of anything.";
    UNKNOWN_KIND = "unknown-object-kind", Medium,
        "privileges are held on an object of a kind that martydb does not know",
        "Unknown kinds are reported rather than assumed safe.",
        "SELECT pg_identify_object(…).",
        "REVOKE the privilege, or open an issue about the kind.";
    DEFINER_SUPERUSER = "definer-function", Critical,
        "a service's login can call a function that runs with another role's privileges",
        "A SECURITY DEFINER function runs with the privileges of its owner. If the owner is a superuser, that is the whole server.",
        "As the caller: call it.",
        "REVOKE EXECUTE …, or ALTER FUNCTION … OWNER TO the service's owner.";
    DEFINER_PATH = "definer-search-path", Medium,
        "a SECURITY DEFINER function does not fix its search_path",
        "The caller's temporary schema is searched first: a temporary table of the caller replaces the real one, and its trigger runs as the function's owner.",
        "As app: CREATE TEMP TABLE with the name of a table that the function uses, and call it.",
        "ALTER FUNCTION … SET search_path = pg_catalog, the schemas it needs, pg_temp.";
    DEFINER_VIEW = "definer-view", High,
        "a service's login can use a view or a rule that runs with another role's privileges",
        "A view reads, and a rule acts, with the privileges of the relation's owner; a materialized view holds what its owner read.",
        "As the login: SELECT from it, or write to the table with the rule.",
        "ALTER VIEW … OWNER TO the service's owner.";
    UNTRUSTED_FUNCTION = "untrusted-function", Critical,
        "a service's login can call a function in an untrusted language",
        "Code in C, internal or an untrusted language runs as the operating system account of the server, whichever role calls it.",
        "As the caller: call it.",
        "REVOKE EXECUTE …, or DROP FUNCTION ….";
    TRUSTED_LANGUAGE = "language-trusted", Critical,
        "an untrusted language is marked as trusted",
        "Every role that may create functions can call any C function of the server, and so read every file and every password.",
        "As the migrator: CREATE FUNCTION … LANGUAGE internal, and roll back.",
        "UPDATE pg_language SET lanpltrusted = false WHERE lanname = '…', or drop the language.";
    SHADOW = "shadowing-function", Low,
        "a function has the name and the arguments of a built-in function",
        "A session whose search path names its schema before pg_catalog calls the wrong one. martydb's own sessions do not.",
        "\\df in the service's database.",
        "DROP FUNCTION …, or rename it.";
    EVENT_TRIGGER = "event-trigger", Low,
        "an event trigger runs in the sessions of other roles",
        "The owner of its function can run code as every role that runs DDL there or (from 17 on) logs in, superusers included.",
        "\\dy in the database.",
        "DROP EVENT TRIGGER ….";
    FOREIGN_TRIGGER = "foreign-trigger", High,
        "a trigger calls a function of another role than the table's owner",
        "The function runs with the privileges of the role that writes to the table: app, the migrator, a superuser.",
        "\\d of the table.",
        "DROP TRIGGER … ON ….";
    SETTING = "role-setting", Medium,
        "a service's role or database has a setting that is not declared",
        "Settings decide as which role a session starts, which libraries it loads, and which limits apply.",
        "SELECT * FROM pg_db_role_setting.",
        "ALTER ROLE … RESET …; `martydb apply` does it.";
    SERVER_SETTING = "server-setting", Medium,
        "a setting of the server weakens isolation",
        "It applies to every service at once.",
        "SHOW the setting.",
        "ALTER SYSTEM RESET …, or edit postgresql.conf.";
    PARAMETER = "parameter-privilege", High,
        "a service's role may change a parameter that is reserved for superusers",
        "ALTER SYSTEM on a parameter that names a program gives a shell; SET on others turns off triggers, logs and limits.",
        "As the role: SET or ALTER SYSTEM it, and roll back.",
        "REVOKE … ON PARAMETER … FROM the role.";
    TABLESPACE = "tablespace-privilege", Medium,
        "a service's role may use a tablespace that is not declared",
        "It can fill a disk that others need.",
        "As the role: CREATE TABLE … TABLESPACE …, and roll back.",
        "REVOKE CREATE ON TABLESPACE … FROM the role.";
    USER_MAPPING = "user-mapping", Critical,
        "a user mapping gives a service's login access to another database or server",
        "The mapping stores a password for another server, or for this one: then another service's data can be read in this database.",
        "As the login: SELECT from a foreign table of the server.",
        "DROP USER MAPPING …, or DROP SERVER … CASCADE.";
    FOREIGN_TABLE = "foreign-table", High,
        "a service's database has a foreign table or server",
        "It can read a file of the server or another database, whatever the reader's own privileges there.",
        "As a role that holds SELECT: read it.",
        "REVOKE SELECT ON the foreign table FROM the role, or `allow:` it with a reason.";
    EXTENSION = "undeclared-extension", Low,
        "an extension is installed that the manifest does not declare",
        "A trusted extension gives nothing beyond the database. One that opens connections does.",
        "\\dx in the database.",
        "Declare it under `extensions`, or DROP EXTENSION ….";
    REPLICATION_OBJECT = "replication-object", Low,
        "there is a subscription or a replication slot",
        "An unused slot retains WAL until the disk is full; a subscription of a service's role connects to other servers and databases.",
        "SELECT * FROM pg_replication_slots, pg_subscription.",
        "Drop it if it is not needed.";
    MD5 = "weak-verifier", Medium,
        "a login's password is kept as MD5",
        "The stored value works as a password: anyone who can read pg_authid or a dump can log in with it.",
        "SELECT rolpassword FROM pg_authid as superuser.",
        "`martydb apply` sets the stored password again as SCRAM-SHA-256; if the admin may not read pg_authid, use `martydb rotate`.";
    NO_PASSWORD = "no-password", Low,
        "a login of a service has no password",
        "Without a password only pg_hba.conf protects this role.",
        "SELECT rolpassword IS NULL FROM pg_authid as superuser.",
        "`martydb apply`; if the admin may not read pg_authid, `martydb rotate`.";
    NO_LIMIT = "no-connection-limit", Medium,
        "a login of a service has no connection limit",
        "A connection leak in one service can take every connection of the server.",
        "SELECT rolconnlimit FROM pg_roles.",
        "ALTER ROLE … CONNECTION LIMIT …; `martydb apply` does it.";
    LIMITS_SUM = "connection-limits-exceed-server", Low,
        "the connection limits add up to more than the server has",
        "The server can run out of connections although each service stays within its limit.",
        "Add up rolconnlimit and compare with max_connections.",
        "Raise max_connections, lower the limits, or use a connection pooler.";
    NO_TEMP_LIMIT = "no-temp-file-limit", Medium,
        "a login of a service has no limit on temporary files",
        "Temporary files can fill the disk. temp_file_limit is the only such limit that a role cannot change for itself.",
        "SHOW temp_file_limit as the login.",
        "ALTER ROLE … SET temp_file_limit = …; `martydb apply` does it if the admin may.";
    PREPARED = "prepared-transaction", Medium,
        "a prepared transaction is left over",
        "It keeps its locks and blocks VACUUM on the whole server, even after a restart, until it is ended.",
        "SELECT * FROM pg_prepared_xacts.",
        "ROLLBACK PREPARED '…' in its database.";
    SESSION = "session-outlived-revoke", High,
        "a session continues in a database to which its role can no longer connect",
        "REVOKE CONNECT, NOLOGIN, NOREPLICATION and DROP ROLE stop new sessions only; existing ones continue.",
        "SELECT pid FROM pg_stat_activity.",
        "SELECT pg_terminate_backend(pid); `verify-isolation --terminate` asks and does it.";
    SECRET = "secret-in-the-open", High,
        "a secret is in a place that every login of the server can read",
        "Comments and settings in shared catalogs and application_name can be read from every database.",
        "SELECT * FROM pg_shdescription, pg_db_role_setting, pg_stat_activity.",
        "Remove the text, and change the secret: assume that it has been read.";
    UNSEARCHED = "unsearched-text", Low,
        "some texts are too long to be searched for stored passwords",
        "martydb searches the first 65,536 characters of each function body, comment and option, and 16 MB per database.",
        "SELECT octet_length(prosrc) FROM pg_proc; SELECT octet_length(description) FROM pg_description.",
        "Shorten the texts, or search them by hand.";
    HBA_TRUST = "hba-trust", Critical,
        "pg_hba.conf accepts connections without a password",
        "Anyone who can reach the address can log in as every role that the line names, superusers included.",
        "Log in with a wrong password.",
        "Delete the line, or change its method to scram-sha-256, and reload.";
    HBA_MAP = "hba-ident-map", Critical,
        "an operating system account can log in as a service's role",
        "A process of one service on the server's host can log in as another service's role over the socket.",
        "Log in over the socket as the role without a password.",
        "Delete the line of pg_ident.conf, and reload.";
    HBA_CLEARTEXT = "hba-cleartext-password", Medium,
        "pg_hba.conf accepts passwords in clear text",
        "Anyone who can read the network traffic can read them.",
        "SELECT * FROM pg_hba_file_rules.",
        "Change the method to scram-sha-256, and reload.";
    HBA_ERROR = "hba-error", Low,
        "pg_hba.conf has a line that the server cannot read",
        "The server keeps the rules that it loaded before, and does not start again after a restart.",
        "SELECT * FROM pg_hba_file_rules WHERE error IS NOT NULL.",
        "Fix the line and reload.";
    WRONG_PASSWORD = "wrong-password-accepted", Critical,
        "a login with a wrong password was accepted",
        "The server trusts that address: anyone who can reach it can log in as that role.",
        "psql with any password.",
        "Find the line in pg_hba.conf that says trust, peer or ident, delete it, and reload.";
    REPLICATION_LOGIN = "replication-login", Critical,
        "a service's login can open a replication connection",
        "A replication connection can copy every database of the server and the verifier of every password.",
        "psql 'replication=true user=…' -c IDENTIFY_SYSTEM.",
        "ALTER ROLE … NOREPLICATION, and no replication line for it in pg_hba.conf.";
    GUESSABLE = "guessable-password", High,
        "a login's password can be guessed",
        "The names of the role and the service and common words are the first that an attacker tries.",
        "Log in with it.",
        "`martydb rotate`.";
    REUSED = "reused-password", High,
        "two logins have the same password",
        "Anyone who knows one service's password knows the other's.",
        "Compare the entries of the secret store.",
        "`martydb rotate` both.";
    IN_DATABASE = "own-database-reach", Medium,
        "a login can do something in its own database that its kind of role should not",
        "martydb saw it in a session of that login: it asked the server, or ran a statement and rolled it back.",
        "As the login: run the statement of the evidence, and roll back.",
        "`martydb apply` revokes what is not declared.";
    ALLOW_UNUSED = "allow-unused", Low,
        "an entry under `allow:` has expired or matches nothing",
        "An exception that is no longer needed hides the next mistake.",
        "Look at the entry in the manifest.",
        "Delete the entry.";
}
