//! Days of simulated time on a table that is written and read all the while: `scripts/partitions --days 100`, and a few
//! days in CI. The server's clock is ahead by a number of days in a table: its function `clock_timestamp` is replaced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor};

use super::{parts, project};
use crate::support::{Admin, Project, Server};

/// Days that a partition is kept after its end.
const KEEP: i64 = 2;

/// Partitions after today's.
const AHEAD: i64 = 7;

/// Days of each twenty on which a row comes that is ahead of every partition, on which its period is due, and on which a
/// person moves it away.
const EARLY: i64 = 1;
const DUE: i64 = 3;
const MOVED: i64 = 6;

/// Longest wait of a writer: 100 ms behind one attempt to get a lock, and the change itself.
const LONGEST: Duration = Duration::from_millis(200);

const CLOCK: &str = "SET allow_system_table_mods = on;
    ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO real_clock_timestamp;
    CREATE SCHEMA sim; CREATE TABLE sim.clock (days int NOT NULL); INSERT INTO sim.clock VALUES (0);
    GRANT USAGE ON SCHEMA sim TO PUBLIC; GRANT SELECT ON sim.clock TO PUBLIC;
    CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
      'BEGIN RETURN pg_catalog.real_clock_timestamp() + pg_catalog.make_interval(days => (SELECT days FROM sim.clock)); END'";

/// A copy of each written row, and a table without partitions.
const TABLES: &str = "CREATE TABLE events (at timestamptz NOT NULL, name text) PARTITION BY RANGE (at);
    CREATE INDEX ON events (at);
    CREATE TABLE events_rest PARTITION OF events DEFAULT;
    CREATE TABLE copies (at timestamptz NOT NULL);
    CREATE TABLE plain (at timestamptz NOT NULL);\n";

const WRITE: &str = "WITH new AS (INSERT INTO events VALUES (clock_timestamp(), 'x') RETURNING at) INSERT INTO copies SELECT at FROM new";
const CHANGE: &str = "UPDATE events SET name = 'y' WHERE at > clock_timestamp() - interval '1 s'";
const READ: &str = "SELECT count(*), pg_sleep(0.05) FROM events";
const PLAIN: &str = "INSERT INTO plain VALUES (clock_timestamp())";

/// Ends the sessions at its end, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Repeats a statement as the app in one session, and returns its longest duration.
fn repeat(
    server: &Server,
    password: &str,
    sql: &'static str,
    pause: Duration,
    stop: &AtomicBool,
) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut session = server.connect("prs_a_app", password, "prs_a").await;
        let mut longest = Duration::ZERO;
        while !stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            session.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            longest = longest.max(begun.elapsed());
            tokio::time::sleep(pause).await;
        }
        session.close().await.unwrap();
        longest
    })
}

fn days() -> i64 {
    std::env::var("MARTYDB_PARTITION_DAYS").map_or(8, |days| days.parse().unwrap())
}

/// Lives through a day: what a person does, the daily run, and then rows.
fn live(server: &Server, project: &Project, day: i64) {
    server.sql("prs_a", &format!("UPDATE sim.clock SET days = {day}"));
    let of_twenty = day % 20;
    if of_twenty == EARLY {
        let early = "WITH new AS (INSERT INTO events VALUES (clock_timestamp() + interval '9 days', 'early') RETURNING at)
                     INSERT INTO copies SELECT at FROM new";
        server.sql("prs_a", early);
    }
    if of_twenty == MOVED {
        server.sql("prs_a", "CREATE TABLE aside AS SELECT * FROM events_rest; DELETE FROM events_rest");
    }
    let is_left_out = (DUE..MOVED).contains(&of_twenty);
    let report = project.json(&["partitions", "--once"], i32::from(is_left_out));
    let row = &report["tables"][0];
    let count = |key: &str| i64::try_from(row[key].as_array().unwrap().len()).unwrap();
    if is_left_out {
        assert!(row["error"]["message"].as_str().unwrap().contains("the default partition"), "{report:#}");
    }
    // Each day has the last one made; the period that waits is made when its row is away.
    let made = match of_twenty {
        _ if day == 0 => AHEAD + 1,
        DUE => 0,
        MOVED => 2,
        _ => 1,
    };
    let expected = (made, i64::from(is_left_out), i64::from(day > KEEP));
    assert_eq!((count("made"), count("left_out"), count("removed")), expected, "day {day}: {report:#}");
    if of_twenty == MOVED {
        server.sql("prs_a", "INSERT INTO events SELECT * FROM aside; DROP TABLE aside");
    }
    std::thread::sleep(Duration::from_millis(150));
}

/// The longest wait of the app for a lock, by the server's log.
fn longest_wait(log: &str) -> Duration {
    let of_app = log.lines().filter(|line| line.contains("prs_a_app@prs_a") && line.contains(" acquired "));
    let waits =
        of_app.filter_map(|line| line.rsplit_once(" after ")?.1.strip_suffix(" ms")?.parse::<f64>().ok());
    Duration::from_secs_f64(waits.fold(0.0, f64::max) / 1000.0)
}

/// Checks that only rows older than `keep` are gone.
fn check_rows(server: &Server) {
    let cutoff = format!(
        "((date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') - interval '{KEEP} days') AT TIME ZONE 'UTC')"
    );
    let count = |table: &str, sign: &str| {
        let sql = format!("SELECT count(*)::text FROM {table} WHERE at {sign} {cutoff}");
        server.value("prs_a", &sql).parse::<u64>().unwrap()
    };
    assert_eq!(count("events", "<"), 0);
    assert!(count("copies", "<") > 0);
    assert_eq!(count("events", ">="), count("copies", ">="));
    assert_eq!(parts(server, "prs_a").len(), usize::try_from(KEEP + 1 + AHEAD + 1).unwrap());
}

#[test]
fn writers_wait_briefly_and_only_expired_partitions_are_removed() {
    // A wait for a lock is logged with its duration, by the server.
    let server = Server::start_with(&["log_lock_waits=on", "deadlock_timeout=40ms"]);
    let rule = format!("{{ by: day, key: at, ahead: {AHEAD}, keep: {KEEP}d, drop: drop }}");
    let project = project(&server, Admin::Super, "prs", &rule, TABLES);
    server.sql("prs_a", CLOCK);
    let (days, app, stop) = (days(), project.password("prs_a_app"), AtomicBool::new(false));
    live(&server, &project, 0);
    let (longest, plain) = std::thread::scope(|scope| {
        let run = |sql: &'static str, pause| {
            let (server, app, stop) = (&server, &app, &stop);
            scope.spawn(move || repeat(server, app, sql, Duration::from_millis(pause), stop))
        };
        let writers = [run(WRITE, 2), run(WRITE, 5), run(CHANGE, 20)];
        let (reader, plain) = (run(READ, 20), run(PLAIN, 2));
        let end = Stop(&stop);
        (1..=days).for_each(|day| live(&server, &project, day));
        drop(end);
        let longest = writers.map(|one| one.join().unwrap()).into_iter().max().unwrap();
        let _read = reader.join().unwrap();
        (longest, plain.join().unwrap())
    });
    let waited = longest_wait(&server.log());
    println!(
        "{days} days: longest statement of a writer {longest:?}, of one beside it {plain:?}; longest wait for a lock {waited:?}"
    );
    check_rows(&server);
    // Writes to the plain table measure the waits of this machine without locks.
    assert!(waited <= LONGEST + plain, "{waited:?}, plain {plain:?}");
    assert!(longest <= LONGEST + 2 * plain, "{longest:?}, plain {plain:?}");
}
