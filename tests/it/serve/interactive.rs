//! Transactions of several requests, and what ends them.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::{ApiService, served};
use crate::support::{Server, until};

#[test]
fn a_transaction_belongs_to_its_caller_and_ends_at_its_limits() {
    let server = Server::start();
    let exposure =
        "{ pool: { max: 8 }, audit: all, transactions: { interactive: true, idle: 700ms, total: 2500ms } }";
    let project = served(&server, "sri", exposure);
    let api = ApiService::start(&project, "sri");
    let begin = || {
        let answer = api.write("POST", "transactions", Value::Null);
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let run =
        |id: &str, operation: Value| api.write("POST", &format!("transactions/{id}/operations"), operation);
    let insert = |name: &str| json!({"op": "insert", "collection": "customer", "values": {"name": name}});
    let commit = |id: &str| api.write("POST", &format!("transactions/{id}/commit"), Value::Null).status;
    let named = |name: &str| {
        server.value("sri_a", &format!("SELECT count(*)::text FROM customer WHERE name = '{name}'"))
    };

    // Begin, operate, commit; until then its rows are invisible.
    let id = begin();
    let made = run(&id, insert("kept"));
    assert_eq!((made.status, made.json()["name"].as_str()), (200, Some("kept")), "{}", made.body);
    assert_eq!(named("kept"), "0");
    assert_eq!(run(&id, json!({"op": "count", "collection": "customer"})).json(), json!({"count": 1}));
    assert_eq!(commit(&id), 200);
    assert_eq!((named("kept").as_str(), commit(&id)), ("1", 404));

    // A read is recorded, although its transaction is rolled back; a key would keep no answer.
    let id = begin();
    let reads = || {
        server
            .value("sri_a", "SELECT count(*)::text FROM martydb_serve.audit WHERE op = 'read'")
            .parse::<u32>()
            .unwrap()
    };
    let before = reads();
    assert_eq!(run(&id, json!({"op": "get", "collection": "counter", "id": 1})).status, 200);
    let path = format!("{}/transactions/{id}", api.base);
    let keyed = [("Idempotency-Key", "k")];
    let operation = insert("keyed").to_string();
    let refused =
        api.service.ask("POST", &format!("{path}/operations"), Some(&api.writer), &keyed, &operation);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("MDB006")));
    assert_eq!(api.write("DELETE", &format!("transactions/{id}"), Value::Null).status, 204);
    assert_eq!(reads(), before + 1);

    // Another caller, an id that was guessed, another process, and a second one at the same time.
    let id = begin();
    let path = format!("{}/transactions/{id}/commit", api.base);
    assert_eq!(api.service.ask("POST", &path, Some(&api.reader), &[], "").status, 404);
    let elsewhere = path.replace("sri_a", "sri_b");
    assert_eq!(api.service.ask("POST", &elsewhere, Some(&api.writer), &[], "").status, 403);
    assert_eq!(api.service.ask("POST", &elsewhere, Some(&api.other), &[], "").status, 405);
    assert_eq!(commit(&format!("{}-{}", &id[..8], "0".repeat(32))), 404);
    assert_eq!(commit(&format!("{}-{}", "00000000", "0".repeat(32))), 421);
    assert_eq!(commit("x"), 404);
    let second = begin();
    let third = api.write("POST", "transactions", Value::Null);
    assert_eq!((third.status, third.json()["code"].as_str()), (429, Some("MDB002")), "{}", third.body);
    assert_eq!(api.write("DELETE", &format!("transactions/{second}"), Value::Null).status, 204);
    assert_eq!(
        api.service.ask("POST", &format!("{}/transactions", api.base), Some(&api.reader), &[], "").status,
        403
    );

    // An error rolls back at once, and a commit does not hide it.
    assert_eq!(run(&id, insert("lost")).status, 200);
    assert_eq!(run(&id, insert("kept")).status, 409);
    assert_eq!(run(&id, insert("more")).status, 409);
    assert_eq!((commit(&id), named("lost")), (409, "0".into()));

    limits(&api, &server);
    let busy =
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'sri_a_serve' AND state LIKE 'idle in%'";
    until("no session is left in a transaction", || server.value("sri_a", busy) == "0");
    assert_eq!(api.write("GET", "customer/count", Value::Null).json(), json!({"count": 1}));
}

/// An idle transaction, one that lasts too long, and one whose caller disconnects are ended.
fn limits(api: &ApiService, server: &Server) {
    let begin = || api.write("POST", "transactions", Value::Null).json()["id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("transactions/{id}/operations");
    let lock = json!({"op": "update", "collection": "counter", "id": 1, "values": {"value": 99}});
    let idle = begin();
    assert_eq!(api.write("POST", &path(&idle), lock.clone()).status, 200);
    until("the lock is gone", || api.write("PATCH", "counter/1", json!({"value": 1})).status == 200);
    let answer = api.write("POST", &path(&idle), lock.clone());
    assert_eq!((answer.status, answer.json()["code"].as_str()), (410, Some("MDB005")), "{}", answer.body);

    let long = begin();
    let read = json!({"op": "get", "collection": "counter", "id": 2});
    until("the transaction is over", || {
        std::thread::sleep(Duration::from_millis(100));
        api.write("POST", &path(&long), read.clone()).status == 410
    });

    // Two at once; and a caller that hangs up in the middle.
    server.sql("sri_a", "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$; CREATE TRIGGER wait BEFORE INSERT ON line FOR EACH ROW EXECUTE FUNCTION wait()");
    let busy = begin();
    let slow =
        json!({"op": "insert", "collection": "line", "values": {"invoice_id": 1, "number": 1}}).to_string();
    let target = format!("{}/{}", api.base, path(&busy));
    let hanging = api.service.send("POST", &target, Some(&api.writer), &[], &slow);
    let sleeps = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    until("the row waits in its trigger", || server.value("sri_a", sleeps) == "1");
    assert_eq!(api.write("POST", &path(&busy), read.clone()).status, 409);
    drop(hanging);
    until("the transaction is over", || api.write("POST", &path(&busy), read.clone()).status == 410);
    until("its session is gone", || server.value("sri_a", sleeps) == "0");
    assert_eq!(server.value("sri_a", "SELECT count(*)::text FROM line"), "0");
}
