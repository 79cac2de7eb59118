//! Reloads of the manifest and rotations of passwords while requests run: none is refused.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::api::{ApiService, served};
use crate::support::{Project, Server, until};

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
    // A transaction of several requests continues.
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

const STORE: &str = ".martydb/secrets/development.yaml";
const LOGINS: [&str; 2] = ["srw_a_serve", "srw_a_serve_ro"];

/// Gives both logins this password on the server.
fn change_on_server(server: &Server, password: &str) {
    for login in LOGINS {
        server.sql("postgres", &format!("ALTER ROLE {login} PASSWORD '{password}'"));
    }
}

fn end_sessions(server: &Server) {
    let end = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE usename LIKE 'srw_a_serve%'";
    until("no session is left", || server.value("postgres", end) == "0");
}

/// Writes this password of both logins into the store.
fn change_in_store(project: &Project, password: &str) {
    let known = LOGINS.map(|login| project.password(login));
    let text = project.read(STORE);
    let text = known.iter().fold(text, |text, known| text.replace(known.as_str(), password));
    project.write(STORE, &text);
}

/// Seconds between the change of one side and that of the other: longer than the first tries, shorter than the last.
const APART: Duration = Duration::from_millis(1200);

#[test]
fn a_password_changed_on_one_side_first_refuses_no_request() {
    let server = Server::start();
    let project = served(&server, "srw", "{ hide: [secret], pool: { max: 4, wait: 5s } }");
    let api = ApiService::start(&project, "srw");
    let is_served = |what: &str, act: &dyn Fn()| {
        let (number, wrong) = under_load(&api, act);
        assert!(number >= 3 && wrong.is_empty(), "{what}: {number}, {}: {:?}", wrong.len(), wrong.first());
    };
    assert_eq!(api.read("counter/1").status, 200);
    // Again and again: the store is looked at as soon after the fifth rotation as after the first.
    for round in 1..=5 {
        let password = format!("server-first-{round}");
        change_on_server(&server, &password);
        end_sessions(&server);
        is_served("the server first", &|| {
            std::thread::sleep(APART);
            change_in_store(&project, &password);
            until("a session is there", || api.read("counter/1").status == 200);
        });
    }
    is_served("the store first", &|| {
        change_in_store(&project, "store-first");
        // Its new pools connect with the password of the store.
        api.service.reload();
        std::thread::sleep(APART);
        change_on_server(&server, "store-first");
        until("it was reloaded", || api.service.said().contains("reloaded: "));
    });
}

#[test]
fn a_persistently_wrong_password_is_refused_at_once_and_rarely_retried() {
    let server = Server::start();
    let project = served(&server, "srw", "{ hide: [secret], pool: { max: 4 } }");
    let api = ApiService::start(&project, "srw");
    assert_eq!(api.read("counter/1").status, 200);
    let known = project.password("srw_a_serve_ro");
    change_on_server(&server, "of-the-server-alone");
    end_sessions(&server);
    let refused = api.read("counter/1");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    assert!(!refused.body.contains("28P01") && !refused.body.contains("serve_ro"), "{}", refused.body);
    let mark = server.log().len();
    let begun = Instant::now();
    let statuses: Vec<u16> = (0..200).map(|_| api.read("counter/1").status).collect();
    assert_eq!(statuses, [503; 200]);
    let failed = server.log_since(mark).matches("password authentication failed").count();
    assert!(failed <= 4 + 2 * begun.elapsed().as_secs() as usize, "{failed} in {:?}", begun.elapsed());
    let said = "the server rejects the password of srw_a_serve_ro";
    assert_eq!(api.service.said().matches(said).count(), 1, "{}", api.service.said());
    // Either side may be mended, without a reload.
    server.sql("postgres", &format!("ALTER ROLE srw_a_serve_ro PASSWORD '{known}'"));
    until("the server is mended", || api.read("counter/1").status == 200);
    change_on_server(&server, "mended-in-the-store");
    end_sessions(&server);
    until("it is refused", || api.read("counter/1").status == 503);
    change_in_store(&project, "mended-in-the-store");
    until("the store is mended", || api.read("counter/1").status == 200);
}
