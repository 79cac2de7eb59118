//! The one table of findings: what each is called, how bad it is, and what a person has to know about it.
//! `docs/findings.md` is generated from it, and a test compares the two.

use crate::probe::Severity::{self, Critical, High, Low, Medium};

/// One kind of finding.
#[derive(Debug)]
pub struct Kind {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// How bad it is as a rule; a single finding may be worse or harmless.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How to see it with one's own eyes.
    pub reproduce: &'static str,
    /// How to close it.
    pub close: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $why:literal, $reproduce:literal, $close:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: &Kind = &Kind {
                id: $id, severity: $severity, title: $title, why: $why, reproduce: $reproduce, close: $close,
            };
        )*
        /// Every kind, in the order of the documentation.
        pub const KINDS: &[&Kind] = &[$($name),*];
    };
}

kinds! {
    FOREIGN_CONNECT = "foreign-database-connect", Critical,
        "a login may connect to another service's database",
        "CONNECT is the fence around a service. Behind it everything that was granted to PUBLIC or to the login counts.",
        "Log in to the database as the role that the finding names.",
        "REVOKE CONNECT ON DATABASE … FROM the role, the group or PUBLIC; `martydb apply` does it.";
    MAINTENANCE_CONNECT = "maintenance-database-connect", Medium,
        "a service's login may enter the maintenance database",
        "All services can meet there: an extension, a function or a table in it is shared by all of them.",
        "Log in to the maintenance database as the role.",
        "REVOKE ALL ON DATABASE … FROM PUBLIC; `martydb apply` does it unless `close_maintenance` is false.";
    TEMPLATE_CONNECT = "template-database-connect", Medium,
        "a service's login may enter a template database",
        "What is put into a template is in every database that is made later.",
        "Log in to the template as the role.",
        "REVOKE ALL ON DATABASE … FROM PUBLIC.";
    UNMANAGED_CONNECT = "unmanaged-database-connect", Medium,
        "a service's login may enter a database that nobody declared",
        "A meeting room for services, or somebody's data.",
        "Log in to the database as the role.",
        "REVOKE CONNECT ON DATABASE … FROM PUBLIC or the role, or declare the database.";
    UNMANAGED_LOGIN = "unmanaged-login-connect", High,
        "a login that nobody declared may connect to a service's database",
        "Nobody rotates its password and nobody misses it: what is left of a dead service, or a stranger.",
        "Log in to the service's database as that role.",
        "REVOKE its rights, or DROP ROLE; `allow:` it with a reason if it is meant.";
    UNMANAGED_MEMBER = "unmanaged-membership", High,
        "a login that nobody declared is a member of a service's role",
        "It holds all that the service's role holds, CONNECT included.",
        "As that login: SET ROLE to the service's role.",
        "REVOKE the membership.";
    FOREIGN_MEMBER = "foreign-role-membership", Critical,
        "a role of one service can become a role of another",
        "A membership is everything the role may do. With ADMIN alone, or without INHERIT, it is one statement away.",
        "As the member: SET ROLE to the other; with ADMIN alone, GRANT it to yourself first.",
        "REVOKE the membership; `martydb apply` does it.";
    OWN_MEMBER = "own-service-membership", High,
        "a login of a service is a member of another role of the same service",
        "The app that can become the owner can drop every table, and an injection into the app can too.",
        "As the login: SET ROLE to the other.",
        "REVOKE the membership; `martydb apply` does it.";
    ADMIN_OPTION = "membership-admin-option", High,
        "a service's role may hand a role of the service to anybody",
        "Whoever holds the login's password can make every other login of the server a member.",
        "As the member (SET ROLE NONE first): GRANT the role to another service's login, and roll back.",
        "REVOKE ADMIN OPTION FOR … FROM …; `martydb apply` does it.";
    PREDEFINED = "predefined-role", High,
        "a service's role is a member of a role that PostgreSQL predefines",
        "These roles reach over the whole server or over a whole database. No service needs one.",
        "SELECT pg_has_role('role', 'pg_…', 'MEMBER').",
        "REVOKE the membership; `martydb apply` does it.";
    GROUP = "shared-group", Low,
        "a service's role is a member of a group that nobody declared",
        "The group gives nothing that is not reported by itself; it may one day.",
        "\\du as any login.",
        "REVOKE the membership; `martydb apply` does it.";
    ATTRIBUTE = "role-attribute", Critical,
        "a service's role has an attribute that no service may have",
        "SUPERUSER passes every check, REPLICATION copies the whole server, CREATEROLE takes over roles, CREATEDB makes meeting rooms, BYPASSRLS reads past row policies.",
        "SELECT * FROM pg_roles WHERE rolname = '…'.",
        "ALTER ROLE … NO…; `martydb apply` does it.";
    OWNER_LOGIN = "owner-can-log-in", High,
        "the owner of a service's objects may log in",
        "An owner is never meant to be a session of its own: it has no limits, no timeouts and no rotated password.",
        "SELECT rolcanlogin FROM pg_roles.",
        "ALTER ROLE … NOLOGIN; `martydb apply` does it.";
    UNMANAGED_POWER = "unmanaged-role-power", Medium,
        "a login that nobody declared has power over the whole server",
        "REPLICATION, CREATEROLE before 16, or a predefined role that reads files or runs programs opens every database.",
        "SELECT * FROM pg_roles; SELECT pg_has_role(…).",
        "Take the attribute or the membership away, or `allow:` it with a reason.";
    ORPHANS = "orphans-role", Medium,
        "the role that keeps what removed services owned can be used",
        "Code that a removed service wrote belongs to it, and runs with its rights. It is harmless for as long as the role is NOLOGIN, without attributes, and no member of anything.",
        "\\du of the role `<project>_orphans`.",
        "ALTER ROLE … NOLOGIN NO…; REVOKE the membership.";
    SUPERUSERS = "other-superuser", Low,
        "another superuser can log in",
        "Superusers are outside of every fence that PostgreSQL has. Know them all.",
        "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin.",
        "ALTER ROLE … NOSUPERUSER where it is not needed.";
    DATABASE_OWNER = "database-owner", High,
        "a service's database belongs to a role that may open it",
        "The owner of a database can GRANT CONNECT on it, lift its limits and drop it.",
        "As the owner: GRANT CONNECT ON DATABASE … TO …, and roll back.",
        "ALTER DATABASE … OWNER TO the admin; `martydb apply` does it for the services' own.";
    TEMPLATE_FLAG = "database-is-template", High,
        "a service's database may be copied",
        "Everybody with CREATEDB may clone a template, and the clone starts with fresh rights: CONNECT for PUBLIC.",
        "As a role with CREATEDB: CREATE DATABASE copy TEMPLATE ….",
        "ALTER DATABASE … IS_TEMPLATE false; `martydb apply` does it.";
    PUBLIC_RIGHT = "public-privilege", Medium,
        "PUBLIC holds a right in a service's database",
        "PUBLIC is every login of the server. Only the fence of CONNECT keeps strangers from using it, and readonly already can.",
        "As readonly: use the right, and roll back.",
        "REVOKE … FROM PUBLIC; `martydb apply` does it for what the owner owns.";
    FOREIGN_RIGHT = "foreign-role-in-acl", Medium,
        "a role of another service holds a right in a service's database",
        "Only CONNECT is left between the two: one more grant, and the data is read.",
        "\\dp in the service's database.",
        "REVOKE … FROM the role; `martydb apply` does it.";
    OWN_RIGHT = "undeclared-privilege", Medium,
        "a login of a service holds a right that its role in the service does not have",
        "Readonly that can TRUNCATE or attach a TRIGGER is not readonly: its code runs as whoever writes next.",
        "As the login: use the right, and roll back.",
        "REVOKE … FROM the role; `martydb apply` does it.";
    GRANT_OPTION = "grant-option", Medium,
        "a login of a service may hand a right on",
        "Whoever holds its password can give the right to everybody.",
        "As the login: GRANT the right to PUBLIC, and roll back.",
        "REVOKE GRANT OPTION FOR …; `martydb apply` does it.";
    UNMANAGED_RIGHT = "unmanaged-role-in-acl", Low,
        "a role that nobody declared holds a right in a service's database",
        "It cannot connect, so it cannot use it; nobody declared it either.",
        "\\dp in the service's database.",
        "REVOKE …; `martydb apply --prune` does it.";
    EXTENSION_RIGHT = "extension-privilege", High,
        "a right on a member of an extension goes beyond what the extension grants",
        "Extensions that read WAL, pages or statistics keep their functions to superusers for a reason: what they show is not one database's.",
        "As the role: call the function.",
        "REVOKE … FROM the role.";
    CATALOG_RIGHT = "catalog-privilege", Critical,
        "a right on one of the server's own objects goes beyond what initdb grants",
        "pg_authid holds every password's verifier, pg_read_binary_file reads every table's file. Such grants count per database, and audits that skip pg_catalog miss them.",
        "As the role: SELECT from the catalogue or call the function.",
        "REVOKE … FROM the role, in that database.";
    DEFAULT_RIGHT = "default-privilege", High,
        "objects that a migration will make are open to somebody who may not have them",
        "Nothing is open today; the next table is, and every clean-up is undone by the migration after it.",
        "As the migrator: make an object, look at its rights, roll back.",
        "ALTER DEFAULT PRIVILEGES … REVOKE …; `martydb apply` does it.";
    OBJECT_OWNER = "object-owner", Medium,
        "an object in a service's database belongs to somebody else than its owner role",
        "An owner can do everything with its object, row policies and grants included.",
        "\\d in the service's database.",
        "ALTER … OWNER TO the service's owner; `martydb apply` does it for declared kinds. What was added to an extension leaves it: ALTER EXTENSION … DROP …. Where one of the server's own objects, or what an extension's script made, has got another owner, or where martydb cannot tell, look at what it is now, and who could change it, before a superuser owns it again: functions, index expressions and rules run with their owner's rights, and `--fix` gives nothing to a superuser.";
    UNKNOWN_KIND = "unknown-object-kind", Medium,
        "rights are held on an object of a kind that martydb does not know",
        "What is not understood is not green.",
        "SELECT pg_identify_object(…).",
        "REVOKE the right, or tell us about the kind.";
    DEFINER_SUPERUSER = "definer-function", Critical,
        "a service's login may call a function that runs with foreign rights",
        "SECURITY DEFINER lends the owner's rights to the caller. Lent by a superuser they are the whole server.",
        "As the caller: call it.",
        "REVOKE EXECUTE …, or ALTER FUNCTION … OWNER TO the service's owner.";
    DEFINER_PATH = "definer-search-path", Medium,
        "a SECURITY DEFINER function does not fix its search_path",
        "The caller's temporary schema is searched first, so the caller's table stands in for the real one and its trigger runs as the function's owner.",
        "As app: CREATE TEMP TABLE with the name of a table that the function uses, and call it.",
        "ALTER FUNCTION … SET search_path = pg_catalog, the schemas it needs, pg_temp.";
    DEFINER_VIEW = "definer-view", High,
        "a view or a rule of a superuser serves a service's login",
        "A view reads, and a rule acts, with the rights of the relation's owner; a materialised view holds what its owner read.",
        "As the login: SELECT from it, or write to the table with the rule.",
        "ALTER VIEW … OWNER TO the service's owner.";
    UNTRUSTED_FUNCTION = "untrusted-function", Critical,
        "a service's login may call a function in an untrusted language",
        "Code in C, internal or an untrusted language acts as the server's own account, whoever calls it.",
        "As the caller: call it.",
        "REVOKE EXECUTE …, or DROP FUNCTION ….";
    TRUSTED_LANGUAGE = "language-trusted", Critical,
        "an untrusted language is marked as trusted",
        "Everybody who may make functions can wrap any entry point of the server: every file, every password.",
        "As the migrator: CREATE FUNCTION … LANGUAGE internal, and roll back.",
        "UPDATE pg_language SET lanpltrusted = false WHERE lanname = '…', or drop the language.";
    SHADOW = "shadowing-function", Low,
        "a function has the name and the arguments of one of the server's own",
        "A session whose search path names its schema before pg_catalog calls the wrong one. martydb's own sessions do not.",
        "\\df in the service's database.",
        "DROP FUNCTION …, or rename it.";
    EVENT_TRIGGER = "event-trigger", Low,
        "an event trigger runs in sessions of others",
        "Whoever owns its function runs code as everybody who issues DDL there, or (from 17 on) logs in, superusers included.",
        "\\dy in the database.",
        "DROP EVENT TRIGGER ….";
    FOREIGN_TRIGGER = "foreign-trigger", High,
        "a trigger calls code of somebody else than the table's owner",
        "The code runs with the rights of whoever writes to the table next: app, the migrator, a superuser.",
        "\\d of the table.",
        "DROP TRIGGER … ON ….";
    SETTING = "role-setting", Medium,
        "a setting that nobody declared is put on a service's role or database",
        "Settings choose the role a session starts as, the libraries it loads, and which fences hold.",
        "SELECT * FROM pg_db_role_setting.",
        "ALTER ROLE … RESET …; `martydb apply` does it.";
    SERVER_SETTING = "server-setting", Medium,
        "a setting of the whole server takes a fence away",
        "It holds for every service at once.",
        "SHOW the setting.",
        "ALTER SYSTEM RESET …, or edit postgresql.conf.";
    PARAMETER = "parameter-privilege", High,
        "a service's role may change a parameter that is kept to superusers",
        "ALTER SYSTEM on a parameter that runs a program is a shell; SET on others switches triggers, logs and limits off.",
        "As the role: SET or ALTER SYSTEM it, and roll back.",
        "REVOKE … ON PARAMETER … FROM the role.";
    TABLESPACE = "tablespace-privilege", Medium,
        "a service's role may use a tablespace that nobody declared for it",
        "It can fill a disk that is somebody else's.",
        "As the role: CREATE TABLE … TABLESPACE …, and roll back.",
        "REVOKE CREATE ON TABLESPACE … FROM the role.";
    USER_MAPPING = "user-mapping", Critical,
        "a user mapping lets a service's login in elsewhere",
        "The mapping's stored password is a login on another server, or on this one: another service's data inside this database.",
        "As the login: SELECT from a foreign table of the server.",
        "DROP USER MAPPING …, or DROP SERVER … CASCADE.";
    FOREIGN_TABLE = "foreign-table", High,
        "a foreign table stands in a service's database",
        "It reads a file of the server or another database past every right that is checked there.",
        "As a role that holds SELECT: read it.",
        "REVOKE SELECT ON the foreign table FROM the role, or `allow:` it with a reason.";
    EXTENSION = "undeclared-extension", Low,
        "an extension is installed that the manifest does not declare",
        "A trusted one gives the service nothing beyond its database. One that opens connections does.",
        "\\dx in the database.",
        "Declare it under `extensions`, or DROP EXTENSION ….";
    REPLICATION_OBJECT = "replication-object", Low,
        "a subscription, publication or slot exists that nobody declared",
        "A slot that nobody reads keeps WAL until the disk is full; a subscription of a service's role reaches out of its database.",
        "SELECT * FROM pg_replication_slots, pg_subscription.",
        "Drop it when nobody needs it.";
    MD5 = "weak-verifier", Medium,
        "a login's password is kept as MD5",
        "The stored value is a password itself: whoever sees pg_authid or a dump can log in with it.",
        "SELECT rolpassword FROM pg_authid as superuser.",
        "`martydb apply` sets the stored one again as SCRAM-SHA-256; an admin who may not read pg_authid takes `martydb rotate`.";
    NO_PASSWORD = "no-password", Low,
        "a login of a service has no password",
        "Only pg_hba.conf keeps strangers from being it.",
        "SELECT rolpassword IS NULL FROM pg_authid as superuser.",
        "`martydb apply`; an admin who may not read pg_authid takes `martydb rotate`.";
    NO_LIMIT = "no-connection-limit", Medium,
        "a login of a service may take every connection of the server",
        "One service's leak of connections keeps all others out.",
        "SELECT rolconnlimit FROM pg_roles.",
        "ALTER ROLE … CONNECTION LIMIT …; `martydb apply` does it.";
    LIMITS_SUM = "connection-limits-exceed-server", Low,
        "all connection limits together are more than the server has",
        "Each service keeps to its limit and yet the server can run out.",
        "Add up rolconnlimit and compare with max_connections.",
        "Raise max_connections, lower limits, or put a pooler between.";
    NO_TEMP_LIMIT = "no-temp-file-limit", Medium,
        "a login of a service may fill the disk with temporary files",
        "temp_file_limit is the only fence around the disk that a role cannot lift by itself.",
        "SHOW temp_file_limit as the login.",
        "ALTER ROLE … SET temp_file_limit = …; `martydb apply` does it where it may.";
    PREPARED = "prepared-transaction", Medium,
        "a prepared transaction is left over",
        "It holds its locks and keeps the whole server from cleaning up until somebody ends it, restarts included.",
        "SELECT * FROM pg_prepared_xacts.",
        "ROLLBACK PREPARED '…' in its database.";
    SESSION = "session-outlived-revoke", High,
        "a session goes on in a database that its role may no longer enter",
        "REVOKE CONNECT, NOLOGIN, NOREPLICATION and DROP ROLE keep new sessions out; who is in stays in.",
        "SELECT pid FROM pg_stat_activity.",
        "SELECT pg_terminate_backend(pid); `verify-isolation --terminate` asks and does it.";
    SECRET = "secret-in-the-open", High,
        "a secret stands where every login of the server can read it",
        "Comments and settings in shared catalogues and application_name are readable from every database.",
        "SELECT * FROM pg_shdescription, pg_db_role_setting, pg_stat_activity.",
        "Remove the text, and change the secret: it has been read.";
    UNSEARCHED = "unsearched-text", Low,
        "texts are too long to be searched for stored passwords",
        "Of a function's body, a comment or an option the first 65,536 characters are searched, of one database's texts 16 MB.",
        "SELECT octet_length(prosrc) FROM pg_proc; SELECT octet_length(description) FROM pg_description.",
        "Shorten the texts, or look through them by hand.";
    HBA_TRUST = "hba-trust", Critical,
        "pg_hba.conf lets somebody in without a password",
        "Whoever can reach the address is every role that the line names, superusers included.",
        "Log in with a wrong password.",
        "Delete the line, or change its method to scram-sha-256, and reload.";
    HBA_MAP = "hba-ident-map", Critical,
        "an account of the operating system may be a service's role",
        "The process of one service on the server's host is another service's role over the socket.",
        "Log in over the socket as the role without a password.",
        "Delete the line of pg_ident.conf, and reload.";
    HBA_CLEARTEXT = "hba-cleartext-password", Medium,
        "pg_hba.conf asks for passwords in the clear",
        "Who listens on the wire reads them.",
        "SELECT * FROM pg_hba_file_rules.",
        "Change the method to scram-sha-256, and reload.";
    HBA_ERROR = "hba-error", Low,
        "pg_hba.conf has a line that the server cannot read",
        "The server goes on with the rules that it loaded before; after a restart it does not start.",
        "SELECT * FROM pg_hba_file_rules WHERE error IS NOT NULL.",
        "Mend the line.";
    WRONG_PASSWORD = "wrong-password-accepted", Critical,
        "a login was let in with a wrong password",
        "The server trusts that address: everybody who reaches it is that role.",
        "psql with any password.",
        "Find the line in pg_hba.conf that says trust, peer or ident, delete it, and reload.";
    REPLICATION_LOGIN = "replication-login", Critical,
        "a service's login may open a replication connection",
        "A walsender copies every database of the server and every password's verifier.",
        "psql 'replication=true user=…' -c IDENTIFY_SYSTEM.",
        "ALTER ROLE … NOREPLICATION, and no replication line for it in pg_hba.conf.";
    GUESSABLE = "guessable-password", High,
        "a login's password can be guessed",
        "The role's name, the service's name and the usual words are the first that anybody tries.",
        "Log in with it.",
        "`martydb rotate`.";
    REUSED = "reused-password", High,
        "two logins have the same password",
        "Who knows one service's password knows the other's.",
        "Compare the entries of the secret store.",
        "`martydb rotate` both.";
    IN_DATABASE = "own-database-reach", Medium,
        "a login can do in its own database what its role may not",
        "Seen by doing it and rolling back, not by reading the catalogue.",
        "As the login: run the statement of the evidence, and roll back.",
        "`martydb apply` takes back what nobody declared.";
    ALLOW_UNUSED = "allow-unused", Low,
        "an entry under `allow:` has expired or matches nothing",
        "An exception that nobody needs any more hides the next mistake.",
        "Look at the entry in the manifest.",
        "Delete the entry.";
}
