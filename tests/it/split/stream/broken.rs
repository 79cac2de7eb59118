//! Causes that stop a stream, and the conditions to continue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use martydb_model::error::Kind;
use martydb_split::{FollowGoal, follow};

use super::{DATABASE, Pair, block};

/// Numbers without a system, but the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

const COUNTED: &str = "CREATE TABLE numbers (n bigint PRIMARY KEY, who int, at timestamptz DEFAULT now());
    CREATE TABLE totals (who int PRIMARY KEY, sum bigint)";

/// Transactions of every size, until `ended`; each number once, and the totals tell of them.
async fn write(pair: &Pair, who: i64, ended: &AtomicBool) -> i64 {
    use sqlx::Connection;
    let mut connection = pair.source.admin(DATABASE).await;
    let run = async |connection: &mut sqlx::PgConnection, sql: String| {
        crate::support::ask(connection, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    run(&mut connection, format!("INSERT INTO totals VALUES ({who}, 0)")).await;
    let (mut next, mut state) = (0, 42 + who.unsigned_abs());
    while !ended.load(Ordering::Relaxed) {
        let count = 1 + i64::try_from(random(&mut state) % 40).unwrap();
        let first = who * 10_000_000 + next;
        let sql = format!(
            "BEGIN; INSERT INTO numbers (n, who) SELECT g, {who} FROM generate_series({first}, {first} + {count} - 1) g;
             UPDATE totals SET sum = sum + {count} WHERE who = {who};
             DELETE FROM numbers WHERE n = {first} AND who = {who} AND n % 3 = 0; COMMIT"
        );
        run(&mut connection, sql).await;
        next += count;
        tokio::time::sleep(Duration::from_millis(random(&mut state) % 10)).await;
    }
    connection.close().await.unwrap();
    next
}

#[test]
fn a_killed_follower_applies_each_change_once() {
    let pair = Pair::with(COUNTED);
    let (rounds, ended) = (40, AtomicBool::new(false));
    block(async {
        let dying = async {
            let (mut state, mut deaths) = (7, 0);
            while deaths < rounds {
                let (origin, place) = (pair.origin(), pair.place());
                let task =
                    tokio::spawn(
                        async move { follow(&origin, &place, FollowGoal::Endless, &mut |_| ()).await },
                    );
                tokio::time::sleep(Duration::from_millis(20 + random(&mut state) % 400)).await;
                match random(&mut state) % 3 {
                    // The process dies.
                    0 => task.abort(),
                    // A session dies, and the follower reconnects.
                    kind => {
                        let mut admin = if kind == 1 {
                            pair.source.admin("postgres").await
                        } else {
                            pair.target.admin("postgres").await
                        };
                        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'martydb'";
                        crate::support::ask(&mut admin, end).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(random(&mut state) % 200)).await;
                        task.abort();
                    }
                }
                let _gone = task.await;
                deaths += 1;
            }
            ended.store(true, Ordering::Relaxed);
        };
        tokio::join!(write(&pair, 1, &ended), write(&pair, 2, &ended), write(&pair, 3, &ended), dying)
    });
    pair.drain().unwrap();
    pair.assert_equal(&["numbers", "totals"]);
    assert_ne!(pair.target.value(DATABASE, "SELECT count(*) FROM numbers"), "0");
}

#[test]
fn a_new_follower_applies_no_change_twice() {
    let pair = Pair::with(COUNTED);
    let (rounds, ended) = (40, AtomicBool::new(false));
    block(async {
        let handing = async {
            let follower = || {
                let (origin, place) = (pair.origin(), pair.place());
                tokio::spawn(async move { follow(&origin, &place, FollowGoal::Endless, &mut |_| ()).await })
            };
            let (mut state, mut now) = (11, follower());
            for _ in 0..rounds {
                tokio::time::sleep(Duration::from_millis(30 + random(&mut state) % 60)).await;
                // It begins while the former one still has the slot, and gets it at some point of its beginning.
                let next = follower();
                tokio::time::sleep(Duration::from_micros(random(&mut state) % 40_000)).await;
                assert!(!now.is_finished(), "{:?}", now.await);
                now.abort();
                now = next;
            }
            now.abort();
            ended.store(true, Ordering::Relaxed);
        };
        tokio::join!(write(&pair, 1, &ended), write(&pair, 2, &ended), handing)
    });
    pair.drain().unwrap();
    pair.assert_equal(&["numbers", "totals"]);
}

#[test]
fn the_stream_survives_a_crash_of_either_server() {
    let mut pair = Pair::with(COUNTED);
    let (origin, place) = (pair.origin(), pair.place());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let following =
        runtime.spawn(async move { follow(&origin, &place, FollowGoal::Endless, &mut |_| ()).await });
    for round in 0..4 {
        let write =
            format!("INSERT INTO numbers SELECT {round} * 1000 + i, {round} FROM generate_series(1, 500) i");
        pair.source.sql(DATABASE, &write);
        let server = if round % 2 == 0 { &mut pair.target } else { &mut pair.source };
        server.crash();
        server.launch();
        pair.source.sql(DATABASE, &format!("UPDATE numbers SET who = who + 10 WHERE n % 7 = {round}"));
    }
    let arrived = Instant::now();
    while Pair::rows(&pair.source, "numbers") != Pair::rows(&pair.target, "numbers") {
        assert!(arrived.elapsed() < Duration::from_secs(60), "it does not arrive");
        assert!(!following.is_finished(), "it ended");
        std::thread::sleep(Duration::from_millis(100));
    }
    following.abort();
}

#[test]
fn a_changed_table_stops_the_stream_with_both_column_lists() {
    let pair = Pair::with("CREATE TABLE a (id int PRIMARY KEY, b text); CREATE TABLE c (id int PRIMARY KEY)");
    pair.source.sql(
        DATABASE,
        "INSERT INTO c VALUES (1); ALTER TABLE a ADD fresh int; INSERT INTO a VALUES (1, 'x', 2)",
    );
    let stopped = pair.drain().unwrap_err();
    assert_eq!(stopped.kind, Kind::Divergent);
    assert_eq!(stopped.message, "the stream stopped: table public.a was changed on one side");
    assert_eq!(
        stopped.causes,
        [
            "the target lacks the column fresh",
            "at the source: id, b, fresh",
            "at the target: id integer, b text"
        ]
    );
    assert!(stopped.hints[0].contains("make the same change at the target"), "{:?}", stopped.hints);
    // The same at the target, and the stream continues.
    pair.target.sql(DATABASE, "ALTER TABLE a ADD fresh int");
    pair.drain().unwrap();
    pair.assert_equal(&["a", "c"]);
    for (at_source, at_target, cause) in [
        ("ALTER TABLE a DROP fresh", "ALTER TABLE a DROP fresh", "the source lacks the column fresh"),
        (
            "ALTER TABLE a ALTER id TYPE bigint",
            "ALTER TABLE a ALTER id TYPE bigint",
            "the column id has another type at the source than integer",
        ),
        ("ALTER TABLE a RENAME b TO d", "ALTER TABLE a RENAME b TO d", "the target lacks the column d"),
    ] {
        pair.source.sql(DATABASE, &format!("{at_source}; INSERT INTO a SELECT max(id) + 1, 'y' FROM a"));
        let stopped = pair.drain().unwrap_err();
        assert!(stopped.causes.iter().any(|one| one == cause), "{stopped:?}");
        pair.target.sql(DATABASE, at_target);
        pair.drain().unwrap();
        pair.assert_equal(&["a"]);
    }
    pair.source.sql(DATABASE, "CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh VALUES (1)");
    let stopped = pair.drain().unwrap_err();
    assert_eq!(stopped.message, "the target has no table public.fresh, but the stream has rows of it");
}

#[test]
fn unexpected_rows_stop_the_stream_and_are_rolled_back() {
    let pair = Pair::with("CREATE TABLE a (id int PRIMARY KEY, b text)");
    pair.source.sql(DATABASE, "INSERT INTO a VALUES (1, 'x'), (2, 'x')");
    pair.drain().unwrap();
    // Something wrote at the target.
    pair.target.sql(DATABASE, "DELETE FROM a WHERE id = 2; INSERT INTO a VALUES (3, 'other')");
    pair.source
        .sql(DATABASE, "BEGIN; UPDATE a SET b = 'y' WHERE id = 1; UPDATE a SET b = 'y' WHERE id = 2; COMMIT");
    let stopped = pair.drain().unwrap_err();
    assert_eq!(stopped.message, "the stream stopped: it failed to update in public.a");
    assert_eq!(stopped.causes, ["the row does not exist"]);
    assert_eq!(pair.target.value(DATABASE, "SELECT b FROM a WHERE id = 1"), "x");
    pair.target.sql(DATABASE, "INSERT INTO a VALUES (2, 'x')");
    pair.drain().unwrap();
    pair.source.sql(DATABASE, "INSERT INTO a VALUES (3, 'mine')");
    let stopped = pair.drain().unwrap_err();
    assert_eq!(stopped.sqlstate.as_deref(), Some("23505"));
    assert_eq!(stopped.message, "the stream stopped: it failed to insert into public.a");
    assert!(!format!("{stopped:?}").contains("mine"), "{stopped:?}");
}

#[test]
fn the_stream_stops_at_the_given_position() {
    let pair = Pair::with(COUNTED);
    pair.source.sql(DATABASE, "INSERT INTO numbers VALUES (1, 1)");
    let goal = pair.end();
    pair.source.sql(DATABASE, "INSERT INTO numbers VALUES (2, 1)");
    block(pair.follow(goal)).unwrap();
    assert_eq!(pair.target.sql(DATABASE, "SELECT n FROM numbers"), [["1"]]);
    pair.drain().unwrap();
    assert_eq!(pair.target.value(DATABASE, "SELECT count(*) FROM numbers"), "2");
}
