//! Names of the proposed services, and what is left out.

use super::{Proposal, proposed, service_name, written};

/// Returns the names of the proposed services.
fn names(proposal: &Proposal) -> Vec<&str> {
    proposal.services.keys().map(|name| name.as_str()).collect()
}

#[test]
fn one_service_comes_of_its_folder_its_container_and_its_variables() {
    let compose = "services:\n  postgres:\n    image: postgres:17\n  auth-service:\n    build: .\n    environment:\n      \
        AUTH_DATABASE_URL: postgres://u:hunter2@postgres/auth\n";
    let proposal = proposed(&[
        (".env", "AUTH_DATABASE_URL=postgres://u:hunter2@localhost/auth\n"),
        ("docker-compose.yml", compose),
        ("services/auth-service/prisma/migrations/1_a/migration.sql", "SELECT 1"),
    ]);
    assert_eq!(names(&proposal), ["auth-service"]);
    let found = &proposal.services[&service_name("auth-service").unwrap()].found;
    assert_eq!(found[1], "database auth (docker-compose.yml:7)");
}

#[test]
fn no_service_has_the_name_of_a_key() {
    let deployment = "kind: Deployment\nmetadata: { name: ledger }\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          \
        env:\n            - name: DATABASE_URL\n              value: postgres://u:hunter2@db/ledger\n";
    let compose = "services:\n  db:\n    image: postgres:17\n  orders:\n    build: .\n    environment:\n      \
        SPRING_DATASOURCE_URL: jdbc:postgresql://db/orders\n      QUARKUS_DATASOURCE_JDBC_URL: jdbc:postgresql://db/orders\n";
    let proposal = proposed(&[("k8s/ledger.yaml", deployment), ("docker-compose.yml", compose)]);
    assert_eq!(names(&proposal), ["ledger", "orders"]);
}

#[test]
fn what_is_not_of_the_project_is_left_out_with_a_word() {
    let compose = "services:\n  db:\n    image: postgres:17\n  keycloak:\n    image: quay.io/keycloak/keycloak:25\n    environment:\n      \
        KC_DB_URL: jdbc:postgresql://db/keycloak\n  shop:\n    build: .\n    environment:\n      DATABASE_URL: postgres://db/shop\n      \
        TEST_DATABASE_URL: postgres://db/shop_test\n";
    let proposal = proposed(&[
        (".env.template", "BILLING_DATABASE_URL=postgres://localhost/billing\n"),
        ("docker-compose.yml", compose),
        ("poller/migrations/1_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);"),
        ("poller/Cargo.toml", ""),
    ]);
    assert_eq!(names(&proposal), ["shop"]);
    assert_eq!(
        proposal.notes,
        [
            "left out: poller/migrations has migrations for SQLite",
            "left out: .env.template is a template",
            "left out: keycloak of docker-compose.yml runs quay.io/keycloak/keycloak:25, which is not of this project",
            "left out: docker-compose.yml:12 has a database of tests, shop_test",
        ]
    );
}

#[test]
fn files_that_a_container_runs_are_the_source_of_its_service() {
    let compose = "services:\n  accounts-db:\n    image: postgres:17\n    environment: { POSTGRES_DB: accounts }\n    \
        volumes: ['./db/initdb:/docker-entrypoint-initdb.d:ro']\n";
    let text =
        written(&proposed(&[("docker-compose.yml", compose), ("db/initdb/1.sql", "CREATE TABLE a ();")]));
    assert!(
        text.ends_with("services:\n  accounts: { migrations: { path: accounts/migrations, source: { tool: sql, path: db/initdb } } }\n"),
        "{text}"
    );
}
