//! Names and messages that a service's team chose: on the page they are text.

use super::{inside, made, provisioned};

#[test]
fn names_and_messages_of_a_service_are_escaped() {
    let (server, project) = provisioned("pagehost");
    let name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}";
    let sql = format!(
        "CREATE TABLE \"{name}\" (id bigint); ALTER TABLE \"{name}\" OWNER TO pagehost_a_owner; GRANT SELECT ON \"{name}\" TO PUBLIC;
         GRANT CONNECT ON DATABASE pagehost_a TO pagehost_b_app; GRANT USAGE ON SCHEMA public TO PUBLIC"
    );
    server.sql("pagehost_a", &sql);
    let failing = "DO $$ BEGIN RAISE EXCEPTION '</style><svg onload=alert(3)> {{7*7}}'; END $$;\n";
    project.write("pagehost_b/migrations/V3__fails.sql", failing);
    project.write("pagehost_b/migrations/V3__fails.down.sql", "-- nothing\n");
    let _ = project.run(&["upgrade", "-s", "pagehost_b"]).expect(1);
    let (page, report) = made(&project, &[], 4);
    let findings = report["isolation"]["findings"].to_string();
    assert!(findings.contains("alert(1)"), "{findings}");
    assert!(report["history"][1].to_string().contains("alert(3)"));
    let body = page.split_once("</style>").unwrap().1;
    assert!(!body.contains("<img") && !body.contains("<svg onload") && !body.contains('\u{202e}'), "{body}");
    // The JSON and the page's own script.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(inside(&page), report);
}

#[test]
fn a_comment_of_60_mb_and_an_error_of_1_mb_are_marked_as_cut() {
    let (server, project) = provisioned("pagelong");
    let sql = "CREATE TABLE long (id bigint); ALTER TABLE long OWNER TO pagelong_a_owner;
        DO $$ BEGIN EXECUTE format('COMMENT ON TABLE long IS %L', 'postgresql://app:hunter2@db/x ' || repeat('</script>', 6700000)); END $$";
    server.sql("pagelong_a", sql);
    let failing = "DO $$ BEGIN RAISE EXCEPTION '%', repeat('<b>', 300000); END $$;\n";
    project.write("pagelong_b/migrations/V3__fails.sql", failing);
    project.write("pagelong_b/migrations/V3__fails.down.sql", "-- nothing\n");
    let _ = project.run(&["upgrade", "-s", "pagelong_b"]).expect(1);
    let (page, report) = made(&project, &[], 4);
    assert!(page.len() < 1_000_000, "{}", page.len());
    let findings = report["isolation"]["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|finding| finding["object"].as_str().is_some_and(|text| text.contains("long"))),
        "{report:#}"
    );
    assert!(report["history"][1].to_string().contains("cut here: the text has"), "{report:#}");
    assert!(!page.contains("hunter2"));
}
