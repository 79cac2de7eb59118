//! Printed and counted findings: formats, filters, exceptions.

use super::support::Pair;
use crate::support::{Project, Server};

/// The result for people, and the last line of it.
fn shown(project: &Project, more: &[&str], code: i32) -> (String, String) {
    let text = project.run(&[&["verify-isolation"], more].concat()).expect(code).stdout;
    let last = text.lines().last().unwrap().split(". What PostgreSQL").next().unwrap().to_owned();
    (text, last)
}

#[test]
fn exceptions_baselines_and_filters_reduce_the_counted_findings() {
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
    let (text, _) = shown(&pair.project, &["--probes", "none"], 0);
    assert!(
        text.contains("accepted: medium: red_app on server main [role-attribute]: asked for\n"),
        "{text}"
    );
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
    insta::assert_snapshot!(wrong.shown(), @r#"
    error: unknown finding "role-atribute"
    hint: did you mean "role-attribute"?
    "#);
    pair.project.run(&["verify-isolation", "--baseline", "missing.json"]).expect(2);
}

#[test]
fn the_last_line_states_hidden_findings_and_the_cause_of_failure() {
    let pair = Pair::new();
    pair.server.sql("postgres", "ALTER ROLE red_app CREATEDB; CREATE ROLE barman LOGIN REPLICATION");
    let catalog = |more: &[&str], code| shown(&pair.project, &[&["--probes", "none"], more].concat(), code);
    let (text, last) = catalog(&[], 4);
    assert_eq!(last, "found: 2 medium");
    assert!(text.starts_with("medium: "), "nothing of a matrix: {text}");
    assert!(text.contains("\nno logins were tried (--probes none)\n"), "{text}");
    assert!(text.contains("medium: barman on server main [unmanaged-role-power]\n"), "{text}");
    assert!(text.contains("medium: red_app on server main [role-attribute]\n"), "{text}");
    let (_, last) = catalog(&["--min-severity", "high"], 0);
    assert_eq!(last, "nothing found at high or above (2 medium are hidden)");
    let (_, last) = catalog(&["--only", "role-attribute"], 4);
    assert_eq!(last, "found: 1 medium (1 medium is hidden)");
    pair.server.sql("postgres", "ALTER ROLE red_app NOCREATEDB NOLOGIN; DROP ROLE barman");
    let (text, last) = shown(&pair.project, &[], 4);
    assert!(text.contains(" extra probes\n"), "{text}");
    assert!(last.starts_with("nothing found, but ") && last.ends_with(" probes were inconclusive"), "{last}");
}

#[test]
fn a_fix_prints_its_statements_with_their_database() {
    let pair = Pair::new();
    pair.server.sql("postgres", "ALTER ROLE red_app CREATEDB");
    pair.server.sql("blue_db", "GRANT TRUNCATE ON hidden TO blue_ro");
    let (text, _) = shown(&pair.project, &["--probes", "none", "--fix", "--dry-run"], 4);
    for line in [
        "red      alter   role red_app         caution  ",
        "blue     revoke  table public.hidden  caution  ",
        "  on server main: ALTER ROLE \"red_app\" NOCREATEDB;\n",
        "  in blue_db: REVOKE TRUNCATE ON TABLE public.hidden FROM \"blue_ro\" CASCADE;\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let refused = pair.project.run(&["verify-isolation", "--probes", "none", "--fix"]).expect(2).stderr;
    for line in [
        "caution: role red_app: ",
        "  on server main: ALTER ROLE \"red_app\"",
        "caused by: 2 changes would close what was found, and this is not a terminal, so no confirmation could be asked\n",
        "then add -y",
    ] {
        assert!(refused.contains(line), "{line}: {refused}");
    }
    assert!(!refused.contains('?'), "{refused}");
}

#[test]
fn a_missing_service_gets_a_hint_to_apply() {
    let pair = Pair::new();
    let manifest = pair.project.read("martydb.yaml");
    pair.project.write("martydb.yaml", &format!("{manifest}  green:\n"));
    let (text, last) = shown(&pair.project, &[], 4);
    assert!(text.contains("\nhint: green is not provisioned: martydb apply --service green\n"), "{text}");
    assert!(last.starts_with("nothing found, but "), "{last}");
}

#[test]
fn an_unreachable_server_is_reported_once() {
    let (server, mut other) = (Server::start(), Server::start());
    let text = format!(
        "version: 1\nservers:\n  main: {{ url: \"{}\", password_env: DB_PASSWORD }}\n  other: {{ url: \"{}\", password_env: DB_PASSWORD }}\nservices:\n  red:\n  blue: {{ server: other }}\n",
        server.url(),
        other.url()
    );
    let project = Project::with_manifest(&text);
    project.run(&["apply", "--all", "-y"]).expect(0);
    other.crash();
    let (text, last) = shown(&project, &["--service", "red", "--service", "blue"], 5);
    assert_eq!(text.matches("cannot log in to database").count(), 1, "{text}");
    assert!(text.contains("\nhint: check that the server runs"), "{text}");
    assert!(last.ends_with(", but 1 server was not examined"), "{last}");
}
