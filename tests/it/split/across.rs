//! `split copy` from server to server, of different majors too.

use std::path::{Path, PathBuf};

use super::sample::{MAP, equal, source, targets};
use crate::support::{Project, Server};

/// The folder of the programs of a major, where the machine has it.
pub(crate) fn programs(major: &str) -> Option<PathBuf> {
    let all = std::fs::read_dir("/var/cache/martydb/servers").ok()?;
    let right = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(major));
    all.flatten().map(|entry| entry.path()).find(|path| right(path)).map(|path| path.join("bin"))
}

fn split(from: &Server, to: &Server) {
    source(from);
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\n    password_env: DB_PASSWORD\n  old:\n    url: {}\n    password_env: DB_PASSWORD\nservices:\n  \
         orders: {{ server: main, database: shop_orders }}\n  people: {{ server: main, database: shop_people, serve: {{}} }}\n",
        to.url(),
        from.url()
    ));
    targets(&project);
    project.write("split.yaml", &MAP.replace("server: main", "server: old"));
    project.run(&["split", "copy"]).expect(0);
    equal(from, to);
    project.run(&["split", "verify"]).expect(0);
    server_differs(to, &project);
}

/// The hashes of both majors agree, and a changed byte is noticed.
fn server_differs(to: &Server, project: &Project) {
    to.sql(
        "shop_people",
        "SET session_replication_role = replica; UPDATE people_main SET name = 'Person 9' WHERE id = 9",
    );
    let found = project.json(&["split", "verify", "--service", "people"], 3);
    assert_eq!(found["services"][0]["differences"][0]["rows"][0]["key"], "(9)", "{found}");
}

#[test]
fn split_copies_to_another_server() {
    split(&Server::start(), &Server::start());
}

#[test]
fn a_split_works_from_13_to_18() {
    let (Some(old), Some(new)) = (programs("13."), programs("18.")) else {
        eprintln!("SKIPPED: no servers 13 and 18 on this machine");
        return;
    };
    split(&Server::start_from(&old), &Server::start_from(&new));
}
