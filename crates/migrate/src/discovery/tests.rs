use super::*;
use crate::import::FolderTool;
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
        "{MAIN}services:\n  csca: {{ database: marty_csca, migrations: services/csca/martydb-migrations }}\n  \
         pkd: {{ migrations: services/pkd/migrations }}\n  \
         signer: {{ migrations: services/signer/db/martydb-migrations }}\n"
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
fn what_names_no_service_belongs_to_the_folder() {
    let proposal = proposed(&[
        (".env", "DATABASE_URL=postgresql://u:hunter2@localhost/shopdb\n# OLD_URL=postgresql://h/old\n"),
        ("prisma/migrations/01_init/migration.sql", "SELECT 1"),
    ]);
    let text = "  shop: { database: shopdb, migrations: prisma/martydb-migrations }\n";
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
