use serde_json::Value as Json;

use super::*;

/// Writes base, included file and overlay, and returns what `config` shows for a key.
fn explained(key: &str) -> (Json, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let base = "version: 1\ninclude: [more.yaml]\nservers:\n  main: { url: \"postgresql://boss:se-cret@${HOST}/postgres\" }\n\
                defaults: { connection_limit: { app: 7 } }\nservices:\n  red: { settings: { work_mem: \"${MEMORY:-1MB}\" } }\n";
    write("martydb.yaml", base);
    write("more.yaml", "services:\n  blue: { migrations: sql }\n");
    write(
        "martydb.test.yaml",
        "services:\n  red: { database: crimson }\nallow:\n  - { finding: hba-trust, reason: \"a b\" }\n",
    );
    let variables = [("HOST".to_owned(), "db".to_owned())].into();
    let (_, all) =
        explain(&ManifestPath::named(folder.path().join("martydb.yaml")), "test", &variables).unwrap();
    let shown = serde_json::to_string(&all.iter().map(|one| &one.value).collect::<Vec<_>>()).unwrap();
    assert!(!shown.contains("se-cret"), "{shown}");
    let one = all.into_iter().find(|one| one.key.join(".") == key).unwrap_or_else(|| panic!("{key}"));
    let place = one.place.map_or_else(String::new, |place| place.rsplit('/').next().unwrap().to_owned());
    (one.value, place, one.variables.join(" "))
}

#[test]
fn each_value_is_shown_with_its_file() {
    let cases = [
        ("services.red.database", "crimson", "martydb.test.yaml:2:10", ""),
        ("services.blue.database", "blue", "", ""),
        ("services.red.connection_limit.app", "7", "martydb.yaml:5:33", ""),
        ("services.red.connection_limit.migrator", "5", "", ""),
        ("services.red.settings.work_mem", "1MB", "martydb.yaml:7:22", "MEMORY"),
        ("services.red.settings.lock_timeout", "5s", "", ""),
        ("services.blue.roles.app", "blue_app", "", ""),
        ("servers.main.url", "postgresql://boss@db:5432/postgres", "martydb.yaml:4:11", "HOST"),
        ("version", "1", "martydb.yaml:1:1", ""),
    ];
    for (key, value, place, variables) in cases {
        let (found, at, named) = explained(key);
        let found = found.as_str().map_or(found.to_string(), str::to_owned);
        assert_eq!((found.as_str(), at.as_str(), named.as_str()), (value, place, variables), "{key}");
    }
    assert!(explained("services.blue.migrations.path").0.as_str().unwrap().ends_with("/sql"));
    assert_eq!(explained("services.blue.migrations.path").1, "more.yaml:2:11");
}
