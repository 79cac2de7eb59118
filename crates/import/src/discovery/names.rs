//! Service names in paths and keys.

use martydb_model::ServiceName;

/// Words that name a kind of thing, not a service.
const GENERIC: &[&str] = &[
    "alembic", "api", "app", "application", "apps", "backend", "base", "build_args", "cmd", "common",
    "compose", "conf", "config", "configs", "configuration", "connection", "connection_string",
    "connections", "connectionstrings", "core", "crates", "data", "database", "database_uri", "database_url",
    "databases", "datasource", "datasources", "db", "db_uri", "db_url", "default", "defaults", "deploy",
    "deployment", "dev", "development", "docker", "docker_compose", "dsn", "env", "environment",
    "environments", "example", "global", "helm", "infra", "internal", "java", "kotlin", "lib", "libs",
    "local", "main", "manifest", "migrate", "migration", "migrations", "packages", "persistence", "pg",
    "pool", "postgres", "postgres_url", "postgresql", "primary", "prisma", "prod", "production", "python",
    "read", "resources", "schema", "server", "servers", "service", "services", "settings", "spring", "sql",
    "sqlalchemy", "sqlalchemy_url", "src", "staging", "storage", "test", "testing", "tests", "uri", "url",
    "values", "versions", "write",
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
        let is_generic = GENERIC.contains(&bare.replace('-', "_").as_str());
        if is_generic { None } else { service_name(bare) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_that_says_whose_is_the_name() {
        for (path, expected) in [
            ("services/catalog/db/migrations", Some("catalog")),
            ("apps/Orders/src/main/resources/db/migration", Some("orders")),
            ("config/document_signer/database/url", Some("document_signer")),
            ("services/pay-ments/environment/DATABASE_URL", Some("pay-ments")),
            ("CATALOG_DATABASE_URL", Some("catalog")),
            ("migrations", None),
            ("", None),
            ("2024/sql", None),
        ] {
            let found = named_by(path.split('/'));
            assert_eq!(found.as_ref().map(ServiceName::as_str), expected, "{path}");
        }
    }
}
