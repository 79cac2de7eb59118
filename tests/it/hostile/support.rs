//! A server with a hostile service, `red`, and an innocent one, `blue`; every run of the binary is watched.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use super::fingerprint::{Fingerprint, ask};
use crate::support::{ADMIN_PASSWORD, Admin, Done, Project, Server};

const BAITS: &str = include_str!("baits.sql");
const UNBAIT: &str = include_str!("unbait.sql");
const OPERATOR: &str = include_str!("operator.sql");

/// One bait of the library.
pub(crate) struct Bait {
    /// Its name.
    pub name: String,
    /// Statements that plant it.
    pub sql: String,
    /// Statement that runs it.
    pub spring: Option<String>,
}

/// The baits that a major version knows.
pub(crate) fn baits(library: &str, major: u32) -> Vec<Bait> {
    let sections = library.split("\n-- bait ").skip(1);
    sections.filter_map(|section| bait(section, major)).collect()
}

fn bait(section: &str, major: u32) -> Option<Bait> {
    let (title, body) = section.split_once('\n').unwrap();
    let (name, since) = title.split_once(" since=").unwrap_or((title, "0"));
    let spring = body.lines().find_map(|line| line.strip_prefix("-- spring: ")).map(str::to_owned);
    (major >= since.parse().unwrap()).then(|| Bait { name: name.into(), sql: body.into(), spring })
}

/// Changes that a command may make; everything else must stay as it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// Prefixes of the keys of a [`Fingerprint`] that may be new, changed or gone.
    pub change: &'static [&'static str],
    /// `true` if it installs an extension, whose objects are the superuser's.
    pub install: bool,
}

/// Nothing at all.
pub(crate) const NOTHING: Allowed = Allowed { change: &[], install: false };

/// Settings that a login may set for itself, to the harm of a reader that expects every session to have the same settings.
const SETTINGS: &[&str] = &[
    "search_path = public, bait, pg_catalog",
    "default_transaction_read_only = on",
    "row_security = on",
    "DateStyle = German",
    "quote_all_identifiers = on",
    "standard_conforming_strings = off",
    "client_min_messages = debug1",
    "lock_timeout = '1ms'",
    "statement_timeout = '1s'",
];

/// The two services and who provisions them.
pub(crate) struct HostileServer {
    /// The server.
    pub server: Server,
    /// The project, with `red` and `blue`.
    pub project: Project,
    /// Admin that provisions.
    pub admin: Admin,
    loot: tempfile::TempDir,
    /// The server after the last command; nothing where something else has touched it since.
    last: Mutex<Option<Fingerprint>>,
}

impl HostileServer {
    /// Both services, provisioned and migrated, and no bait yet.
    pub(crate) fn without_baits(admin: Admin) -> HostileServer {
        let server = Server::for_admin(admin);
        let text = format!(
            "version: 1\nproject: hostile\nservers:\n  main: {{ url: \"{}\" }}\n\
             defaults: {{ database: \"{{service}}_db\", connection_limit: {{ migrator: 4, app: 6, readonly: 4 }} }}\n\
             services:\n  red:\n  blue:\n",
            server.url_of(admin)
        );
        let project = Project::with_manifest(&text);
        for service in ["red", "blue"] {
            let file = format!("{service}/migrations/V1__item");
            project.write(&format!("{file}.sql"), "CREATE TABLE item (id serial PRIMARY KEY, name text);\n");
            project.write(&format!("{file}.down.sql"), "DROP TABLE item;\n");
        }
        // The server's account must be able to write here: what a bait steals would lie there.
        let loot = tempfile::Builder::new().prefix("martydb-it-loot-").tempdir().unwrap();
        std::fs::set_permissions(loot.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let hostile = HostileServer { server, project, admin, loot, last: Mutex::default() };
        hostile.project.run(&["apply", "--all", "-y"]).expect(0);
        hostile.project.run(&["upgrade", "--all"]).expect(0);
        hostile.server.sql("blue_db", "INSERT INTO item (name) VALUES ('blue')");
        hostile
    }

    /// The same with every bait laid: by a migration of red, and by an operator's mistakes.
    pub(crate) fn with_baits(admin: Admin) -> HostileServer {
        let hostile = HostileServer::without_baits(admin);
        hostile.write_baits();
        // The functions of its extension and of its range types are the superuser's from the start.
        hostile.watched(&["upgrade", "-s", "red"], Allowed { change: &[], install: true }, &[0]);
        hostile.mistakes();
        hostile.in_the_admins_room();
        hostile.settings();
        hostile
    }

    /// Red's second migration and its way back.
    pub(crate) fn write_baits(&self) {
        let all = baits(BAITS, self.server.major());
        let sql: String = all.iter().map(|bait| format!("-- {}\n{}\n", bait.name, bait.sql)).collect();
        self.project.write("red/migrations/V2__bait.sql", &self.placed(&sql));
        self.project.write("red/migrations/V2__bait.down.sql", UNBAIT);
    }

    /// The text with the folder for the loot filled in.
    pub(crate) fn placed(&self, sql: &str) -> String {
        sql.replace("@FOLDER@", self.loot.path().to_str().unwrap())
    }

    /// Red with nothing but the bait's mechanism, for a test that lays its own.
    pub(crate) fn with_mechanism(admin: Admin) -> HostileServer {
        let hostile = HostileServer::without_baits(admin);
        let first = hostile.placed(&library(hostile.server.major())[0].sql);
        hostile.as_red("red_migrator", &first).unwrap();
        hostile
    }

    /// A database of no service in which red may make what it likes, and one schema of blue's that it once was given.
    pub(crate) fn lend(&self) {
        self.last.lock().unwrap().take();
        let made = self.server.sql_as(self.admin.role(), ADMIN_PASSWORD, "postgres", "CREATE DATABASE lent");
        made.unwrap();
        self.server.sql("postgres", "GRANT CREATE ON DATABASE lent TO red_owner");
        for database in ["lent", "blue_db"] {
            self.server.sql(database, include_str!("lent.sql"));
        }
        self.server.sql("lent", include_str!("member.sql"));
    }

    fn mistakes(&self) {
        self.last.lock().unwrap().take();
        let major = self.server.major();
        if major >= 17 && self.admin == Admin::Limited {
            // Without it nothing keeps such a trigger from this admin's sessions, and `doctor` asks for it.
            self.server.sql("postgres", "GRANT SET ON PARAMETER event_triggers TO adm");
        }
        for bait in baits(OPERATOR, major) {
            // Before 17 nothing keeps these from a limited admin's sessions.
            if bait.name == "event trigger" && major < 17 && self.admin == Admin::Limited {
                continue;
            }
            ask(&self.server, "red_db", &bait.sql).unwrap_or_else(|error| panic!("{}: {error}", bait.name));
        }
    }

    /// Before 15 everybody may make objects in the schema `public` of the maintenance database, which a limited admin
    /// cannot close.
    fn in_the_admins_room(&self) {
        if self.admin == Admin::Super || self.server.major() >= 15 {
            return;
        }
        let all = library(self.server.major());
        let there = all
            .iter()
            .filter(|bait| ["spring", "operator", "function", "catalog"].contains(&bait.name.as_str()));
        let sql: String = there.map(|bait| format!("{}\n;", bait.sql)).collect();
        let sql = self
            .placed(&sql)
            .replace("CREATE SCHEMA bait;", "")
            .replace("ARRAY['public', 'bait']", "ARRAY['public']");
        let password = self.project.password("red_app");
        self.server.sql_as("red_app", &password, "postgres", &sql.replace("bait.", "public.")).unwrap();
    }

    /// Settings that a login puts on itself.
    fn settings(&self) {
        if self.server.major() < 15 {
            // Any login may give itself to others there.
            self.as_red("red_app", "GRANT red_app TO blue_app, postgres").unwrap();
        }
        for login in ["red_app", "red_ro"] {
            let all: Vec<String> =
                SETTINGS.iter().map(|setting| format!("ALTER ROLE {login} SET {setting}")).collect();
            self.as_red(login, &all.join("; ")).unwrap();
        }
        let path = format!("SET ROLE NONE; ALTER ROLE red_migrator SET {}", SETTINGS[0]);
        self.as_red("red_migrator", &path).unwrap();
    }

    /// Runs SQL in red's own database as one of its logins.
    pub(crate) fn as_red(&self, login: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
        self.last.lock().unwrap().take();
        self.server.sql_as(login, &self.project.password(login), "red_db", sql)
    }

    /// Grants every bait to PUBLIC again: an earlier command may have revoked it, and the next one must meet it too.
    pub(crate) fn open(&self) {
        let sql = "SET ROLE red_owner; SET client_min_messages = error; GRANT USAGE ON SCHEMA bait, public TO PUBLIC;
                   GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bait, public TO PUBLIC;
                   GRANT INSERT ON bait.log TO PUBLIC";
        ask(&self.server, "red_db", sql).unwrap();
    }

    /// Runs the binary and demands that no bait ran as anybody but red, and nothing changed but what may.
    pub(crate) fn watched(&self, arguments: &[&str], may: Allowed, codes: &[i32]) -> Done {
        let before = self.last.lock().unwrap().take().unwrap_or_else(|| Fingerprint::take(&self.server));
        let mark = self.server.log().len();
        let done = self.project.run(arguments);
        let said = format!(
            "martydb {}\nexit {:?}\n{}\n{}",
            arguments.join(" "),
            done.code,
            done.stdout,
            done.stderr
        );
        assert!(codes.iter().any(|code| done.code == Some(*code)), "expected exit {codes:?}: {said}");
        self.unharmed(mark, &said);
        let after = Fingerprint::take(&self.server);
        before.compare(&after, may, &said);
        *self.last.lock().unwrap() = Some(after);
        done
    }

    /// The same, with the baits open again before.
    pub(crate) fn run(&self, arguments: &[&str], may: Allowed, codes: &[i32]) -> Done {
        self.open();
        self.watched(arguments, may, codes)
    }

    fn unharmed(&self, mark: usize, said: &str) {
        let stolen: Vec<String> = std::fs::read_dir(&self.loot)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let ran_baits = ran_baits(&self.server.log_since(mark));
        let others: Vec<_> = ran_baits.iter().filter(|one| !one.is_reds()).collect();
        assert!(others.is_empty(), "bait ran as another than red: {others:?}\n{said}");
        assert!(stolen.is_empty(), "files were made: {stolen:?}\n{said}");
    }
}

/// A bait that has run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RanBait {
    /// Name of the planted object.
    pub name: String,
    /// Login of the session.
    pub login: String,
    /// As whom it ran.
    pub actor: String,
}

impl RanBait {
    fn is_reds(&self) -> bool {
        self.login.starts_with("red_") && self.actor.starts_with("red_")
    }
}

/// Returns the planted objects that ran, according to the server's log.
pub(crate) fn ran_baits(log: &str) -> BTreeSet<RanBait> {
    let lines = log.lines().filter_map(|line| line.split_once(" LOG:  BAIT <"));
    let one = |rest: &str| {
        let parts: Vec<&str> = rest.trim_end_matches('>').split("> <").collect();
        RanBait { name: parts[0].into(), login: parts[1].into(), actor: parts[2].into() }
    };
    lines.map(|(_, rest)| one(rest)).collect()
}

/// The whole library.
pub(crate) fn library(major: u32) -> Vec<Bait> {
    baits(BAITS, major)
}
