//! The databases, the roles that use them, and what each role can do there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{ADMIN_PASSWORD, Server};

/// Of every role here but the admins.
pub(crate) const PASSWORD: &str = "of those who are here";

/// Ours, in tests/live.
const OWN: [&str; 2] = ["tenants", "offices"];

/// Script of one of the databases.
fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/live/{name}.sql"));
    std::fs::read_to_string(path).unwrap()
}

/// Roles that use each database; the first owns it, the last holds privileges that no manifest names.
pub(crate) const ROLES: [&str; 5] = ["old", "clerk", "analyst", "guest", "left"];

/// A statement with the first value that it returns, or nothing.
pub(crate) struct Round {
    pub sql: String,
    pub gives: Option<String>,
}

pub(crate) struct Database {
    pub name: String,
    pub schemas: Vec<String>,
    extensions: Vec<String>,
    /// Statements that each of [`ROLES`] can execute.
    pub rounds: [Vec<Round>; 4],
}

impl Database {
    pub(crate) fn role(&self, who: &str) -> String {
        format!("{}_{who}", self.name)
    }

    pub(crate) fn service(&self) -> String {
        let list =
            |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let Database { name, schemas, extensions, .. } = self;
        format!(
            "  {name}: {{ database: {name}, schemas: [{}], extensions: [{}] }}\n",
            list(schemas),
            list(extensions)
        )
    }

    /// The group of those who write, the group of those who read, and a login with access by PUBLIC only.
    pub(crate) fn access(&self) -> String {
        let name = &self.name;
        format!(
            "  {name}_staff: {{ group: true, members: [{name}_clerk], write: [{name}], reason: work }}\n  \
             {name}_reports: {{ group: true, members: [{name}_analyst], read: [{name}], reason: reports }}\n  \
             {name}_guest: {{ login: true, read: [{name}], reason: a look now and then }}\n"
        )
    }

    pub(crate) fn declared(&self) -> [String; 4] {
        ["old", "clerk", "analyst", "guest"].map(|who| self.role(who))
    }
}

pub(crate) fn load(server: &Server) -> Vec<Database> {
    let own = OWN.iter().map(|name| make(server, name, |owner| of_ours(server, name, owner, &script(name))));
    let others = std::env::var_os("ADOPT_DATABASES").map(PathBuf::from).into_iter().flat_map(|folder| {
        let mut all: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    });
    let others = others.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        make(server, &name, |owner| by_psql(server, &name, owner, &path))
    });
    own.chain(others).collect()
}

fn make(server: &Server, name: &str, fill: impl Fn(&str)) -> Database {
    for who in ROLES {
        server.sql("postgres", &format!("CREATE ROLE {name}_{who} LOGIN PASSWORD '{PASSWORD}'"));
    }
    let owner = format!("{name}_old");
    server.sql(
        "postgres",
        &format!(
            "CREATE ROLE {name}_staff ROLE {name}_clerk; CREATE ROLE {name}_reports ROLE {name}_analyst"
        ),
    );
    if server.major() >= 16 {
        // A limited admin needs this grant, and would request it.
        server.sql(
            "postgres",
            &format!(
                "GRANT {owner}, {name}_staff, {name}_reports TO adm WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            ),
        );
    }
    server.sql("postgres", &format!("CREATE DATABASE {name} OWNER {owner}"));
    if server.major() >= 15 {
        server.sql(name, &format!("ALTER SCHEMA public OWNER TO {owner}"));
    }
    fill(&owner);
    let list = |sql: &str| server.sql(name, sql).into_iter().flatten().collect::<Vec<_>>();
    let schemas = list(
        "SELECT nspname FROM pg_namespace n WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid AND n.nspname <> 'public')
         ORDER BY nspname <> 'public', nspname",
    );
    let extensions = list("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1");
    let mut made = Database { name: name.to_owned(), schemas, extensions, rounds: Default::default() };
    grant(server, &made);
    made.rounds = ["old", "clerk", "analyst", "guest"].map(|who| possible(server, &made, who));
    for (who, rounds) in ROLES.iter().zip(&made.rounds) {
        assert!(!rounds.is_empty(), "{name}: {who} can do nothing");
    }
    made
}

fn of_ours(server: &Server, name: &str, owner: &str, sql: &str) {
    for line in lines(sql, "superuser") {
        server.sql(name, line);
    }
    server.sql(name, &format!("SET ROLE {owner}; {sql}"));
}

fn lines<'a>(sql: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let start = format!("-- {key}: ");
    sql.lines().filter_map(move |line| line.strip_prefix(&start))
}

/// Files of others hold what only psql reads.
fn by_psql(server: &Server, name: &str, owner: &str, path: &Path) {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
    }
    let mut psql = Command::new("psql");
    psql.args([
        "-XAtq",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "127.0.0.1",
        "-p",
        &server.port.to_string(),
        "-U",
        "postgres",
        "-d",
        name,
    ]);
    psql.args(["-c", &format!("SET session_replication_role = replica; SET ROLE {owner}")]);
    for file in files {
        psql.arg("-f").arg(file);
    }
    let done = psql
        .env("PGPASSWORD", ADMIN_PASSWORD)
        .env("PGOPTIONS", "-c client_min_messages=error")
        .output()
        .unwrap();
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Rows that the clients write are counted; the other privileges are usual in such databases.
fn grant(server: &Server, made: &Database) {
    let (name, first, all) = (&made.name, &made.schemas[0], made.schemas.join("\", \""));
    server.sql(
        name,
        &format!(
            "SET ROLE {name}_old;
             CREATE TABLE \"{first}\".live_written (client int NOT NULL, n int NOT NULL, PRIMARY KEY (client, n));
             CREATE TABLE \"{first}\".live_open AS SELECT g AS n FROM generate_series(1, 50) g;
             GRANT USAGE ON SCHEMA \"{all}\" TO {name}_staff, {name}_reports;
             GRANT USAGE ON SCHEMA \"{first}\" TO PUBLIC;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"{all}\" TO {name}_staff;
             GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA \"{all}\" TO {name}_staff;
             GRANT SELECT ON ALL TABLES IN SCHEMA \"{all}\" TO {name}_reports, {name}_left;
             GRANT SELECT ON \"{first}\".live_open TO PUBLIC;"
        ),
    );
}

/// Returns the statements that the role can execute today: the application's own rounds, a read of each relation, and
/// an update of each table that is rolled back.
fn possible(server: &Server, made: &Database, who: &str) -> Vec<Round> {
    let own = if OWN.contains(&made.name.as_str()) { script(&made.name) } else { String::new() };
    let own: Vec<String> = lines(&own, "round").filter(|_| who == "old").map(str::to_owned).collect();
    let generic = server.sql(
        &made.name,
        "SELECT format('SELECT count(*) FROM %I.%I', n.nspname, c.relname),
           CASE WHEN relkind = 'r' THEN (SELECT format('BEGIN; UPDATE %1$I.%2$I SET %3$I = %3$I WHERE ctid = ANY(ARRAY(
               SELECT ctid FROM ONLY %1$I.%2$I LIMIT 1 FOR UPDATE SKIP LOCKED)); ROLLBACK', n.nspname, c.relname, a.attname)
             FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum DESC LIMIT 1) END
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND c.relname <> 'live_written' ORDER BY c.oid",
    );
    let generic = generic.into_iter().flatten().filter(|sql| !sql.is_empty());
    let written: Vec<String> = own.iter().cloned().chain(generic).collect();
    let role = made.role(who);
    let answers = server.each_as(&role, PASSWORD, &made.name, &written);
    let tried = written.into_iter().zip(answers).filter_map(|(sql, gives)| {
        let gives = gives.ok()?;
        let reads = sql.starts_with("SELECT") && !sql.contains("nextval");
        let gives = reads.then(|| gives.into_iter().flatten().last().unwrap_or_default());
        Some(Round { sql, gives })
    });
    let tried: Vec<Round> = tried.collect();
    for sql in own {
        assert!(tried.iter().any(|round| round.sql == sql), "{role} cannot: {sql}");
    }
    tried
}
