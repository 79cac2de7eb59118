//! `lint` from the command line: what is applied is asked of the databases.

use crate::support::{Project, Server};

#[test]
fn only_what_is_not_applied_is_judged_and_known_tables_are_in_use() {
    let server = Server::start();
    let project = Project::new(&server, "lint");
    let fresh = project.run(&["lint"]).expect(0);
    assert_eq!(fresh.stdout, "4 pending files checked, no dangerous statements.\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let file = "lint_a/migrations/V3__more.sql";
    project.write(file, "-- why\nCREATE INDEX item_more_idx\n  ON item (name);\n");
    let found = project.json(&["lint"], 3);
    let one = &found["services"][0]["findings"][0];
    assert_eq!((&one["rule"], &one["line"]), (&"require-concurrent-index-creation".into(), &2.into()));
    project.run(&["lint", "--since", "0"]).expect(0);
    project.run(&["lint", "--since", "2"]).expect(3);
    let warned = project.run(&["upgrade", "--service", "lint_a"]).expect(0);
    assert!(
        warned.stderr.contains("V3__more.sql:2:1: require-concurrent-index-creation"),
        "{}",
        warned.stderr
    );
    project.run(&["lint"]).expect(0);

    project.write("lint_a/migrations/V4__x.sql", "-- martydb: allow ban-drop-tabel: x\nDROP TABLE item;\n");
    let wrong = project.run(&["lint"]).expect(2);
    assert!(wrong.stderr.contains("did you mean ban-drop-table?"), "{}", wrong.stderr);
    project.write("lint_a/migrations/V4__x.sql", "DROP TABLE item;\n");
    project.run(&["lint"]).expect(3);
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &format!("{manifest}defaults:\n  lint: {{ disable: [ban-drop-table] }}\n"));
    project.run(&["lint"]).expect(0);
    project.write("martydb.yaml", &format!("{manifest}defaults:\n  lint: {{ disable: [ban-drop-tabel] }}\n"));
    project.run(&["lint"]).expect(2);
}
