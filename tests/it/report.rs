//! `martydb report`: one page with the values of `status`, `history` and `verify-isolation`, whatever state the servers are in.

mod files;
mod hostile;
mod replicas_and_redis;
mod values;

use serde_json::Value;

use crate::support::{Project, Server};

fn provisioned(prefix: &str) -> (Server, Project) {
    let server = Server::start();
    let project = Project::new(&server, prefix);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    (server, project)
}

/// Writes the page, and reads it with the JSON inside.
fn made(project: &Project, more: &[&str], code: i32) -> (String, Value) {
    let mut arguments = vec!["report", "--out", "page.html"];
    arguments.extend(more);
    let done = project.run(&arguments).expect(code);
    assert!(done.stdout.starts_with("Wrote the report of 2 services to page.html"), "{}", done.stdout);
    let page = project.read("page.html");
    let json = inside(&page);
    (page, json)
}

fn inside(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"martydb-report\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// Demands that each figure of the page is the number, or the length of the list, at its place in the JSON.
fn check_figures(page: &str, report: &Value) {
    let mut count = 0;
    for text in page.split("<data value=\"").skip(1) {
        let (value, rest) = text.split_once('"').unwrap();
        let place = rest.split('"').nth(1).unwrap();
        let found = report.pointer(place).unwrap_or_else(|| panic!("{place}"));
        let found = found.as_array().map_or_else(|| found.to_string(), |all| all.len().to_string());
        assert_eq!(value, found, "{place}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}
