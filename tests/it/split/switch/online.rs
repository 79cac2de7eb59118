//! With writers all the while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::{LEGACY, Split};
use crate::support::{ADMIN_PASSWORD, ask, many, until};

/// From a copy with the source closed to one that is followed: the slot is made while both are closed.
fn follow(split: &Split) {
    split.split(&["copy"]).expect(0);
    let all = "public.orders, public.order_items, public.order_log, public.order_days";
    for (service, tables) in [("orders", all), ("users", "public.users")] {
        let slot = format!("mdb_test_{service}_f");
        if service == "orders" {
            split.source.sql(LEGACY, "ALTER TABLE order_log REPLICA IDENTITY FULL");
        }
        split.source.sql(
            LEGACY,
            &format!("CREATE PUBLICATION {slot} FOR TABLE {tables}, martydb_split.marker_{service} WITH (publish_via_partition_root = true)"),
        );
        split.source.sql(LEGACY, &format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"));
        split.source.sql(
            LEGACY,
            &format!("UPDATE martydb_split.service SET phase = 'following', closed = false, forward_slot = '{slot}' WHERE name = '{service}'"),
        );
    }
    split.source.sql(LEGACY, "UPDATE martydb_split.run SET online = true");
    for table in ["orders", "order_items", "order_log", "order_days", "order_days_1", "order_days_2", "users"]
    {
        split.source.sql(LEGACY, &format!("DROP TRIGGER martydb_split_closed ON {table}"));
    }
}

/// Writers that use every number once, at the side that takes it.
pub(crate) struct Writers {
    done: Arc<AtomicBool>,
    written: Arc<AtomicI64>,
    /// The longest time between two writes of one writer, in milliseconds.
    longest: Arc<AtomicI64>,
    threads: Vec<std::thread::JoinHandle<Vec<i64>>>,
}

/// Pause of a writer. Without one the writers of six tests at a time would leave no CPU to what they test.
const PAUSE: Duration = Duration::from_millis(5);

async fn side(port: u16, database: &str) -> PgConnection {
    use sqlx::{ConnectOptions, postgres::PgConnectOptions};
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("postgres");
    let options =
        options.password(ADMIN_PASSWORD).database(database).ssl_mode(sqlx::postgres::PgSslMode::Disable);
    options.disable_statement_logging().connect().await.unwrap()
}

async fn write(
    source: u16,
    target: u16,
    first: i64,
    done: &AtomicBool,
    written: &AtomicI64,
    longest: &AtomicI64,
) -> Vec<i64> {
    let mut sides = [side(source, LEGACY).await, side(target, "orders").await];
    // As applications do, whose role has no way past the closed tables.
    ask(&mut sides[0], "SET ROLE legacy_app").await.unwrap();
    ask(&mut sides[1], "SET ROLE orders_app").await.unwrap();
    let (mut at, mut n, mut kept, mut last) = (0, first, vec![], Instant::now());
    while !done.load(Ordering::Relaxed) {
        let sql = format!(
            "BEGIN; INSERT INTO orders (note, n) VALUES ('number {n}', {n}); UPDATE orders SET note = note || '!' WHERE n = {n} - 3;
             INSERT INTO order_items (order_id, what) SELECT id, 'thing' FROM orders WHERE n = {n};
             DELETE FROM orders WHERE n = {n} - 10 AND n % 2 = 0; INSERT INTO order_days VALUES (date '2026-01-01' + ({n} % 360)::int, {n}); COMMIT"
        );
        match ask(&mut sides[at], &sql).await {
            Ok(_) => {
                longest.fetch_max(i64::try_from(last.elapsed().as_millis()).unwrap(), Ordering::Relaxed);
                last = Instant::now();
                kept.push(n);
                written.fetch_add(1, Ordering::Relaxed);
                n += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(state) => {
                ask(&mut sides[at], "ROLLBACK").await.unwrap();
                assert!(matches!(state.as_str(), "25006" | "40P01"), "{state} at {at}: {sql}");
                at = 1 - at;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    kept
}

impl Writers {
    pub(crate) fn start(split: &Split, count: i64) -> Writers {
        let done = Arc::new(AtomicBool::new(false));
        let (written, longest) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let (source, target) = (split.source.port, split.target.port);
        let threads = (1..=count).map(|writer| {
            let (done, written, longest) = (done.clone(), written.clone(), longest.clone());
            std::thread::spawn(move || {
                super::super::stream::block(write(
                    source,
                    target,
                    writer * 1_000_000,
                    &done,
                    &written,
                    &longest,
                ))
            })
        });
        let threads = threads.collect();
        Writers { done, written, longest, threads }
    }

    /// Waits until so many more were written.
    pub(crate) fn more(&self, count: i64) {
        let before = self.written.load(Ordering::Relaxed);
        until("the writers go on", || self.written.load(Ordering::Relaxed) >= before + count);
    }

    fn gap(&self) -> i64 {
        self.longest.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn end(self) -> Vec<i64> {
        self.done.store(true, Ordering::Relaxed);
        self.threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }
}

/// Every acknowledged number exists once, and the trigger recorded each once.
pub(crate) fn assert_all(server: &crate::support::Server, database: &str, written: &[i64]) {
    let days = server.sql(database, "SELECT n FROM order_days WHERE n >= 1000000 ORDER BY n");
    let mut expected: Vec<String> = written.iter().map(i64::to_string).collect();
    expected.sort_by_key(|n| n.parse::<i64>().unwrap());
    let days: Vec<String> = days.into_iter().flatten().collect();
    assert_eq!(days.len(), expected.len());
    assert_eq!(days, expected);
    let twice = "SELECT n FROM order_log WHERE what = 'INSERT' GROUP BY n HAVING count(*) <> 1";
    assert!(server.sql(database, twice).is_empty(), "{:?}", server.sql(database, twice));
    assert_eq!(
        server.value(database, "SELECT count(*) FROM order_log WHERE what = 'INSERT' AND n >= 1000000"),
        expected.len().to_string()
    );
}

/// While writers write, both sides are equal at one moment.
fn verified(split: &Split) {
    let found = split.project.json(&["split", "verify", "--service", "orders"], 0);
    assert_eq!(found["services"][0]["equal"], true, "{found}");
}

#[test]
fn repeated_switches_lose_and_repeat_no_write() {
    let split = Split::new();
    follow(&split);
    let writers = Writers::start(&split, 3);
    writers.more(50);
    for round in 0..many(3, 1) {
        writers.gap();
        let done = split.project.json(&["split", "cutover", "--service", "orders"], 0);
        writers.more(50);
        eprintln!(
            "cutover {round}: refused for {} ms, as the writers saw it {} ms",
            done["refused_ms"],
            writers.gap()
        );
        assert_eq!(split.phase("orders"), "cut_over");
        verified(&split);
        let done = split.project.json(&["split", "rollback", "--service", "orders"], 0);
        writers.more(50);
        eprintln!(
            "rollback {round}: refused for {} ms, as the writers saw it {} ms",
            done["refused_ms"],
            writers.gap()
        );
        assert_eq!(split.phase("orders"), "rolled_back");
        verified(&split);
    }
    split.project.json(&["split", "cutover", "--service", "orders"], 0);
    writers.more(20);
    let written = writers.end();
    assert_all(&split.target, "orders", &written);
    split.split(&["cutover", "--service", "users"]).expect(0);
    let done = split.split(&["finish", "--confirm", LEGACY]);
    insta::assert_snapshot!(done.shown(), @r"
    Removed 7 tables and 1 view from database legacy.

    Remaining in database legacy:
      function public.note_order()

    Logins that reach it:
      legacy_app: reaches legacy, postgres; 0 tables here

    2 services at 4 databases: every login connected to its own and was denied at all others (--matrix shows them)
    skipped (no connections allowed): template0

    low: server main: setting max_connections [connection-limits-exceed-server]
      seen: the limits of all services add up to 130; the server has 100 connections, 3 of them reserved

    2 services, 6 logins, 24 probes: 24 passed, 0 breaches, 0 inconclusive, plus N extra probes

    found: 1 note (low)
    --- stderr
    server old: 127.0.0.1:PORT, PostgreSQL VERSION
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    ");
    for (server, database) in [(&split.source, LEGACY), (&split.target, "orders"), (&split.target, "users")] {
        assert!(
            split.leftovers(server, database).is_empty(),
            "{database} {:?}",
            split.leftovers(server, database)
        );
    }
    assert_all(&split.target, "orders", &written);
}

#[test]
fn the_next_run_completes_a_killed_switch() {
    let split = Split::new();
    follow(&split);
    let writers = Writers::start(&split, 2);
    writers.more(20);
    let (mut state, mut kills) = (11_u64, 0);
    for step in ["cutover", "rollback", "cutover", "rollback"].into_iter().take(many(4, 2)) {
        for _ in 0..5 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut child = split.project.command(&["split", step, "--service", "orders"]).spawn().unwrap();
            std::thread::sleep(Duration::from_millis((state >> 33) % 2500));
            kills += i32::from(child.try_wait().unwrap().is_none());
            let _gone = child.kill();
            child.wait().unwrap();
        }
        split.split(&[step, "--service", "orders"]).expect(0);
        writers.more(20);
    }
    eprintln!("{kills} were killed before they had ended");
    assert!(kills > 0, "none was killed before it had ended");
    split.split(&["cutover", "--service", "orders"]).expect(0);
    writers.more(20);
    let written = writers.end();
    assert_all(&split.target, "orders", &written);
}
