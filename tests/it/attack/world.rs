//! A random server: roles, memberships, databases' privileges, and code and views that run with other roles' privileges.

use std::collections::BTreeSet;

use super::placing::{Place, Placed};
use super::random::Random;

/// Roles that the world makes; `boss` is a superuser.
pub(crate) const OWN: [&str; 6] = ["w0", "w1", "w2", "w3", "w4", "boss"];
pub(crate) const SERVICE: [&str; 8] =
    ["red_owner", "red_migrator", "red_app", "red_ro", "blue_owner", "blue_migrator", "blue_app", "blue_ro"];
pub(crate) const PREDEFINED: [&str; 4] =
    ["pg_read_server_files", "pg_execute_server_program", "pg_monitor", "pg_database_owner"];
/// One has the name of a role: `samerole` and `sameuser` of pg_hba.conf mean it.
pub(crate) const DATABASES: [&str; 4] = ["postgres", "w1", "red_db", "blue_db"];

/// Object that a login may call, write to or read, and its effect.
#[derive(Clone)]
pub(crate) struct Thing {
    pub database: &'static str,
    pub kind: Kind,
    /// With its schema.
    pub name: String,
    pub owner: String,
    /// Statement by which a superuser's sessions call it.
    pub visited: Option<Visited>,
    /// Part of it that a superuser's sessions use.
    pub placed: Option<Placed>,
}

/// A function that an object of a superuser calls, and what a superuser does that calls it.
#[derive(Clone)]
pub(crate) struct Visited {
    /// Arguments and result, and the end of its body where another one replaces it.
    pub signature: &'static str,
    pub returns: &'static str,
    pub visit: String,
    /// Body behind the signature.
    pub original: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A function that executes its argument with its owner's privileges.
    Runs,
    /// One that returns `trigger` and executes the row's text.
    Trigger,
    /// A table with such a trigger.
    Inbox,
    /// An updatable view of such a table: a write to it is its owner's.
    Through,
    /// A view over `pg_authid`.
    View,
    /// A function that an event trigger calls.
    Event,
    /// One that an index of a superuser's table calls.
    Indexed,
    /// Code or data that others place where a superuser uses it.
    Placed(Place),
}

pub(crate) struct World {
    pub major: u32,
    pub things: Vec<Thing>,
    /// Roles with LOGIN, those of the services too.
    pub logins: BTreeSet<String>,
    /// The database and the statement.
    pub made: Vec<(&'static str, String)>,
    pub memberships: Vec<String>,
    /// Databases in which the server's own superuser has a search path of the world's schemas.
    pub visited: BTreeSet<&'static str>,
}

impl World {
    pub(crate) fn random(random: &mut Random, major: u32) -> World {
        let services = ["app", "ro", "migrator"].iter();
        let services = services.flat_map(|kind| [format!("red_{kind}"), format!("blue_{kind}")]);
        let logins = services.collect();
        let mut world = World {
            major,
            things: vec![],
            logins,
            made: vec![],
            memberships: vec![],
            visited: BTreeSet::new(),
        };
        world.roles(random);
        world.memberships(random);
        world.database_privileges(random);
        for database in DATABASES {
            world.canaries(database);
        }
        for database in ["w1", "red_db", "blue_db"] {
            world.inside(random, database);
            if random.percent(20) {
                let path = random.of(&["s0", "s1", "s0, public", "s1, pg_catalog", "s1, s0"]);
                world.add(
                    "postgres",
                    format!("ALTER ROLE postgres IN DATABASE {database} SET search_path = {path}"),
                );
                world.visited.insert(database);
            }
        }
        world
    }

    /// Logins that attack: the world's, and two of a service.
    pub(crate) fn attackers(&self) -> Vec<String> {
        let own = OWN.iter().map(|role| (*role).to_owned()).filter(|role| self.logins.contains(role));
        own.chain(["red_app".into(), "red_ro".into()]).collect()
    }

    pub(crate) fn statements(&self) -> String {
        let made = self.made.iter().filter(|(_, statement)| !statement.contains("canary"));
        let made = made.map(|(database, statement)| format!("{database}: {statement};\n"));
        made.chain(self.memberships.iter().map(|statement| format!("{statement};\n"))).collect()
    }

    fn add(&mut self, database: &'static str, statement: String) {
        self.made.push((database, statement));
    }

    fn roles(&mut self, random: &mut Random) {
        self.add("postgres", "CREATE ROLE boss SUPERUSER NOLOGIN".into());
        for name in &OWN[..5] {
            let is_login = *name == "w0" || random.percent(50);
            if is_login {
                self.logins.insert((*name).into());
            }
            let login = if is_login { "LOGIN" } else { "NOLOGIN" };
            let inherit = if random.percent(25) { "NOINHERIT" } else { "INHERIT" };
            let create = if random.percent(8) { "CREATEROLE" } else { "NOCREATEROLE" };
            let replication = if random.percent(15) { "REPLICATION" } else { "NOREPLICATION" };
            self.add("postgres", format!("CREATE ROLE {name} {login} {inherit} {create} {replication}"));
        }
    }

    fn memberships(&mut self, random: &mut Random) {
        let rare = [&OWN[..], &SERVICE[..], &PREDEFINED[..3]].concat();
        for _ in 0..3 + random.below(4) {
            let member = random.of(&["w0", "w1", "w2", "w3", "w4", "red_app", "red_ro"]);
            let role = if random.percent(60) { random.of(&OWN[..5]) } else { random.of(&rare) };
            let options = self.membership_options(random);
            if member != role {
                // Refused where it closes a circle.
                self.memberships.push(format!(
                    "DO $$ BEGIN GRANT {role} TO {member} {options}; EXCEPTION WHEN OTHERS THEN NULL; END $$"
                ));
            }
        }
    }

    fn membership_options(&self, random: &mut Random) -> String {
        let mut option = |percent| if random.percent(percent) { "TRUE" } else { "FALSE" };
        let (inherit, set, admin) = (option(60), option(60), option(25));
        match (self.major, admin) {
            (16.., _) => format!("WITH INHERIT {inherit}, SET {set}, ADMIN {admin}"),
            (_, "TRUE") => "WITH ADMIN OPTION".into(),
            _ => String::new(),
        }
    }

    fn database_privileges(&mut self, random: &mut Random) {
        if random.percent(40) {
            let owner = random.of(&OWN[..5]);
            self.add("postgres", format!("ALTER DATABASE w1 OWNER TO {owner}"));
        }
        self.add("postgres", "GRANT CONNECT ON DATABASE w1 TO w0".into());
        for _ in 0..2 + random.below(4) {
            let database = random.of(&["w1", "w1", "red_db", "blue_db", "postgres"]);
            let role = random.of(&["w0", "w1", "w2", "w3", "w4", "w1", "w2", "red_app"]);
            let what = if random.percent(70) { "CONNECT" } else { "TEMPORARY" };
            let option = if random.percent(15) { " WITH GRANT OPTION" } else { "" };
            self.add("postgres", format!("GRANT {what} ON DATABASE {database} TO {role}{option}"));
        }
    }

    /// A table of each role that only its owner reads: a read of it proves the role's privileges.
    fn canaries(&mut self, database: &'static str) {
        let canary = "CREATE SCHEMA canary; GRANT USAGE ON SCHEMA canary TO PUBLIC; CREATE TABLE canary.box (t text); GRANT INSERT ON canary.box TO PUBLIC";
        self.add(database, canary.into());
        let every = [&OWN[..], &SERVICE[..]].concat();
        for role in &every {
            let make =
                format!("CREATE TABLE canary.of_{role} (); ALTER TABLE canary.of_{role} OWNER TO {role}");
            self.add(database, make);
        }
    }

    fn inside(&mut self, random: &mut Random, database: &'static str) {
        for at in 0..1 + random.below(2) {
            let (schema, owner) = (format!("s{at}"), owner(random, database));
            self.add(database, format!("CREATE SCHEMA {schema}; ALTER SCHEMA {schema} OWNER TO {owner}"));
            for _ in 0..1 + random.below(2) {
                let privilege = if random.percent(80) { "USAGE" } else { "CREATE" };
                let grant = format!("GRANT {privilege} ON SCHEMA {schema} TO {}", anyone(random, database));
                self.add(database, grant);
            }
            for number in 0..random.below(4) {
                let kinds = [
                    Kind::Runs,
                    Kind::Runs,
                    Kind::Trigger,
                    Kind::Inbox,
                    Kind::Through,
                    Kind::View,
                    Kind::Event,
                    Kind::Indexed,
                ];
                let kind = match random.percent(40) {
                    true => Kind::Placed(Place::ALL[random.below(Place::ALL.len())]),
                    false => kinds[random.below(kinds.len())],
                };
                self.thing(random, database, format!("{schema}.o{at}{number}"), kind);
            }
        }
    }

    fn thing(&mut self, random: &mut Random, database: &'static str, name: String, kind: Kind) {
        let owner = owner(random, database);
        let pinned = if random.percent(50) { "SET search_path = pg_catalog, pg_temp" } else { "" };
        let definer = format!("LANGUAGE plpgsql SECURITY DEFINER {pinned}");
        let fire = format!(
            "CREATE FUNCTION {name}() RETURNS trigger {definer} AS 'BEGIN EXECUTE to_jsonb(NEW)->>''t''; RETURN NULL; END'; ALTER FUNCTION {name} OWNER TO {owner}"
        );
        let invoker =
            if self.major >= 15 && random.percent(20) { "WITH (security_invoker = true)" } else { "" };
        let close = if random.percent(60) {
            format!("; REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        } else {
            String::new()
        };
        let (make, privilege) = match kind {
            Kind::Runs => (
                format!(
                    "CREATE FUNCTION {name}(q text) RETURNS void {definer} AS 'BEGIN EXECUTE q; END'; ALTER FUNCTION {name} OWNER TO {owner}{close}"
                ),
                "EXECUTE ON FUNCTION",
            ),
            Kind::Trigger => (format!("{fire}{close}"), "EXECUTE ON FUNCTION"),
            Kind::Inbox => (
                format!(
                    "CREATE TABLE {name} (t text); {fire}; REVOKE ALL ON FUNCTION {name} FROM PUBLIC; CREATE TRIGGER fire BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION {name}()"
                ),
                "INSERT ON",
            ),
            Kind::Through => {
                let of = if random.percent(60) { "boss" } else { owner.as_str() };
                let inbox = format!(
                    "CREATE TABLE {name}b (t text); {fire}; REVOKE ALL ON FUNCTION {name} FROM PUBLIC; CREATE TRIGGER fire BEFORE INSERT ON {name}b FOR EACH ROW EXECUTE FUNCTION {name}()"
                );
                let view =
                    format!("CREATE VIEW {name} AS SELECT t FROM {name}b; ALTER VIEW {name} OWNER TO {of}");
                (format!("{inbox}; {view}"), "INSERT ON")
            }
            Kind::View => (
                format!(
                    "CREATE VIEW {name} {invoker} AS SELECT rolname, rolpassword FROM pg_authid; ALTER VIEW {name} OWNER TO {owner}"
                ),
                "SELECT ON",
            ),
            Kind::Event => (
                format!(
                    "CREATE FUNCTION {name}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION {name} OWNER TO {owner}; CREATE EVENT TRIGGER {} ON ddl_command_end EXECUTE FUNCTION {name}()",
                    name.replace('.', "_")
                ),
                "EXECUTE ON FUNCTION",
            ),
            Kind::Indexed => (
                format!(
                    "CREATE FUNCTION {name}(q text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN q; END'; ALTER FUNCTION {name} OWNER TO {owner}; CREATE TABLE {name} (t text); CREATE INDEX ON {name} ({name}(t))"
                ),
                "EXECUTE ON FUNCTION",
            ),
            Kind::Placed(place) => (place.make(&name, &owner), place.privilege(random)),
        };
        self.add(database, make);
        let is_given = kind == Kind::Inbox && random.percent(40);
        if is_given {
            self.add(database, format!("ALTER TABLE {name} OWNER TO {owner}"));
        }
        let base = if kind == Kind::Through { "b" } else { "" };
        let visit = format!("INSERT INTO {name}{base} (t) VALUES ('SELECT 1')");
        let visited = match kind {
            Kind::Event => Some(Visited {
                signature: "() RETURNS event_trigger",
                returns: "",
                visit: "CREATE TEMP TABLE visit ()".into(),
                original: "LANGUAGE plpgsql AS 'BEGIN END'".into(),
            }),
            Kind::Inbox | Kind::Through if !is_given => Some(Visited {
                signature: "() RETURNS trigger",
                returns: "RETURN NULL;",
                visit,
                original: format!("{definer} AS 'BEGIN EXECUTE to_jsonb(NEW)->>''t''; RETURN NULL; END'"),
            }),
            Kind::Indexed => Some(Visited {
                signature: "(q text) RETURNS text",
                returns: "RETURN q;",
                visit,
                original: "LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN q; END'".into(),
            }),
            _ => None,
        };
        for _ in 0..random.below(3) {
            let grant = format!("GRANT {privilege} {name} TO {}", anyone(random, database));
            self.add(database, grant);
        }
        let placed = match kind {
            Kind::Placed(place) => place.placed(&name),
            _ => None,
        };
        self.things.push(Thing { database, kind, name, owner, visited, placed });
    }
}

/// Returns a role that may hold something inside `database`.
fn anyone(random: &mut Random, database: &str) -> String {
    match database.strip_suffix("_db") {
        Some(service) if random.percent(50) => format!("{service}_{}", random.of(&["app", "ro", "owner"])),
        _ if random.percent(20) => "PUBLIC".into(),
        _ => random.of(&OWN[..5]).into(),
    }
}

fn owner(random: &mut Random, database: &str) -> String {
    match database.strip_suffix("_db") {
        Some(service) if random.percent(30) => format!("{service}_owner"),
        _ if random.percent(20) => "boss".into(),
        _ => random.of(&OWN[..5]).into(),
    }
}
