//! Reloads of the manifest and rotations of passwords while requests run: none is refused.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::api::{ApiService, served};
use crate::support::{Server, until};

/// Runs requests of both callers while something is done, and returns the answers that were no success.
fn under_load(api: &ApiService, act: impl FnOnce()) -> (usize, Vec<String>) {
    let ended = AtomicBool::new(false);
    let (number, wrong) = (Mutex::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for writes in [false, true, false] {
            let (ended, number, wrong) = (&ended, &number, &wrong);
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let answer = match writes {
                        true => api.write("PATCH", "counter/1", json!({"value": 7})),
                        false => api.read("counter?limit=3"),
                    };
                    *number.lock().unwrap() += 1;
                    if answer.status != 200 {
                        wrong.lock().unwrap().push(format!("{} {}", answer.status, answer.body));
                    }
                }
            });
        }
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        ended.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|reason| std::panic::resume_unwind(reason));
    });
    (number.into_inner().unwrap(), wrong.into_inner().unwrap())
}

#[test]
fn reloads_and_rotations_refuse_no_request() {
    let server = Server::start();
    let exposure = "{ hide: [secret], pool: { max: 4, wait: 5s }, transactions: { interactive: true, idle: 30s, total: 60s } }";
    let project = served(&server, "srq", exposure);
    let api = ApiService::start(&project, "srq");
    let begun = api.write("POST", "transactions", json!({}));
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let insert = json!({"op": "insert", "collection": "counter", "values": {"id": 900}});
    let done = api.write("POST", &format!("transactions/{id}/operations"), insert);
    assert_eq!(done.status, 200, "{}", done.body);

    // Another exposure, other limits, other pools, another service less; a mistake changes nothing.
    let manifest = project.read("martydb.yaml");
    let (number, wrong) = under_load(&api, || {
        project.write(
            "martydb.yaml",
            &manifest.replace("hide: [secret]", "hide: [secret, line], limits: { rows: 2 }"),
        );
        api.service.reload();
        until("a collection is hidden", || api.read("line").status == 404);
        project.write("martydb.yaml", &manifest.replace("pool: { max: 4,", "pool: { max: 0,"));
        api.service.reload();
        until("the mistake is told", || api.service.said().contains("nothing was reloaded"));
        project.write("martydb.yaml", &manifest.replace("max: 4", "max: 3"));
        api.service.reload();
        until("the pool is smaller", || api.read("connections").json()["pools"][0]["most"] == 3);
        assert_eq!(api.read("line").status, 200);
    });
    assert!(number > 20 && wrong.is_empty(), "{number}: {wrong:?}");
    // A transaction of several requests goes on.
    let done = api.write("POST", &format!("transactions/{id}/commit"), json!(null));
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(api.read("counter/900").status, 200);

    // A rotation needs no signal: a connection that the server rejects waits for the new password.
    let (number, wrong) = under_load(&api, || {
        project.run(&["rotate", "--service", "srq_a", "--overlap"]).expect(0);
        project.run(&["rotate", "--service", "srq_a", "--finish"]).expect(0);
        for login in ["srq_a_serve", "srq_a_serve_ro"] {
            project.run(&["rotate", "--service", "srq_a", "--access", login]).expect(0);
        }
    });
    assert!(number > 20 && wrong.is_empty(), "{number}: {wrong:?}");
    let closed = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE usename LIKE 'srq_a_serve%'";
    assert_ne!(server.value("postgres", closed), "0");
    until("no session is left", || server.value("postgres", closed) == "0");
    let (number, wrong) = under_load(&api, || {
        assert_eq!(api.read("counter/1").status, 200);
        api.service.reload();
        until("it was reloaded", || api.service.said().matches("reloaded: ").count() == 3);
    });
    assert!(number > 5 && wrong.is_empty(), "{number}: {wrong:?}");

    // A service that the manifest lacks is served no more, and its callers are refused.
    let without: Vec<&str> = manifest.lines().filter(|line| !line.contains("srq_b")).collect();
    let without = without.join("\n");
    project.write("martydb.yaml", without.trim_end().trim_end_matches("serve: {}"));
    api.service.reload();
    until("its caller is refused", || {
        api.service.ask("GET", "/srq_b/rest/customer", Some(&api.other), &[], "").status == 401
    });
    assert_eq!(api.read("counter/1").status, 200);
}
