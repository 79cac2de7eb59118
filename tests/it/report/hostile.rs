//! Names and messages that a service's team chose: on the page they are text.

use super::{inside, made, provisioned};

#[test]
fn names_and_messages_of_a_service_are_text() {
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
