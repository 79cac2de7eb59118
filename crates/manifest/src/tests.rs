//! Manifests as users write them, and the messages for invalid ones.

use std::path::Path;

use super::*;
use martydb_model::error::{Error, Kind};
use martydb_model::{DownFiles, Label, RoleKind, ServiceFilter, ServiceName};

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Folder(folder)
    }

    fn load(&self, env: &str, variables: &[(&str, &str)]) -> Result<Manifest> {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        super::load(&ManifestPath::named(self.0.path().join("m.yaml")), env, &variables)
    }
}

fn load(text: &str) -> Result<Manifest> {
    Folder::with(&[("m.yaml", text)]).load("development", &[])
}

/// Returns the message without the temporary folder.
fn message(error: &Error) -> String {
    let at = error.message.find("m.yaml").or(error.message.find("m.testing.yaml")).unwrap_or(0);
    error.message[at..].to_owned()
}

const SMALL: &str = "version: 1\nservices:\n  csca:\n  pkd-2: { database: marty_pkd }\n";

#[test]
fn defaults_and_templates_are_filled_in() {
    let manifest = load(SMALL).unwrap();
    let csca = &manifest.services[&ServiceName::new("csca").unwrap()];
    assert_eq!(csca.database.as_str(), "csca");
    assert_eq!(csca.role(RoleKind::Readonly).as_str(), "csca_ro");
    assert_eq!(csca.connection_limit[&RoleKind::App], 50);
    assert_eq!(csca.settings["lock_timeout"], "5s");
    assert!(csca.migrations.ends_with("csca/migrations"));
    assert_eq!(manifest.services.len(), 2);
    assert_eq!(manifest.servers["main"].location, ServerLocation::Embedded { port: None });
}

#[test]
fn a_history_is_kept_in_the_schema_martydb_or_in_one_of_the_services_own() {
    let text = "version: 1\nservices:\n  a: {}\n  b: { history: { schema: public } }\n  \
                c: { schemas: [app, ext], extensions: [{ name: hstore, schema: ext }], history: { schema: KEPT } }\n";
    let manifest = load(&text.replace("KEPT", "app")).unwrap();
    let places: Vec<_> = manifest.services.values().map(|one| one.history_schema.as_str()).collect();
    assert_eq!(places, ["martydb", "public", "app"]);
    for other in ["ext", "nowhere"] {
        let error = load(&text.replace("KEPT", other)).unwrap_err();
        assert!(message(&error).ends_with(&format!("schema \"{other}\" is not a schema of c")), "{error}");
        assert_eq!(error.hints, ["one of: app, martydb"]);
    }
}

#[test]
fn a_map_is_merged_with_the_defaults() {
    let text = "version: 1\ndefaults: { settings: { work_mem: 8MB, lock_timeout: 2s }, connection_limit: { app: 7 } }\n\
                services: { a: { settings: { lock_timeout: 9s }, connection_limit: { readonly: 3 } } }\n";
    let manifest = load(text).unwrap();
    let a = manifest.services.values().next().unwrap();
    assert_eq!(a.settings["lock_timeout"], "9s");
    assert_eq!(a.settings["work_mem"], "8MB");
    assert_eq!(a.settings["temp_file_limit"], "1GB");
    assert_eq!(a.connection_limit[&RoleKind::App], 7);
    assert_eq!(a.connection_limit[&RoleKind::Readonly], 3);
}

#[test]
fn an_overlay_wins_key_by_key_and_errors_name_its_file() {
    let over = "services:\n  csca: { database: csca_test }\nproject: other\n";
    let folder = Folder::with(&[("m.yaml", SMALL), ("m.testing.yaml", over)]);
    let manifest = folder.load("testing", &[]).unwrap();
    assert_eq!(manifest.services[&ServiceName::new("csca").unwrap()].database.as_str(), "csca_test");
    assert_eq!(manifest.project, "other");

    let wrong = Folder::with(&[("m.yaml", SMALL), ("m.testing.yaml", "services:\n  csca: { databse: x }\n")]);
    let error = wrong.load("testing", &[]).unwrap_err();
    assert_eq!(message(&error), "m.testing.yaml:2:11: unknown key \"databse\"");
}

#[test]
fn both_forms_of_migrations_stand_over_each_other() {
    let base = "version: 1\ndefaults: { migrations: { down: optional } }\n\
                services: { a: { migrations: sql }, b: { migrations: { path: sql, down: none } } }\n";
    let over = "services: { a: { migrations: { down: none } }, b: { migrations: other } }\n";
    let folder = Folder::with(&[("m.yaml", base), ("m.testing.yaml", over)]);
    let found = |env: &str| -> Vec<(String, DownFiles)> {
        let services = folder.load(env, &[]).unwrap().services.into_values();
        services.map(|one| (one.migrations.file_name().unwrap().to_string_lossy().into(), one.down)).collect()
    };
    let row = |folder: &str, down: DownFiles| (folder.to_owned(), down);
    assert_eq!(found("development"), [row("sql", DownFiles::Optional), row("sql", DownFiles::None)]);
    assert_eq!(found("testing"), [row("sql", DownFiles::None), row("other", DownFiles::None)]);
}

#[test]
fn an_overlay_with_another_provider_replaces_the_keys_of_the_first() {
    let base = format!("{SMALL}secrets: {{ provider: file, path: \"x/{{env}}.yaml\" }}\n");
    let over = "secrets: { provider: env, name: \"{SERVICE}_{ROLE}\" }\n";
    let folder = Folder::with(&[("m.yaml", &base), ("m.testing.yaml", over)]);
    let expected = SecretsSpec::Env { name: "{SERVICE}_{ROLE}".into() };
    assert_eq!(folder.load("testing", &[]).unwrap().secrets, expected);
}

#[test]
fn an_environment_without_a_file_is_refused() {
    let folder = Folder::with(&[("m.yaml", SMALL), ("m.production.yaml", "project: p\n")]);
    let error = folder.load("prodution", &[]).unwrap_err();
    assert_eq!(error.hints, ["did you mean \"production\"?"]);
}

#[test]
fn variables_become_numbers_and_booleans_too() {
    let text = "version: 1\nservers: { main: { embedded: auto, port: \"${P}\", url: \"postgresql://${U:-adm}@${DB_HOST:-x}:${P}/postgres?sslmode=verify-full\" } }\nservices: { a: { connection_limit: { app: \"${N:-4}\" } } }\n";
    let folder = Folder::with(&[("m.yaml", text)]);
    let embedded = folder.load("development", &[("P", "6000")]).unwrap();
    assert_eq!(embedded.servers["main"].location, ServerLocation::Embedded { port: Some(6000) });
    let external = folder.load("development", &[("P", "6000"), ("DB_HOST", "db")]).unwrap();
    let ServerLocation::Url(url) = &external.servers["main"].location else { panic!("DB_HOST was set") };
    assert_eq!((url.host.as_str(), url.port, url.user.as_str()), ("db", 6000, "adm"));
    assert_eq!(url.tls.mode, martydb_pg::wire::TlsMode::VerifyFull);
}

#[test]
fn every_mistake_names_its_place_and_touches_nothing() {
    let long = "r".repeat(60);
    let long_role = format!("version: 1\nservices:\n  a: {{ roles: {{ app: {long}_app }} }}\n");
    let twinless = format!("version: 1\nservices:\n  a: {{ roles: {{ migrator: {long}__ }} }}\n");
    let cases: &[(&str, &str)] = &[
        ("version: 1\nservies: {}\n", "m.yaml:2:1: unknown key \"servies\""),
        ("version: 2\nservices: { a: }\n", "m.yaml:1:1: version 2 is unknown, this martydb reads 1"),
        ("version: 1\nversion: 1\n", "m.yaml:2:1: the key \"version\" is repeated"),
        (
            "version: 1\nservices:\n  a: { database: x }\n  b: { database: x }\n",
            "m.yaml:4:8: database \"x\" is already that of service \"a\"",
        ),
        (
            "version: 1\nservices:\n  a:\n  b: { roles: { app: a_app } }\n",
            "m.yaml:4:8: role \"a_app\" is already a role of service \"a\"",
        ),
        (
            &long_role,
            "m.yaml:3:17: role \"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr_app\" is 64 bytes long; PostgreSQL's limit is 63",
        ),
        (
            "version: 1\nservices:\n  a: { database: \"${NOPE}\" }\n",
            "m.yaml:3:8: the variable NOPE is not set",
        ),
        (
            "version: 1\nservices:\n  Bad: {}\n",
            "m.yaml:3:3: service \"Bad\" must begin with a lowercase letter, followed by at most 40 of a-z, 0-9, _ and -",
        ),
        (
            "version: 1\nservices:\n  a: { database: postgres }\n",
            "m.yaml:3:8: database \"postgres\" belongs to the server itself",
        ),
        (
            "version: 1\nservices:\n  a: { database: pg_x }\n",
            "m.yaml:3:8: database \"pg_x\" starts with \"pg_\", which PostgreSQL reserves",
        ),
        ("version: 1\nservices:\n  a: { server: mian }\n", "m.yaml:3:8: unknown server \"mian\""),
        ("version: 1\nservices: {}\n", "m.yaml:2:1: no services are declared"),
        (
            "version: 1\nservers:\n  main: { embedded: true, url: \"postgresql://x@h/\" }\nservices: { a: }\n",
            "m.yaml:3:27: a server that martydb runs itself has no url",
        ),
        ("version: 1\nservices: { a: { schemas: [x, x] } }\n", "m.yaml:2:31: schema \"x\" is declared twice"),
        (
            "version: 1\nservices: { a: }\nallow:\n  - { finding: x, reason: \" \" }\n",
            "m.yaml:4:19: an allow entry needs a reason",
        ),
        (
            "version: 1\nservices: { a: }\nallow:\n  - { finding: nosuch, reason: x }\n",
            "m.yaml:4:7: unknown finding \"nosuch\"",
        ),
        (
            "version: 1\nservices:\n  a:\n    allow: [{ finding: nosuch, reason: x }]\n",
            "m.yaml:4:15: unknown finding \"nosuch\"",
        ),
        (
            "version: 1\nservices:\n  a: { roles: { app: postgres } }\n",
            "m.yaml:3:17: role \"postgres\" administers the server, and cannot be a service's",
        ),
        (
            "version: 1\nservices:\n  a: { roles: { app: \"a,b\" } }\n",
            "m.yaml:3:17: role \"a,b\" contains a comma or an equals sign, and could not log in with SCRAM",
        ),
        (
            "version: 1\nservices:\n  a: { roles: { readonly: \"a\\u200ebc\\u0007\" } }\n",
            "m.yaml:3:17: role \"a\u{200e}bc\u{7}\" contains characters that a login's name cannot have (SASLprep, RFC 4013)",
        ),
        (
            &twinless,
            "m.yaml:3:17: role \"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr__\" is 62 bytes long, and a login may have 61",
        ),
        ("", "m.yaml:1:1: the file is empty"),
        ("- a\n", "m.yaml:1:1: expected keys and values"),
    ];
    for (text, expected) in cases {
        let error = load(text).unwrap_err();
        assert_eq!(error.kind, Kind::Manifest);
        assert_eq!(&message(&error), expected, "{text}");
    }
    let broken = load("version: [1\nservices: }").unwrap_err();
    assert!(message(&broken).starts_with("m.yaml:2:"), "{broken}");
}

/// The owner never logs in: names that SCRAM cannot carry, or of up to 63 bytes, are accepted.
#[test]
fn a_failed_login_has_a_hint() {
    let long = "r".repeat(62);
    for (name, fix) in
        [("a,b", "use another character"), ("a\\u0007", "control characters"), (&long, "rotate --overlap")]
    {
        let of = |role: &str| {
            load(&format!("version: 1\nservices: {{ a: {{ roles: {{ {role}: \"{name}\" }} }} }}\n"))
        };
        let error = of("app").unwrap_err();
        assert!(error.hints.iter().any(|hint| hint.contains(fix)), "{error:?}");
        assert!(of("owner").is_ok(), "{name}");
    }
}

#[test]
fn a_mistyped_key_gets_its_nearest_name() {
    let error = load("version: 1\nservices:\n  csca: { conection_limit: { app: 3 } }\n").unwrap_err();
    assert_eq!(error.hints, ["did you mean \"connection_limit\"?"]);
}

#[test]
fn a_key_of_former_versions_gets_the_line_that_replaces_it() {
    let text = "version: 1\ndeploy: { sealed_secrets: { certificate: c.pem } }\nservices:\n  csca:\n";
    let error = load(text).unwrap_err();
    assert!(error.message.ends_with(":2:11: unknown key \"sealed_secrets\""), "{error}");
    assert!(error.hints[0].contains(" | kubeseal "), "{error:?}");
}

#[test]
fn a_missing_file_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let error = find(None, folder.path()).unwrap_err();
    assert!(error.message.starts_with("no manifest in "), "{error}");
    assert!(find(Some(Path::new("/nowhere.yaml")), folder.path()).is_err());
}

#[test]
fn no_error_and_no_debug_print_shows_a_password() {
    let text =
        "version: 1\nservers: { main: { url: \"postgresql://u:hunter2@h:1/d?nope=1\" } }\nservices: { a: }\n";
    let error = load(text).unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
    // In a key that takes no URL, and with an unclosed variable.
    for value in ["\"postgresql://u:hunter2@h/d\"", "{ url: \"postgresql://u:hunter2${x@h/d\" }"] {
        let error =
            load(&format!("version: 1\nservers: {{ main: {value} }}\nservices: {{ a: }}\n")).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(error.message.contains('…'), "{error:?}");
    }
    let fine = load(&text.replace("?nope=1", "")).unwrap();
    assert!(!format!("{fine:?}").contains("hunter2"));
}

#[test]
fn the_schema_knows_every_key_of_the_contract() {
    let schema = json_schema();
    for key in [
        "password_env", "require_auth", "close_maintenance", "database_owner", "connection_limit", "allow",
        "until", "provider",
    ] {
        assert!(schema.contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn only_an_overlay_calls_a_server_disposable() {
    let base = "version: 1\nservers: { main: { url: \"postgresql://h\" } }\nservices: { a: }\n";
    let over = "servers: { main: { disposable: true } }\n";
    let folder = Folder::with(&[("m.yaml", base), ("m.ci.yaml", over)]);
    assert!(folder.load("ci", &[]).unwrap().servers["main"].is_disposable());
    assert!(!folder.load("development", &[]).unwrap().servers["main"].is_disposable());
    for value in ["true", "${YES}", "yes"] {
        let error = load(
            &base.replace("\"postgresql://h\"", &format!("\"postgresql://h\", disposable: \"{value}\"")),
        )
        .unwrap_err();
        assert!(error.message.contains("this file is for every environment"), "{value}: {error:?}");
    }
}

#[test]
fn services_are_chosen_by_server_and_label() {
    let text = "version: 1\nservers:\n  eu: { url: \"postgresql://eu\", labels: { region: eu, stage: prod } }\n  us: { url: \"postgresql://us\", labels: { region: us, stage: prod } }\n\
                defaults: { labels: { team: core } }\nservices:\n  a: { server: eu }\n  b: { server: us, labels: { stage: canary, tier: 1 } }\n  c: { server: us, labels: { team: shop } }\n";
    let manifest = load(text).unwrap();
    let of = |name: &str| format!("{:?}", manifest.labels[&ServiceName::new(name).unwrap()]);
    assert_eq!(of("b"), r#"{"region": "us", "stage": "canary", "team": "core", "tier": "1"}"#);
    let chosen = |servers: &[&str], labels: &[&str]| {
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let labels: Vec<Label> = labels.iter().map(|label| label.parse().unwrap()).collect();
        let all = manifest.services.values().cloned().collect();
        let found = manifest.narrow(all, ServiceFilter { servers: &servers, labels: &labels });
        found.map(|all| all.iter().map(|service| service.name.to_string()).collect::<Vec<_>>().join(" "))
    };
    for (servers, labels, expected) in [
        (&[][..], &[][..], "a b c"),
        (&["us"], &[], "b c"),
        (&["eu", "us"], &[], "a b c"),
        (&[], &["stage=prod"], "a c"),
        (&[], &["stage=prod", "stage=canary"], "a b c"),
        (&["us"], &["stage=prod", "team=shop"], "c"),
    ] {
        assert_eq!(chosen(servers, labels).unwrap(), expected, "{servers:?} {labels:?}");
    }
    for (servers, labels, message, hint) in [
        (&["uss"][..], &[][..], "unknown server \"uss\"", "did you mean \"us\"?"),
        (&[], &["stage=prd"], "no service has the label stage=prd", "did you mean \"stage=prod\"?"),
        (
            &["eu"],
            &["stage=canary", "tier=1"],
            "no service has the server eu and the label stage=canary or tier=1",
            "services: a, b, c",
        ),
    ] {
        let error = chosen(servers, labels).unwrap_err();
        assert_eq!((error.message.as_str(), error.hints), (message, vec![hint.to_owned()]));
    }
    let error = load("version: 1\nservices: { a: { labels: { region: \"e u\" } } }\n").unwrap_err();
    assert!(error.message.contains("the value \"e u\" of a label is no word"), "{error:?}");
}

#[test]
fn an_address_for_applications_comes_from_the_nearest_place() {
    let text = "version: 1\nservers:\n  main: { embedded: auto, url: \"postgresql://h\", app_url: { write: \"postgresql://${POOL}/{database}\", read: \"postgresql://replica\" } }\n\
                services:\n  a: { database: da }\n  b: { app_url: { write: \"postgresql://{service}.pool:7\" } }\n  c: { app_url: \"postgresql://c1,c2\" }\n";
    let folder = Folder::with(&[("m.yaml", text)]);
    let manifest = folder.load("development", &[("DB_HOST", "h"), ("POOL", "pool")]).unwrap();
    let said = |name: &str| {
        let urls = &manifest.app_urls[&ServiceName::new(name).unwrap()];
        let hosts = |url: &martydb_model::app_url::AppUrl| format!("{:?} {:?}", url.hosts, url.database);
        (
            urls.write.as_ref().map(hosts).unwrap_or_default(),
            urls.read.as_ref().map(hosts).unwrap_or_default(),
        )
    };
    let replica = "[(\"replica\", 5432)] None".to_owned();
    assert_eq!(said("a"), ("[(\"pool\", 5432)] Some(\"da\")".into(), replica.clone()));
    assert_eq!(said("b"), ("[(\"b.pool\", 7)] None".into(), replica));
    assert_eq!(said("c"), ("[(\"c1\", 5432), (\"c2\", 5432)] None".into(), String::new()));
    // An embedded server has no pooler.
    let manifest = folder.load("development", &[("POOL", "pool")]).unwrap();
    assert!(manifest.app_urls.values().all(|urls| *urls == Default::default()));
}
