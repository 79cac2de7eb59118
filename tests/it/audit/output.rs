//! What is printed and what counts: formats, filters, exceptions.

use super::support::Pair;

#[test]
fn exceptions_baselines_and_filters_narrow_what_counts() {
    let allow = "allow:\n  - { finding: role-attribute, role: red_app, reason: \"asked for\" }\n  - { finding: hba-trust, reason: \"old\", until: 2020-01-31 }\n";
    let pair = Pair::with(&[], allow);
    assert_eq!(
        Pair::found(&pair.verify(&[], 0)),
        ["low | allow-unused | - | PUBLIC | - | allow entry 2 (hba-trust)"]
    );
    pair.server.sql("postgres", "ALTER ROLE red_app CREATEDB");
    let allowed = pair.verify(&[], 0);
    assert_eq!(allowed["accepted"][0]["id"], "role-attribute");
    assert_eq!(allowed["accepted"][0]["reason"], "asked for");
    pair.server.sql("postgres", "ALTER ROLE blue_app CREATEDB");
    let found = pair.verify(&[], 4);
    assert_eq!(Pair::grave(&found), ["medium | role-attribute | blue | blue_app | - | role blue_app"]);
    pair.project.write("known.json", &found.to_string());
    pair.verify(&["--baseline", "known.json"], 0);
    pair.server.sql("postgres", "ALTER ROLE blue_ro REPLICATION");
    let new = pair.verify(&["--baseline", "known.json"], 4);
    assert_eq!(Pair::grave(&new), ["critical | role-attribute | blue | blue_ro | - | role blue_ro"]);
    assert_eq!(Pair::found(&pair.verify(&["--min-severity", "critical"], 4)).len(), 1);
    assert_eq!(Pair::found(&pair.verify(&["--only", "no-password"], 0)), Vec::<String>::new());
    let wrong = pair.project.run(&["verify-isolation", "--only", "role-atribute"]).expect(2);
    assert!(wrong.stderr.contains("did you mean \"role-attribute\"?"), "{}", wrong.stderr);
    pair.project.run(&["verify-isolation", "--baseline", "missing.json"]).expect(2);
}
