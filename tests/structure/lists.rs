//! Lists of what the tree has, such as crates, features, drivers and majors: each names all of them.

use std::path::Path;

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the folders below `crates`, sorted.
fn crates() -> Vec<String> {
    let entries = std::fs::read_dir("crates").unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns the names between the quotation marks of a list in brackets.
fn quoted(text: &str, list: &str) -> Vec<String> {
    let (_, rest) = text.split_once(&format!("\n{list} = [")).expect("the list is there");
    rest.split(']').next().unwrap().split('"').skip(1).step_by(2).map(String::from).collect()
}

#[test]
fn the_head_of_the_program_lists_every_crate() {
    let text = read("src/lib.rs");
    let listed: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("//! - `martydb-")?.split('`').next()).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, crates(), "src/lib.rs, and the folders of crates/");
}

#[test]
fn the_map_names_every_feature_that_is_on_by_default() {
    let map = read("docs/architecture.md");
    let missing: Vec<String> = quoted(&read("Cargo.toml"), "default")
        .into_iter()
        .filter(|feature| !map.contains(&format!("`{feature}`")))
        .collect();
    assert!(missing.is_empty(), "not in docs/architecture.md: {missing:?}");
}

/// Libraries that speak PostgreSQL's protocol, or a part of it.
const DRIVERS: &[&str] = &["deadpool-postgres", "postgres-protocol", "sqlx", "tokio-postgres"];

#[test]
fn the_page_about_sqlx_lists_every_driver_of_every_crate() {
    let page = read("docs/explanation/why-not-sqlx.md");
    for name in crates() {
        let text = read(format!("crates/{name}/Cargo.toml"));
        let normal = text.split("\n[dev-dependencies]").next().unwrap();
        let has = |driver: &str| normal.lines().any(|line| line.starts_with(&format!("{driver}.workspace")));
        let wanted: Vec<&str> = DRIVERS.iter().copied().filter(|driver| has(driver)).collect();
        let row = page.lines().find_map(|line| line.strip_prefix(&format!("| `crates/{name}` | ")));
        let cell = row.unwrap_or_default().split(" |").next().unwrap_or_default();
        let listed: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, wanted, "the row of crates/{name} in docs/explanation/why-not-sqlx.md");
    }
}

#[test]
fn pull_requests_are_tested_on_the_majors_of_ci() {
    let (script, workflow) = (read(".ci/run"), read(".github/workflows/ci.yml"));
    let majors =
        script.split("--majors ").nth(1).expect("CI tests majors").split_whitespace().next().unwrap();
    let expected = format!("major: [{}]", majors.replace(',', ", "));
    assert!(workflow.contains(&expected), "{expected} in .github/workflows/ci.yml, as in .ci/run");
}
