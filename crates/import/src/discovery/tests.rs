mod proposed_names;

use super::tree::{ProjectFile, ProjectTree};
use super::*;
use crate::FolderTool;
use martydb_model::environment::Environment;

fn tree(files: &[(&str, &str)]) -> ProjectTree {
    let file = |(path, text): &(&str, &str)| ProjectFile { path: (*path).into(), text: (*text).into() };
    let mut files: Vec<ProjectFile> = files.iter().map(file).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    ProjectTree { name: "shop".into(), files }
}

fn proposed(files: &[(&str, &str)]) -> Proposal {
    let tree = tree(files);
    propose(&tree, &findings(&tree, &Environment::new()))
}

/// Returns the manifest from its servers on, without comments.
fn written(proposal: &Proposal) -> String {
    let text = manifest(proposal, "x.json");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.is_empty());
    lines.skip(1).map(|line| format!("{line}\n")).collect()
}

const MAIN: &str = "servers:\n  main:\n    embedded: auto\n    \
    url: postgresql://${DB_USER:-postgres}@${DB_HOST:-localhost}:${DB_PORT:-5432}/postgres?sslmode=prefer\n";

#[test]
fn services_come_from_their_folders_and_settings() {
    let proposal = proposed(&[
        (
            "services/csca/config.yaml",
            "database:\n  url: postgresql+asyncpg://csca:hunter2@localhost:5432/marty_csca\n",
        ),
        (
            "services/csca/alembic.ini",
            "[alembic]\nsqlalchemy.url = postgresql://u:hunter2@localhost/marty_csca\n",
        ),
        ("services/csca/alembic/versions/1_a.py", ""),
        ("services/pkd/migrations/V1__a.sql", ""),
        ("services/pkd/migrations/V1__a.down.sql", ""),
        ("services/signer/db/migrations/001_a.sql", "-- +goose Up\n"),
        ("services/signer/.env", "DATABASE_URL=\"postgres://u:hunter2@localhost/signer\"\n"),
    ]);
    let expected = format!(
        "{MAIN}services:\n  csca: {{ database: marty_csca, migrations: {{ path: services/csca/martydb-migrations, source: {{ tool: alembic, path: services/csca }} }} }}\n  \
         pkd: {{ migrations: services/pkd/migrations }}\n  \
         signer: {{ migrations: {{ path: services/signer/db/martydb-migrations, \
         source: {{ tool: goose, path: services/signer/db/migrations }} }} }}\n"
    );
    assert_eq!(written(&proposal), expected);
    let import = |name: &str| proposal.services[&service_name(name).unwrap()].import.clone();
    assert_eq!(import("csca"), Some((FolderTool::Other("alembic"), "services/csca".into())));
    assert_eq!(import("signer"), Some((FolderTool::Other("goose"), "services/signer/db/migrations".into())));
    assert_eq!(import("pkd"), None);
    assert!(!format!("{proposal:?}").contains("hunter2"), "{proposal:?}");
}

#[test]
fn compose_names_services_and_the_server_that_they_share() {
    let compose = "services:\n  db:\n    image: postgres:17\n    ports: ['5433:5432']\n    \
        environment: { POSTGRES_USER: shop, POSTGRES_PASSWORD: hunter2 }\n  \
        catalog:\n    environment:\n      DATABASE_URL: postgres://u:hunter2@db:5432/catalog\n  \
        orders:\n    environment:\n      - DATABASE_URL=postgres://u:hunter2@db/orders_db\n";
    let proposal = proposed(&[("docker-compose.yml", compose)]);
    let expected = "servers:\n  main:\n    embedded: auto\n    \
        url: postgresql://${DB_USER:-shop}@${DB_HOST:-localhost}:${DB_PORT:-5433}/postgres?sslmode=prefer\n\
        services:\n  catalog:\n  orders: { database: orders_db }\n";
    assert_eq!(written(&proposal), expected);
}

#[test]
fn servers_elsewhere_are_named_by_their_hosts() {
    let one = proposed(&[("a/.env", "DATABASE_URL=postgres://u@db1.internal:5433/a")]);
    assert!(written(&one).contains("${DB_HOST:-db1.internal}:${DB_PORT:-5433}"), "{}", written(&one));
    let two = proposed(&[
        ("a/.env", "DATABASE_URL=postgres://u@db1.internal/a"),
        ("b/.env", "DATABASE_URL=postgres://u@db1.other:5433/b"),
        ("c/.env", "DATABASE_URL=postgres://u@localhost/c"),
    ]);
    let text = written(&two);
    assert!(text.contains("  a: { server: db1 }\n  b: { server: db1-2 }\n  c:\n"), "{text}");
    assert!(text.contains("@db1.other:5433/postgres?"), "{text}");
}

#[test]
fn a_database_of_two_services_names_neither() {
    let proposal = proposed(&[
        ("config/a.yaml", "database: postgresql://u:hunter2@h/app\n"),
        ("config/b.yaml", "db: { host: h, name: app, password: hunter2 }\n"),
    ]);
    assert_eq!(written(&proposal), format!("{MAIN}services:\n  a:\n  b:\n"));
    assert_eq!(proposal.notes, ["a, b use one database now, app: in this manifest each has its own"]);
}

#[test]
fn an_entry_without_a_service_belongs_to_the_folder() {
    let proposal = proposed(&[
        (".env", "DATABASE_URL=postgresql://u:hunter2@localhost/shopdb\n# OLD_URL=postgresql://h/old\n"),
        ("prisma/migrations/01_init/migration.sql", "SELECT 1"),
    ]);
    let text = "  shop: { database: shopdb, migrations: { path: prisma/martydb-migrations, down: optional, \
        source: { tool: prisma, path: prisma/migrations } } }\n";
    assert_eq!(written(&proposal), format!("{MAIN}services:\n{text}"));
    let environment =
        Environment::from([("ORDERS_DATABASE_URL".into(), "postgres://u:p@localhost/o1".into())]);
    let (empty, tree) = (tree(&[]), tree(&[("docker-compose.yml", "services: { x: { image: redis } }")]));
    let from_variable = propose(&empty, &findings(&empty, &environment));
    assert_eq!(written(&from_variable), format!("{MAIN}services:\n  orders: {{ database: o1 }}\n"));
    assert!(propose(&tree, &findings(&tree, &Environment::new())).services.is_empty());
}

#[test]
fn the_named_services_alone_are_taken_in_the_folders_of_their_names() {
    let proposal = proposed(&[("services/catalog/migrations/V1__a.sql", ""), ("apps/orders/main.go", "")]);
    let names = ["orders", "payments"].map(|name| service_name(name).unwrap());
    let text = written(&proposal.restricted_to(&names.into()));
    assert_eq!(
        text,
        format!("{MAIN}services:\n  orders: {{ migrations: apps/orders/migrations }}\n  payments:\n")
    );
}

#[test]
fn broken_files_are_passed_over() {
    let deep = "[".repeat(5000);
    let proposal = proposed(&[
        ("a.yaml", &deep),
        ("b.yml", "a: [}"),
        ("c.yaml", "--- 1\n--- 2\n"),
        ("alembic.inix", "x"),
    ]);
    assert!(proposal.services.is_empty());
}

const FIVE: [(&str, u16); 5] =
    [("auth", 5433), ("movie", 5434), ("booking", 5435), ("payment", 5436), ("notification", 5437)];

fn container(name: &str, port: u16) -> String {
    format!(
        "  postgres-{name}:\n    image: postgres:17\n    ports: ['{port}:5432']\n    environment:\n      POSTGRES_USER: {name}_user\n      \
         POSTGRES_PASSWORD: hunter2\n      POSTGRES_DB: {name}_db\n"
    )
}

#[test]
fn each_container_of_several_becomes_a_server_with_its_port() {
    let containers: String = FIVE.iter().map(|(name, port)| container(name, *port)).collect();
    let apps: String = FIVE
        .iter()
        .map(|(name, _)| {
            let url = format!("postgresql://{name}_user:hunter2@postgres-{name}:5432/{name}_db");
            format!("  {name}-service:\n    image: {name}\n    environment: {{ DATABASE_URL: '{url}' }}\n")
        })
        .collect();
    let servers: String =
        FIVE.iter().map(|(name, port)| format!("  {name}: {{ embedded: true, port: {port} }}\n")).collect();
    let with_apps = proposed(&[("docker-compose.yml", &format!("services:\n{containers}{apps}"))]);
    let text = written(&with_apps);
    let names: std::collections::BTreeSet<String> =
        with_apps.services.keys().map(|name| name.to_string()).collect();
    let text_of = |proposal: Proposal, names: &std::collections::BTreeSet<String>| {
        written(&proposal.restricted_to(&names.iter().filter_map(|name| service_name(name)).collect()))
    };
    assert!(names.contains("auth-service") && names.len() == 5, "{names:?}");
    let chosen = text_of(with_apps, &names);
    for (name, port) in FIVE {
        assert!(chosen.contains(&format!("  {name}: {{ embedded: true, port: {port} }}\n")), "{chosen}");
        assert!(
            chosen.contains(&format!("  {name}-service: {{ server: {name}, database: {name}_db }}\n")),
            "{chosen}"
        );
    }
    assert!(!chosen.contains("  main:") && !text.contains("hunter2"), "{chosen}");
    // Without the applications, the containers name the services.
    let alone = proposed(&[("docker-compose.yml", &format!("services:\n{containers}"))]);
    let names = alone.services.keys().map(|name| name.to_string()).collect();
    let chosen = text_of(alone, &names);
    assert!(chosen.contains("  auth: { server: auth, database: auth_db }\n"), "{chosen}");
    assert_eq!(chosen.matches("embedded: true").count(), 5, "{servers}{chosen}");
    // By the ports that they have on this machine.
    let from_here = proposed(&[
        ("docker-compose.yml", &format!("services:\n{containers}")),
        ("auth/.env", "DATABASE_URL=postgresql://u:hunter2@localhost:5433/auth_db"),
        ("movie/.env", "DATABASE_URL=postgresql://u:hunter2@localhost:5434/movie_db"),
    ]);
    let text = written(&from_here);
    assert!(text.contains("  movie: { server: movie, database: movie_db }\n"), "{text}");
    // Hosts of a cluster, of which nothing else is known; and ports of this machine that are told apart by a note alone.
    let variables: Environment = ["AUTH", "MOVIE"]
        .map(|name| {
            let host = format!("postgres-{}-service", name.to_lowercase());
            (format!("{name}_DATABASE_URL"), format!("postgres://u:hunter2@{host}/{}", name.to_lowercase()))
        })
        .into();
    let empty = tree(&[]);
    let text = written(&propose(&empty, &findings(&empty, &variables)));
    assert!(
        text.contains("  auth: { embedded: true }\n") && text.contains("  movie: { server: movie }\n"),
        "{text}"
    );
    let folded = proposed(&[
        ("a/.env", "DATABASE_URL=postgres://u@localhost:5433/a"),
        ("b/.env", "DATABASE_URL=postgres://u@localhost:5434/b"),
    ]);
    assert!(
        folded.notes[0].starts_with("the servers at the ports 5433, 5434 of this machine are one"),
        "{:?}",
        folded.notes
    );
}

#[test]
fn settings_of_environments_become_overlays_and_a_shared_database_names_split() {
    let config = |host: &str, name: &str| {
        format!(
            "database:\n  default: {{ url: postgresql://u:hunter2@{host}/{name}_default }}\n  csca: {{ url: postgresql://u:hunter2@{host}/{name}_csca }}\n  \
             pkd: {{ url: postgresql://u:hunter2@{host}/{name}_pkd }}\n"
        )
    };
    let proposal = proposed(&[
        ("config/development.yaml", &config("localhost", "marty")),
        ("config/testing.yaml", &config("localhost", "test")),
        ("config/production.yaml", &config("db.prod.example", "marty")),
    ]);
    let names: Vec<&str> = proposal.services.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["csca", "pkd"]);
    assert_eq!(
        proposal.notes,
        [
            "config/development.yaml has one database for the whole project, marty_default: if several services share it, \
          `martydb split init --from main/marty_default` proposes how to divide it"
        ]
    );
    let overlays = overlays(&proposal);
    assert_eq!(overlays.keys().copied().collect::<Vec<_>>(), ["production", "testing"]);
    assert!(
        overlays["production"].ends_with(
            "servers:\n  main:\n    embedded: false\n    \
             url: postgresql://${DB_USER:-postgres}@${DB_HOST:-db.prod.example}:${DB_PORT:-5432}/postgres?sslmode=verify-full\n"
        ),
        "{}",
        overlays["production"]
    );
    assert!(
        overlays["testing"].ends_with(
            "version: 1\nservices:\n  csca: { database: test_csca }\n  pkd: { database: test_pkd }\n"
        ),
        "{}",
        overlays["testing"]
    );
}

#[test]
fn secrets_of_kubernetes_are_read_in_text_and_in_base64() {
    let encoded = "cG9zdGdyZXNxbDovL3U6aHVudGVyMkBwb3N0Z3Jlcy1tb3ZpZS1zZXJ2aWNlL21vdmllc19kYg==";
    let secrets = format!(
        "kind: Namespace\nmetadata: {{ name: movies }}\n---\nkind: Secret\nmetadata: {{ name: auth-secrets }}\nstringData:\n  \
         AUTH_DATABASE_URL: postgresql://u:hunter2@postgres-auth-service:5432/auth_db\n---\nkind: Secret\nmetadata: {{ name: movie-db-secret }}\n\
         data:\n  DATABASE_URL: {encoded}\n"
    );
    let proposal = proposed(&[("k8s/secrets/all.yaml", &secrets)]);
    let text = written(&proposal);
    assert!(
        text.ends_with("services:\n  auth: { database: auth_db }\n  movie: { database: movies_db }\n"),
        "{text}"
    );
    let overlay = &overlays(&proposal)["production"];
    assert!(
        overlay.contains("  auth:\n    embedded: false\n")
            && overlay.contains("password_env: MOVIE_ADMIN_PASSWORD"),
        "{overlay}"
    );
    assert!(overlay.contains("  movie: { server: movie }\n") && !overlay.contains("hunter2"), "{overlay}");
}

/// Texts that would end a line, a string, a comment or a mapping if they were written as they are.
const HOSTILE: &[&str] = &[
    "a\nhooks: { before: [rm] }", "a: {\"x\": 1}", "a\" #", "a'b", "a # b", "a, migrations: /etc",
    "a }\nx: y", "a\u{2028}b: c", "${DB_HOST:-x}\n  evil: {}", "$$", "&anchor", "*alias", "!!binary x",
];

/// Returns every key of the manifest that no server or service has.
fn unexpected(text: &str) -> Vec<String> {
    const KNOWN: &[&str] = &[
        "version", "servers", "services", "embedded", "url", "port", "server", "database", "migrations",
        "password_env",
    ];
    let root: serde_yaml::Value =
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let keys = |value: &serde_yaml::Value| -> Vec<String> {
        let map = value.as_mapping().into_iter().flatten();
        map.map(|(key, _)| key.as_str().unwrap_or("not a text").to_owned()).collect()
    };
    let sections = ["servers", "services"].map(|section| root.get(section).cloned().unwrap_or_default());
    let names = sections.iter().flat_map(keys).map(|name| service_name(&name).map_or(name, |_| "url".into()));
    let entries = sections.iter().flat_map(|section| section.as_mapping().into_iter().flatten());
    let inner = entries.flat_map(|(_, entry)| keys(entry));
    let all = keys(&root).into_iter().chain(names).chain(inner);
    all.filter(|key| !KNOWN.contains(&key.as_str())).collect()
}

#[test]
fn no_file_of_a_project_adds_a_line_or_a_key_to_the_manifest() {
    for hostile in HOSTILE {
        let quoted = serde_json::Value::from(*hostile).to_string().replace('\u{2028}', "\\u2028");
        let bare = hostile.replace('\n', " ");
        let composed = format!(
            "services:\n  {quoted}:\n    image: postgres:17\n    ports: ['5433:5432']\n    environment: {{ POSTGRES_USER: {quoted}, POSTGRES_DB: {quoted} }}\n  \
             b:\n    image: postgres:17\n    environment: {{ POSTGRES_USER: {quoted}, POSTGRES_DB: {quoted} }}\n"
        );
        let url = serde_json::Value::from(format!("postgresql://u@{hostile}:5432/{hostile}")).to_string();
        let secret = format!(
            "kind: Secret\nmetadata: {{ name: {quoted} }}\nstringData: {{ {quoted}: {url}, a_url: {url} }}\n"
        );
        let config = format!(
            "database: {{ host: {quoted}, port: {quoted}, name: {quoted} }}\n{quoted}: {{ url: {url} }}\n"
        );
        let proposal = proposed(&[
            ("docker-compose.yml", &composed),
            (
                "a/.env",
                &format!("DATABASE_URL=postgres://u@{bare}/{bare}\n{bare}_URL=postgres://u@h.x/{bare}\n"),
            ),
            ("k8s/secrets.yaml", &secret),
            ("config/testing.yaml", &config),
            ("c/config.yaml", &config),
            (&format!("{bare}/migrations/V1__a.sql"), "SELECT 1;"),
        ]);
        let overlays = overlays(&proposal);
        let main = manifest(&proposal, "x.json");
        for text in [&main].into_iter().chain(overlays.values()) {
            assert_eq!(unexpected(text), Vec::<String>::new(), "{hostile}: {text}");
        }
        let composed = findings(&tree(&[("docker-compose.yml", &composed)]), &Environment::new()).composed;
        assert_eq!(composed.iter().map(|one| &*one.host).collect::<Vec<_>>(), ["b"], "{hostile}");
    }
}
