//! Further servers of a service on the page: replicas and Redis.

use serde_json::Value;

use super::{check_figures, made};
use crate::support::{OPS, Project, Redis, Server};

fn project(primary: &Server, standby: &Server, redis: &Redis) -> Project {
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: pagebeside\nservers:\n  main:\n    url: \"{}\"\n    replicas: [{{ name: r1, url: \"postgresql://127.0.0.1:{}\" }}]\n  \
         cache: {{ url: \"{}\" }}\ndefaults: {{ redis: {{ server: cache }} }}\nservices:\n  alpha:\n  beta:\n\
         allow: [{{ finding: redis-shared-memory, reason: test }}]\n",
        primary.url(),
        standby.port,
        redis.url_of(OPS.0, OPS.1)
    ));
    for service in ["alpha", "beta"] {
        project.write(&format!("{service}/migrations/V1__item.sql"), "CREATE TABLE item (id int);\n");
    }
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let _ = project.run(&["upgrade", "--all"]).expect(0);
    standby.catch_up_with(primary);
    project
}

/// Servers of the matrix, each with the number of its rows.
fn counted(report: &Value) -> Vec<(String, usize)> {
    let of =
        |row: &Value| format!("{} {}", row["server"].as_str().unwrap(), row["at"].as_str().unwrap_or("-"));
    let rows = report["isolation"]["matrix_counts"].as_array().unwrap();
    let mut all: Vec<(String, usize)> = vec![];
    for server in rows.iter().map(of) {
        match all.iter_mut().find(|(known, _)| *known == server) {
            Some((_, count)) => *count += 1,
            None => all.push((server, 1)),
        }
    }
    all
}

#[test]
fn replicas_and_redis_are_described_and_drawn() {
    let Some(mut redis) = Redis::managed() else { return };
    let primary = Server::with_standbys();
    let mut standby = primary.standby(&[]);
    let project = project(&primary, &standby, &redis);
    let (page, report) = made(&project, &[], 0);
    let status = project.json(&["status", "--check"], 0);
    assert_eq!(report["replicas"], status["replicas"]);
    assert_eq!(
        report["redis"][1],
        serde_json::json!({ "service": "beta", "server": "cache", "prefix": "beta:" })
    );
    // A row for each of two services and, on PostgreSQL, `postgres` and two databases; on Redis two prefixes.
    let databases = report["servers"][0]["databases"].as_array().unwrap().len();
    let expected = [("cache -", 4), ("main -", 2 * databases), ("main r1", 2 * databases)];
    assert_eq!(counted(&report), expected.map(|(server, count)| (server.to_owned(), count)));
    for words in [
        "streaming, up to date",
        "Its 2 users can access these keys and no others.",
        "On server main, replica r1",
        "On server cache",
        "Nothing is wrong",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    check_figures(&page, &report);

    standby.let_in("host all alpha_app 127.0.0.1/32 trust\n");
    let _ = redis.ops(&["ACL", "SETUSER", "beta_app", "~alpha:*"]);
    let (page, report) = made(&project, &["--against", "page.html"], 4);
    for words in [
        "Its users can access keys of another service.",
        "main, replica r1",
        "Access gained, not allowed (1)",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let findings = report["isolation"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["id"] == "hba-trust" && finding["at"] == "r1"));
    check_figures(&page, &report);

    standby.crash();
    redis.kill();
    let done = project.run(&["report", "--out", "page.html"]).expect(5);
    assert!(done.stdout.contains("Wrote the report"), "{}", done.said());
    let (page, report) = (project.read("page.html"), super::inside(&project.read("page.html")));
    assert_eq!(report["replicas"][0]["state"], "unreachable");
    let at_replica = |server: &&Value| server["at"] == "r1";
    let replica = report["servers"].as_array().unwrap().iter().find(at_replica).unwrap();
    assert_eq!(replica["examined"], false);
    for words in ["1 replica not reachable", "The server could not be examined."] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
