//! Service names in paths and keys.

use martydb_model::ServiceName;

/// Words that name a kind of thing, not a service.
const GENERIC: &[&str] = &[
    "alembic", "api", "app", "application", "apps", "backend", "base", "build_args", "chart", "charts",
    "cmd", "common", "compose", "conf", "config", "configs", "configuration", "connection",
    "connection_string", "connections", "connectionstrings", "containers", "core", "crates", "credentials",
    "data", "database", "database_uri", "database_url", "databases", "datasource", "datasources", "db",
    "db_uri", "db_url", "default", "defaults", "deploy", "deployment", "dev", "development", "docker",
    "docker_compose", "dsn", "env", "environment", "environments", "etc", "example", "flyway", "general",
    "global", "helm", "hibernate", "infra", "init", "initdb", "internal", "java", "jdbc", "k8s", "knex",
    "kotlin", "kubernetes", "lib", "libs", "liquibase", "local", "main", "manifest", "migrate", "migration",
    "migrations", "packages", "persistence", "pg", "pool", "postgres", "postgres_url", "postgresql",
    "primary", "prisma", "prod", "production", "python", "quarkus", "r2dbc", "read", "resources", "schema",
    "secret", "secrets", "server", "servers", "service", "services", "settings", "spec", "spring", "sql",
    "sqlalchemy", "sqlalchemy_url", "sqlx", "src", "staging", "storage", "template", "templates", "test",
    "testing", "tests", "typeorm", "uri", "url", "value", "values", "versions", "write",
];

/// Suffixes of variables after the name of their service.
const ENDINGS: &[&str] = &[
    "_database_url", "_database_uri", "_database_dsn", "_postgres_url", "_postgresql_url", "_db_url",
    "_db_uri", "_db_dsn", "_pg_url", "_dsn", "_url", "_uri",
];

/// Converts a text to the name of a service; `None` if no letter is left.
pub fn service_name(text: &str) -> Option<ServiceName> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = text.to_ascii_lowercase().chars().map(plain).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name: String = name.chars().take(41).collect();
    ServiceName::new(name.trim_end_matches(['_', '-'])).ok()
}

/// Returns the word by which the host of a server differs from the project's other hosts: `auth` of `postgres-auth-service`.
pub(crate) fn server_word(host: &str) -> Option<ServiceName> {
    const COMMON: &[&str] = &["database", "db", "pg", "postgres", "postgresql", "server", "service", "svc"];
    let first = host.split('.').next().unwrap_or_default();
    let words: Vec<&str> = first.split(['-', '_']).filter(|word| !COMMON.contains(word)).collect();
    service_name(&words.join("-"))
}

/// Returns the service that a sequence of words names, ordered from the whole to the part: the last word that
/// is not generic.
pub(crate) fn named_by<'a>(words: impl DoubleEndedIterator<Item = &'a str>) -> Option<ServiceName> {
    words.rev().find_map(|word| {
        let name = service_name(word)?;
        let bare =
            ENDINGS.iter().find_map(|ending| name.as_str().strip_suffix(ending)).unwrap_or(name.as_str());
        if is_generic(bare) { None } else { service_name(bare) }
    })
}

/// Returns `true` if a word, or each part of it, names a kind of thing: `spring_datasource`.
fn is_generic(word: &str) -> bool {
    let word = word.replace('-', "_");
    GENERIC.contains(&word.as_str()) || word.split('_').all(|part| GENERIC.contains(&part))
}

/// Returns the part of a service's name that the names of its folder, its container and its variables share: `auth` of
/// `auth-service` and of `auth_db`.
pub(crate) fn stem(name: &str) -> &str {
    const KINDS: [&str; 6] = ["service", "svc", "api", "server", "db", "database"];
    let cut = |kind: &str| name.strip_suffix(kind)?.strip_suffix(['-', '_']);
    KINDS.into_iter().find_map(cut).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_one_service_share_a_stem() {
        for (name, expected) in [
            ("auth", "auth"),
            ("auth-service", "auth"),
            ("auth_db", "auth"),
            ("service", "service"),
            ("-db", "-db"),
        ] {
            assert_eq!(stem(name), expected);
        }
    }

    #[test]
    fn the_last_word_that_says_whose_is_the_name() {
        for (path, expected) in [
            ("services/catalog/db/migrations", Some("catalog")),
            ("apps/Orders/src/main/resources/db/migration", Some("orders")),
            ("config/document_signer/database/url", Some("document_signer")),
            ("services/pay-ments/environment/DATABASE_URL", Some("pay-ments")),
            ("CATALOG_DATABASE_URL", Some("catalog")),
            ("ledger/SPRING_DATASOURCE_URL", Some("ledger")),
            ("QUARKUS_DATASOURCE_JDBC_URL", None),
            ("migrations", None),
            ("", None),
            ("2024/sql", None),
        ] {
            let found = named_by(path.split('/'));
            assert_eq!(found.as_ref().map(ServiceName::as_str), expected, "{path}");
        }
    }
}
