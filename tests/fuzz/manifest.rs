//! The manifest: whatever two files say, an error with a place or a desired state whose SQL keeps its quotes.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::Path;

use martydb_manifest as manifest;
use martydb_migrate::files::source::judge;
use martydb_model::environment::Environment;
use martydb_model::{ActualServer, Admin, DesiredServer};
use martydb_plan::{PASSWORDLESS, Selection, StoredLogins, diff, script};

use super::engine::{Target, fuzz};

/// Between the base and the overlay.
const OVERLAY: &str = "\n#---overlay---\n";

const EVERYTHING: &str = "version: 1\nproject: x\nservers:\n  main: { url: \"postgresql://${DB_USER:-a}:p%20w@h:5432/postgres?sslmode=require\", close_maintenance: false, database_owner: dba }\n  other: { embedded: auto, port: 15432, url: \"postgresql:///x?host=/tmp\" }\nsecrets: { provider: command, get: [a, \"{role}\"], set: [b, \"{service}\"], timeout: 10s }\ndefaults:\n  server: main\n  database: \"{service}\"\n  migrations: \"{service}/migrations\"\n  schemas: [public, other]\n  roles: { owner: \"{service}_o\" }\n  connection_limit: { migrator: 5, app: 50, readonly: 10 }\n  settings: { lock_timeout: 5s, temp_file_limit: 1GB }\n  extensions: [citext]\n  prune: true\nservices:\n  csca: &a { database: 'marty \"csca\"', roles: { app: \"{service}_x\" }, schemas: [public, other] }\n  pkd:\n    <<: *a\n    database: |\n      two\nallow:\n  - { finding: public-connect, reason: because, until: 2027-01-31, object: \"x y\" }\n";

const TOKENS: &[&str] = &[
    "${",
    "}",
    "$$",
    "${A:-${B}}",
    "${DB_USER}",
    "{service}",
    "{n}",
    "{n:03}",
    "count: 3",
    "include: [a.yaml]",
    "parameters: { encoding: UTF8 }",
    "{",
    "&a",
    "*a",
    "<<: *a",
    "!!binary ",
    "!x ",
    "|",
    ">-",
    "- ",
    ": ",
    "\t",
    "\"",
    "'",
    "\\",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "99999999999999999999",
    "-1",
    "0x1f",
    "1e999",
    ".nan",
    "null",
    "~",
    "true",
    "[",
    "]",
    "---\n",
    "...\n",
    "#",
    "\r",
    "? ",
    "é",
    "🔑",
    "\n",
    "\n  ",
    ",",
    "%",
    "%25",
    "@",
    "://",
    "?sslmode=",
    "postgresql://",
    "version: 1\n",
    "services:\n",
    "pg_",
    "public",
    "x\"; DROP ROLE y; --",
    OVERLAY,
];

fn run(bytes: &[u8]) -> Vec<String> {
    thread_local! { static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() }; }
    FOLDER.with(|folder| load(folder.get_or_init(|| tempfile::tempdir().unwrap()).path(), bytes))
}

fn load(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let cut = bytes.windows(OVERLAY.len()).position(|window| window == OVERLAY.as_bytes());
    let (base, overlay) = bytes.split_at(cut.unwrap_or(bytes.len()));
    let (path, over) = (folder.join("m.yaml"), folder.join("m.development.yaml"));
    std::fs::write(&path, base).unwrap();
    match cut {
        Some(_) => std::fs::write(&over, overlay).unwrap(),
        None => drop(std::fs::remove_file(&over)),
    }
    let variables: Environment = [("A", "a"), ("DB_USER", "it's \"me\""), ("DB_PORT", "70000")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    match manifest::load(&manifest::ManifestPath::named(&path), "development", &variables) {
        Ok(manifest) => manifest.servers.keys().map(|server| planned(&manifest.desired(server))).collect(),
        Err(error) => {
            let told = format!("{error:?}");
            assert!(!error.message.is_empty());
            // Spoilt text may no longer look like a URL; what does, is not quoted.
            assert!(!told.split("://").skip(1).any(|url| url.contains("p%20w")), "{told}");
            vec![error.message.rsplit('/').next().unwrap_or_default().to_owned()]
        }
    }
}

/// Every step's SQL is one statement to a reader that knows quotes: no name has left its own.
fn planned(desired: &DesiredServer) -> String {
    let admin = Admin { name: "it's \"me\"".into(), createdb: true, createrole: true, ..Admin::default() };
    let actual =
        ActualServer { version: 160_000, admin, maintenance: "postgres".into(), ..ActualServer::default() };
    let plan = diff(desired, &actual, &StoredLogins::These(BTreeSet::new()), &Selection::all(desired));
    for step in &plan.steps {
        let sql = script(&step.action, 16, &PASSWORDLESS).to_string();
        let (source, problems) = judge(Path::new("x"), sql.clone().into_bytes()).unwrap();
        // A table of records comes with its index and its policies, whose text is martydb's own.
        let is_of_records = sql.starts_with("CREATE TABLE \"martydb_serve\".");
        assert!(source.statements.len() == 1 || is_of_records, "{sql}");
        let open = problems.iter().find(|problem| problem.what.contains("never closed"));
        assert_eq!(open, None, "{sql}");
    }
    format!("{} steps", plan.steps.len().min(30))
}

#[test]
fn no_manifest_makes_it_panic() {
    let shipped = [
        include_str!("../../services/manifest.yaml"),
        include_str!("../../services/manifest.production.yaml"),
        include_str!("../../examples/movie-booking/martydb.yaml"),
        EVERYTHING,
    ];
    let with_overlay = format!(
        "{EVERYTHING}{OVERLAY}services:\n  csca: {{ database: test }}\n  more: {{ prune: true }}\nproject: other\n"
    );
    let seeds = shipped.into_iter().chain([&*with_overlay]).map(|text| text.as_bytes().to_vec()).collect();
    fuzz(&Target { name: "manifest", seeds, tokens: TOKENS, run });
}
