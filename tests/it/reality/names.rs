//! Names of any kind: they work end to end, or the manifest is refused before any server is asked.

use std::sync::{Mutex, OnceLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Admin, Project, Server};

/// Names that something treats specially: the grammar, the catalogs, a setting, a URL, a shell.
const AWKWARD: &[&str] = &[
    "select", "user", "public", "none", "current_user", "pg_x", "PG_x", "Postgres", "postgres", "template1",
    "a b", " a", "a ", "it's", "say \"x\"", "\"", "''", "a\\b", "a.b", "a,b", "a;b", "--", "/*", "$user",
    "$$x$$", "%s", "a=b", "a/b", "a@b:c", "ünïcödé", "🔑", "Ω≈ç", "replication", "all", "samerole",
    "information_schema", "martydb", "a\tb", "123", "-", "", "x\u{7f}",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(AWKWARD).prop_map(str::to_owned),
        2 => "[A-Za-z0-9 _\"'\\\\;.,%@:/=<>🔑é-]{1,24}",
        1 => "[a-zA-Z]{60,66}",
        1 => "é{30,33}",
    ]
}

/// Names of a service's database, four roles and one schema.
fn names() -> impl Strategy<Value = [String; 6]> {
    [name(), name(), name(), name(), name(), name()]
}

/// `$` begins a variable in a manifest, and a doubled one is itself.
fn value(name: &str) -> Value {
    name.replace('$', "$$").into()
}

/// JSON is YAML.
fn manifest(url: &str, names: Option<&[String; 6]>) -> String {
    let mut services = json!({ "keep": {} });
    if let Some([database, owner, migrator, app, readonly, schema]) = names {
        services["odd"] = json!({
            "database": value(database),
            "roles": { "owner": value(owner), "migrator": value(migrator), "app": value(app), "readonly": value(readonly) },
            "schemas": [value(schema)],
        });
    }
    let main = json!({ "url": url });
    json!({ "version": 1, "project": "odd", "servers": { "main": main }, "services": services }).to_string()
}

/// One for each kind of admin: what one of them made, the other may not enter.
fn server(admin: Admin) -> &'static Server {
    static SERVERS: [OnceLock<Server>; 2] = [OnceLock::new(), OnceLock::new()];
    SERVERS[usize::from(admin == Admin::Limited)].get_or_init(Server::with_both_admins)
}

/// Returns whether the names were taken.
fn end_to_end(admin: Admin, names: &[String; 6]) -> bool {
    // The tests of this file share the servers, and a project sees all that is there.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let nowhere = "postgresql://absent@127.0.0.1:1/postgres?sslmode=disable";
    let project = Project::with_manifest(&manifest(nowhere, Some(names)));
    let offline = project.run(&["plan"]);
    if offline.code == Some(2) {
        assert!(offline.stderr.contains("martydb.yaml"), "{offline:?}");
        assert!(!offline.stderr.contains("panicked"), "{offline:?}");
        return false;
    }
    assert_eq!(offline.code, Some(5), "{names:?}: {offline:?}");
    project.write("martydb.yaml", &manifest(&server(admin).url_of(admin), Some(names)));
    project.run(&["apply", "--all", "-y", "--reset-passwords"]).expect(0);
    project.run(&["plan", "--check", "--check-logins"]).expect(0);
    let [database, _, migrator, app, _, _] = names;
    let as_role = |role: &String, sql: &str| {
        let done = server(admin).sql_as(role, &project.password(role), database, sql);
        done.unwrap_or_else(|state| panic!("{names:?}: {role}: {sql}: {state}"))
    };
    as_role(migrator, "CREATE TABLE item (id int)");
    as_role(app, "INSERT INTO item VALUES (1)");
    project.run(&["plan", "--check"]).expect(0);
    project.write("martydb.yaml", &manifest(&server(admin).url_of(admin), None));
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    true
}

fn cases(default: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    ProptestConfig { cases, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn s22_every_name_works_end_to_end_or_is_refused_offline(names in names(), limited in any::<bool>()) {
        let admin = if limited { Admin::Limited } else { Admin::Super };
        end_to_end(admin, &names);
    }
}

#[test]
fn s22_quotes_capitals_dashes_and_63_bytes_work() {
    let long = |letter: &str, bytes: usize| letter.repeat(bytes);
    let taken = [
        // Two bytes of a login are kept for its alternate login, `<role>_b`.
        [long("d", 63), long("o", 63), long("m", 61), long("a", 61), long("r", 61), long("s", 63)],
        ["My \"Data\" Base", "Own🔑'er", "Mi-gra\"tor", "A p p", "rëadΩonly", "Sch\"ema, x🔑"]
            .map(str::to_owned),
        ["select", "table", "user", "from", "where", "order"].map(str::to_owned),
    ];
    for names in taken {
        for admin in [Admin::Super, Admin::Limited] {
            assert!(end_to_end(admin, &names), "{names:?}");
        }
    }
}

#[test]
fn s22_64_bytes_and_reserved_names_are_refused_offline() {
    let good = ["d", "o", "m", "a", "r", "s"].map(str::to_owned);
    let bad: &[(usize, &str)] = &[
        (0, "postgres"),
        (0, "pg_x"),
        (1, "public"),
        (2, "none"),
        (3, "pg_monitor"),
        (4, ""),
        (5, "pg_catalog"),
        (5, "information_schema"),
        (5, "martydb"),
        (5, "$user"),
        (2, "🔑"),
        (0, &"x".repeat(64)),
        (1, &"é".repeat(32)),
    ];
    for (place, name) in bad {
        let mut names = good.clone();
        names[*place] = (*name).to_owned();
        assert!(!end_to_end(Admin::Super, &names), "{names:?}");
    }
    // Two names that PostgreSQL would cut to one.
    let (one, two) = (format!("{}1", "x".repeat(63)), format!("{}2", "x".repeat(63)));
    let [database, owner, .., schema] = good;
    assert!(!end_to_end(Admin::Super, &[database, owner, "m".into(), one, two, schema]));
}
