//! Hours of use in short: two processes for four services, writers with keys, readers of kept answers and transactions of several
//! requests go on while passwords are rotated, tables are changed, the manifest is reloaded, the server crashes and processes are killed,
//! and a fifth service attacks.
//!
//! `scripts/serve-soak` runs it for a given time; without, each event comes once.

mod hostile;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Answer, DataService, try_ask_at};
use super::key;
use crate::support::{Admin, Project, Server, until};

const SERVICES: [&str; 4] = ["srz_a", "srz_b", "srz_c", "srz_d"];

const TABLES: &str = "\
CREATE TABLE counter (id int PRIMARY KEY, value bigint NOT NULL DEFAULT 0);
INSERT INTO counter SELECT n, 0 FROM generate_series(1, 4) AS n;
CREATE TABLE note (name text PRIMARY KEY);
";

fn project(server: &Server) -> Project {
    let mut text = format!(
        "version: 1\nproject: srz\nservers:\n  main:\n    url: {}\nserve:\n  listen: 127.0.0.1:0\n  callers:\n",
        server.url_of(Admin::Super)
    );
    let own = |name: &str| format!("    at_{name}: {{ service: {name}, as: write }}\n");
    text.extend(SERVICES.map(own));
    text.push_str(&own(hostile::SERVICE));
    text.push_str("services:\n");
    let exposure = "{ cache: { counter: 60s }, transactions: { interactive: true, idle: 2s }, pool: { max: 8, wait: 5s, processes: 3 } }";
    text.extend(SERVICES.map(|name| format!("  {name}:\n    serve: {exposure}\n")));
    text.push_str(&format!("  {}:\n    serve: {}\n", hostile::SERVICE, hostile::EXPOSURE));
    let project = Project::with_manifest(&text);
    for name in SERVICES {
        project.write(&format!("{name}/migrations/V1__tables.sql"), TABLES);
        project.write(&format!("{name}/migrations/V1__tables.down.sql"), "DROP TABLE note, counter;\n");
    }
    project.write(&format!("{}/migrations/V1__code.sql", hostile::SERVICE), hostile::CODE);
    project.write(&format!("{}/migrations/V1__code.down.sql", hostile::SERVICE), hostile::DROPPED);
    for command in [&["apply", "--all", "-y"][..], &["upgrade", "--all"], &["apply", "--all", "-y"]] {
        project.run(command).expect(0);
    }
    project
}

/// A counter of a service, with one writer.
struct SoakedCounter {
    service: &'static str,
    id: usize,
    key: String,
    /// Last value that was acknowledged.
    known: AtomicI64,
}

/// State of the run.
struct Soak {
    processes: [RwLock<Option<DataService>>; 2],
    counters: Vec<SoakedCounter>,
    /// Notes of transactions whose commit was acknowledged, and of those that were rolled back.
    committed: Mutex<BTreeSet<(&'static str, String)>>,
    rolled_back: Mutex<BTreeSet<(&'static str, String)>>,
    stale: Mutex<Vec<String>>,
    odd: Mutex<Vec<String>>,
    reads: AtomicUsize,
    hits: AtomicUsize,
    writes: AtomicUsize,
    over: AtomicBool,
}

/// Answers that say that nothing was done, or that the outcome is unknown: the request is sent again.
const AGAIN: [u16; 7] = [401, 409, 421, 429, 503, 504, 410];

impl Soak {
    /// Sends a request to one of the processes; `None` if it ended before the answer.
    fn ask(
        &self,
        at: usize,
        (method, path): (&str, &str),
        key: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        let address = self.processes[at % 2].read().unwrap().as_ref()?.address().to_owned();
        try_ask_at(&address, method, path, Some(key), headers, body)
    }

    fn note_odd(&self, what: &str, answer: &Answer) {
        let is_for_others = ["MDB016", "too many connections"].iter().any(|why| answer.body.contains(why));
        if !AGAIN.contains(&answer.status) || is_for_others {
            self.odd.lock().unwrap().push(format!("{what}: {} {}", answer.status, answer.body));
        }
    }

    /// Raises a counter; each write has a key, and is repeated until it is acknowledged.
    fn write(&self, counter: &SoakedCounter) {
        let mut turn = counter.id;
        let path = format!("/{}/rest/counter?id=eq.{}", counter.service, counter.id);
        while !self.over.load(SeqCst) {
            let value = counter.known.load(SeqCst) + 1;
            let (name, body) = (format!("{}-{value}", counter.id), json!({ "value": value }).to_string());
            loop {
                turn += 1;
                match self.ask(turn, ("PATCH", &path), &counter.key, &[("Idempotency-Key", &name)], &body) {
                    Some(answer) if answer.status == 204 => break,
                    Some(answer) => self.note_odd(&path, &answer),
                    None => {}
                }
                thread::sleep(Duration::from_millis(20));
            }
            counter.known.store(value, SeqCst);
            self.writes.fetch_add(1, SeqCst);
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Reads a counter: never less than what was acknowledged before.
    fn read(&self, turn: usize) {
        let counter = &self.counters[turn % self.counters.len()];
        let known = counter.known.load(SeqCst);
        let path = format!("/{}/api/db/counter/{}?select=value", counter.service, counter.id);
        let Some(answer) = self.ask(turn / 3, ("GET", &path), &counter.key, &[], "") else {
            return thread::sleep(Duration::from_millis(5));
        };
        if answer.status != 200 {
            self.note_odd(&path, &answer);
            return thread::sleep(Duration::from_millis(5));
        }
        let found = answer.json()["value"].as_i64().unwrap_or(-1);
        if found < known {
            self.stale.lock().unwrap().push(format!("{path}: {found}, and {known} was acknowledged"));
        }
        self.reads.fetch_add(1, SeqCst);
        self.hits.fetch_add(usize::from(answer.header("cache-status").is_some()), SeqCst);
    }

    /// Begins a transaction, adds a note, and commits or rolls back, all at one process.
    fn transact(&self, turn: usize) {
        let counter = &self.counters[turn % self.counters.len()];
        let (service, name) = (counter.service, format!("note {turn}"));
        let ask = |method: &str, path: &str, body: &Value| {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer = self.ask(turn, (method, path), &counter.key, &[], &body)?;
            if answer.status >= 300 {
                self.note_odd(path, &answer);
                return None;
            }
            Some(answer)
        };
        let insert = json!({"op": "insert", "collection": "note", "values": {"name": name}});
        let done = || {
            let begun = ask("POST", &format!("/{service}/api/db/transactions"), &Value::Null)?;
            let path = begun.header("location")?.to_owned();
            ask("POST", &format!("{path}/operations"), &insert)?;
            if turn.is_multiple_of(4) {
                ask("DELETE", &path, &Value::Null)?;
                self.rolled_back.lock().unwrap().insert((service, name.clone()));
            } else {
                ask("POST", &format!("{path}/commit"), &Value::Null)?;
                self.committed.lock().unwrap().insert((service, name.clone()));
            }
            Some(())
        };
        if done().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn restart(&self, project: &Project, at: usize) {
        let mut process = self.processes[at].write().unwrap();
        if let Some(process) = process.as_ref() {
            process.kill();
        }
        *process = Some(DataService::start(project));
    }

    fn memory(&self) -> Vec<u64> {
        let of =
            |process: &RwLock<Option<DataService>>| process.read().unwrap().as_ref().map(DataService::memory);
        self.processes.iter().filter_map(of).collect()
    }

    /// Waits until each counter was raised: the services are in use again.
    fn until_in_use(&self) {
        let before: Vec<i64> = self.counters.iter().map(|one| one.known.load(SeqCst)).collect();
        until("all services are in use again", || {
            self.counters.iter().zip(&before).all(|(one, before)| one.known.load(SeqCst) > *before)
        });
    }
}

/// Does what an operator does, and what happens to one, until the time is over.
fn events(soak: &Soak, project: &Project, server: &mut Server) {
    let minutes = std::env::var("MARTYDB_TEST_SOAK_MINUTES").ok().and_then(|text| text.parse::<u64>().ok());
    let end = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(0));
    for round in 2.. {
        project.run(&["rotate", "--all"]).expect(0);
        soak.until_in_use();
        let migration = |name: &str| format!("{}/migrations/V{round}__{name}.sql", SERVICES[round % 4]);
        project.write(
            &migration("more"),
            &format!("ALTER TABLE counter ADD more_{round} int DEFAULT {round};\n"),
        );
        let down = migration("more").replace(".sql", ".down.sql");
        project.write(&down, &format!("ALTER TABLE counter DROP more_{round};\n"));
        project.run(&["upgrade", "--all"]).expect(0);
        soak.processes.iter().for_each(|one| one.read().unwrap().iter().for_each(DataService::reload));
        soak.until_in_use();
        server.crash();
        server.launch();
        soak.until_in_use();
        soak.restart(project, round % 2);
        soak.until_in_use();
        if minutes.is_some() {
            eprintln!(
                "round {round}: {} reads, {} of kept answers, {} writes, {} commits, memory {:?} kB",
                soak.reads.load(SeqCst),
                soak.hits.load(SeqCst),
                soak.writes.load(SeqCst),
                soak.committed.lock().unwrap().len(),
                soak.memory()
            );
        }
        if Instant::now() >= end {
            return;
        }
    }
}

#[test]
fn acknowledged_writes_survive_kills_of_processes_and_server() {
    let mut server = Server::start();
    let project = project(&server);
    let attacker = key(&project, &format!("at_{}", hostile::SERVICE));
    let counters = SERVICES.into_iter().flat_map(|service| {
        let key = key(&project, &format!("at_{service}"));
        (1..=2).map(move |id| SoakedCounter { service, id, key: key.clone(), known: AtomicI64::new(0) })
    });
    let soak = Soak {
        counters: counters.collect(),
        processes: [(), ()].map(|()| RwLock::new(Some(DataService::start(&project)))),
        committed: Mutex::default(),
        rolled_back: Mutex::default(),
        stale: Mutex::default(),
        odd: Mutex::default(),
        reads: AtomicUsize::new(0),
        hits: AtomicUsize::new(0),
        writes: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    let done = thread::scope(|scope| {
        let soak = &soak;
        for counter in &soak.counters {
            scope.spawn(|| soak.write(counter));
        }
        for first in 0..2_usize {
            scope.spawn(move || {
                (first..).take_while(|_| !soak.over.load(SeqCst)).for_each(|turn| soak.read(turn))
            });
        }
        scope.spawn(|| (0..).take_while(|_| !soak.over.load(SeqCst)).for_each(|turn| soak.transact(turn)));
        scope.spawn(|| soak.attack(&attacker));
        let done = catch_unwind(AssertUnwindSafe(|| events(soak, &project, &mut server)));
        soak.over.store(true, SeqCst);
        done
    });
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    compare(&soak, &server);
}

/// Compares what was acknowledged with what is there.
fn compare(soak: &Soak, server: &Server) {
    assert!(soak.hits.load(SeqCst) > 0, "no answer was a kept one");
    let stale = soak.stale.lock().unwrap();
    assert!(stale.is_empty(), "{:#?}", &stale[..stale.len().min(10)]);
    let odd = soak.odd.lock().unwrap();
    assert!(odd.is_empty(), "{} of {}: {:#?}", odd.len(), soak.reads.load(SeqCst), &odd[..odd.len().min(10)]);
    for counter in &soak.counters {
        let sql = format!("SELECT value::text FROM counter WHERE id = {}", counter.id);
        let found = server.value(counter.service, &sql).parse::<i64>().unwrap();
        assert_eq!(found, counter.known.load(SeqCst), "{} {}", counter.service, counter.id);
        // A key is kept for a day, so each write has one row in the audit, and one answer.
        let sql = format!(
            "SELECT count(*)::text FROM martydb_serve.audit WHERE collection = 'public.counter' AND key = 'id=eq.{}'",
            counter.id
        );
        assert_eq!(server.value(counter.service, &sql), found.to_string(), "{}", counter.service);
    }
    for service in SERVICES {
        let found: BTreeSet<String> =
            server.sql(service, "SELECT name FROM note").into_iter().flatten().collect();
        let lost = soak
            .committed
            .lock()
            .unwrap()
            .iter()
            .filter(|(of, name)| *of == service && !found.contains(name))
            .count();
        let kept = soak
            .rolled_back
            .lock()
            .unwrap()
            .iter()
            .filter(|(of, name)| *of == service && found.contains(name))
            .count();
        assert_eq!((lost, kept), (0, 0), "{service}: lost commits, and notes that were rolled back");
    }
    let limit = 200_000;
    assert!(soak.memory().iter().all(|kilobytes| *kilobytes < limit), "{:?}", soak.memory());
    soak.processes.iter().for_each(|one| drop(one.write().unwrap().take()));
    let left = "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE '%\\_serve%'";
    until("no connection is left", || server.value("postgres", left) == "0");
}
