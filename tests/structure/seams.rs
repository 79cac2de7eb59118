//! The kind of a server is known to few: commands see changes, findings and logins.

use crate::facts::sources;

/// The only module that knows the crate of Redis.
const SEAM: &str = "martydb::commands::support::redis";

#[test]
fn one_module_knows_the_crate_of_redis() {
    let all = &sources().imports;
    let is_redis = |names: &[String]| names.first().is_some_and(|name| name == "martydb_redis");
    let into: Vec<String> = all
        .keys()
        .filter(|(from, to)| is_redis(to) && !is_redis(from))
        .map(|(from, _)| from.join("::"))
        .collect();
    assert!(!into.is_empty() && into.iter().all(|from| from == SEAM), "{into:#?}");
}

/// Files that may name the type of dependency that makes a member: the query itself, and what follows one named object.
const ASK_FOR_MEMBERS: [&str; 3] = [
    "crates/model/src/sql/members.rs",
    "crates/monitor/src/queries.rs",      // the function of one extension
    "crates/split/src/sql/droppable.sql", // an index and what depends on it by `x`
];

#[test]
fn members_of_extensions_are_asked_for_in_one_query() {
    let mut files = vec![];
    crate::words::collect(std::path::Path::new("src"), &mut files);
    crate::words::collect(std::path::Path::new("crates"), &mut files);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql" || extension == "rs"));
    let asks = |text: &str| {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        ["deptype = 'e'", "deptype IN ('e'", "deptype = ANY (ARRAY['e'"]
            .iter()
            .any(|form| flat.contains(form))
    };
    files.retain(|file| asks(&std::fs::read_to_string(file).unwrap()));
    files.retain(|file| !ASK_FOR_MEMBERS.contains(&file.to_string_lossy().as_ref()));
    assert!(files.is_empty(), "use `with_members!` of crates/model: {files:#?}");
}
