//! Two processes of the data service for the same services, behind a balancer that sends each request to the next one: what is kept in
//! one of them is checked against the database, and what only one of them has is said.
//!
//! `scripts/serve-stale` runs the first test with 100,000 reads.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::api::served;
use super::client::{Answer, DataService, ask_at};
use super::key;
use crate::support::{Project, Server, until};

/// Load balancer: each connection gets the next process.
pub(crate) struct Balancer {
    pub address: String,
    stop: Arc<AtomicBool>,
}

impl Balancer {
    pub(crate) fn start(processes: Vec<String>) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, stop) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        thread::spawn(move || {
            for (client, process) in listener.incoming().zip(processes.iter().cycle()) {
                if stopped.load(SeqCst) {
                    return;
                }
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(process)) else { continue };
                for (mut from, mut to) in
                    [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    thread::spawn(move || {
                        let _end = std::io::copy(&mut from, &mut to);
                        let _end = to.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        });
        Balancer { address, stop }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        let _wake = TcpStream::connect(&self.address);
    }
}

/// Two processes, and the balancer before them.
struct BalancedServices {
    processes: Vec<DataService>,
    balancer: Balancer,
    reader: String,
    writer: String,
}

impl BalancedServices {
    fn start(project: &Project) -> BalancedServices {
        let [reader, writer] = ["reader", "writer"].map(|caller| key(project, caller));
        let processes = vec![DataService::start(project), DataService::start(project)];
        let balancer = Balancer::start(processes.iter().map(|one| one.address().to_owned()).collect());
        BalancedServices { processes, balancer, reader, writer }
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        ask_at(&self.balancer.address, method, path, key, headers, body)
    }
}

/// Counters that writers raise, and what is known to be committed of each.
struct KnownCounters {
    values: Vec<AtomicI64>,
    /// The token of the last write by the data service, with its value.
    tokens: Vec<Mutex<Option<(i64, String)>>>,
    reads: AtomicUsize,
    hits: AtomicU64,
    at_standby: AtomicU64,
    stale: Mutex<Vec<String>>,
    over: AtomicBool,
}

const COUNTERS: usize = 12;

impl KnownCounters {
    fn new() -> KnownCounters {
        KnownCounters {
            values: (0..COUNTERS).map(|_| AtomicI64::new(0)).collect(),
            tokens: (0..COUNTERS).map(|_| Mutex::default()).collect(),
            reads: AtomicUsize::new(0),
            hits: AtomicU64::new(0),
            at_standby: AtomicU64::new(0),
            stale: Mutex::default(),
            over: AtomicBool::new(false),
        }
    }

    /// Reads a counter, and compares it with what was committed before.
    fn read(&self, services: &BalancedServices, number: usize, at_standby: bool) {
        let token = self.tokens[number].lock().unwrap().clone().filter(|_| at_standby);
        let known = token.as_ref().map_or_else(|| self.values[number].load(SeqCst), |(value, _)| *value);
        let mut headers = vec![];
        if let Some((_, token)) = &token {
            headers = vec![("Read-Preference", "secondary"), ("Martydb-Written", token.as_str())];
        }
        let id = number + 1;
        let path = match (number + self.reads.load(SeqCst)) % 3 {
            0 => format!("/srw_a/api/db/counter/{id}"),
            1 => format!("/srw_a/rest/counter?select=value&id=eq.{id}"),
            _ => format!("/srw_a/api/db/counter?id=eq.{id}"),
        };
        // Without the balancer, which takes longer than they do.
        let process = &services.processes[self.reads.load(SeqCst) % 2];
        let answer = process.ask("GET", &path, Some(&services.reader), &headers, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let found = answer.json();
        let found = [found.pointer("/value"), found.pointer("/0/value"), found.pointer("/items/0/value")];
        let found = found.into_iter().flatten().next().and_then(serde_json::Value::as_i64).unwrap_or(-1);
        if found < known {
            self.stale.lock().unwrap().push(format!("{path}: {found}, and {known} was committed"));
        }
        self.reads.fetch_add(1, SeqCst);
        self.hits.fetch_add(u64::from(answer.header("cache-status").is_some()), SeqCst);
        self.at_standby.fetch_add(u64::from(answer.header("martydb-replica").is_some()), SeqCst);
    }

    /// Raises counters until the reads are done: by transactions that stay open for up to 30 ms, past the data service.
    fn write_beside(&self, server: &Server, own: std::ops::Range<usize>) {
        let mut open = (0..=30).cycle().step_by(7);
        while !self.over.load(SeqCst) {
            for number in own.clone() {
                let (value, id) = (self.values[number].load(SeqCst) + 1, number + 1);
                let pause = f64::from(open.next().unwrap()) / 1000.0;
                let sql = format!(
                    "BEGIN; UPDATE counter SET value = {value} WHERE id = {id}; SELECT pg_sleep({pause}); COMMIT"
                );
                server.sql("srw_a", &sql);
                self.values[number].store(value, SeqCst);
                thread::sleep(Duration::from_millis(60));
            }
        }
    }

    /// The same by the data service.
    fn write_by(&self, services: &BalancedServices, own: std::ops::Range<usize>) {
        while !self.over.load(SeqCst) {
            for number in own.clone() {
                let (value, id) = (self.values[number].load(SeqCst) + 1, number + 1);
                let path = format!("/srw_a/rest/counter?id=eq.{id}");
                let body = json!({ "value": value }).to_string();
                let done = services.ask("PATCH", &path, Some(&services.writer), &[], &body);
                assert_eq!(done.status, 204, "{}", done.body);
                let token = done.header("martydb-written").map(|token| (value, token.to_owned()));
                *self.tokens[number].lock().unwrap() = token;
                self.values[number].store(value, SeqCst);
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

#[test]
fn two_processes_behind_a_load_balancer_answer_as_one() {
    let primary = Server::with_standbys();
    let standby = primary.standby(&[]);
    let exposure = "{ cache: { counter: 60s }, transactions: { interactive: true }, pool: { max: 8 } }";
    let project = served(&primary, "srw", exposure);
    let manifest = project.read("martydb.yaml");
    let replicas = format!(
        "\n    replicas:\n      - {{ name: r1, url: \"postgresql://127.0.0.1:{}\" }}\nserve:",
        standby.port
    );
    let callers = "  callers:\n    anonymous: { service: srw_b, as: read }\n";
    let manifest = manifest.replacen("\nserve:", &replicas, 1).replacen("  callers:\n", callers, 1);
    project.write("martydb.yaml", &manifest);
    project.run(&["apply", "--all", "-y"]).expect(0);
    primary.sql("srw_a", "UPDATE counter SET value = 0");
    standby.catch_up_with(&primary);
    let services = BalancedServices::start(&project);
    stale(&services, &primary);
    of_one_process(&services, &primary);
}

/// Reads while others write: no answer is older than what was committed before it was asked for.
fn stale(services: &BalancedServices, primary: &Server) {
    let wanted = std::env::var("MARTYDB_TEST_STALE_READS").map_or(600, |text| text.parse::<usize>().unwrap());
    let (counters, begun) = (KnownCounters::new(), std::time::Instant::now());
    thread::scope(|scope| {
        let counters = &counters;
        scope.spawn(|| counters.write_beside(primary, 0..3));
        scope.spawn(|| counters.write_beside(primary, 3..6));
        scope.spawn(|| counters.write_by(services, 6..9));
        let readers: Vec<_> = (0..4_usize)
            .map(|reader| {
                scope.spawn(move || {
                    let mut number = reader;
                    while counters.reads.load(SeqCst) < wanted {
                        number = (number + 5) % COUNTERS;
                        counters.read(services, number, reader == 3);
                    }
                })
            })
            .collect();
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        counters.over.store(true, SeqCst);
    });
    let stale = counters.stale.into_inner().unwrap();
    let writes: i64 = counters.values.iter().map(|value| value.load(SeqCst)).sum();
    let (reads, hits, at_standby) =
        (counters.reads.load(SeqCst), counters.hits.load(SeqCst), counters.at_standby.load(SeqCst));
    eprintln!(
        "{} stale of {reads} reads: {hits} of kept answers, {at_standby} at the standby, beside {writes} writes, in {:.1} s",
        stale.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(stale.is_empty(), "{:#?}", &stale[..stale.len().min(10)]);
    assert!(at_standby > 0, "nothing was read at the standby");
    until("an answer of the quiet table is kept", || {
        let answer = services.ask("GET", "/srw_a/api/db/counter/1", Some(&services.reader), &[], "");
        answer.header("cache-status").is_some()
    });
}

/// Checks state that one process has and the others must know: keys, cursors, ids of transactions, callers without a key.
fn of_one_process(services: &BalancedServices, primary: &Server) {
    let insert = json!({"name": "once"}).to_string();
    let keyed = [("Idempotency-Key", "once"), ("Prefer", "return=representation")];
    let answers: Vec<Answer> = (0..3)
        .map(|_| services.ask("POST", "/srw_a/rest/customer", Some(&services.writer), &keyed, &insert))
        .collect();
    assert!(answers.iter().all(|one| one.status == 201 && one.body == answers[0].body));
    assert_eq!(answers.iter().filter(|one| one.header("idempotency-replayed").is_some()).count(), 2);
    assert_eq!(primary.value("srw_a", "SELECT count(*)::text FROM customer WHERE name = 'once'"), "1");

    let page = |after: &str| {
        services.ask("GET", &format!("/srw_a/api/db/counter?limit=3{after}"), Some(&services.reader), &[], "")
    };
    let next = page("").json()["next"].as_str().unwrap().to_owned();
    assert_eq!(page(&format!("&after={next}")).json()["items"][0]["id"], 4);

    let begin = services.ask("POST", "/srw_a/api/db/transactions", Some(&services.writer), &[], "");
    let path = begin.header("location").unwrap();
    // The other process has its turn.
    let wrong = services.ask("POST", &format!("{path}/commit"), Some(&services.writer), &[], "");
    assert_eq!((wrong.status, wrong.body.contains("process")), (421, true), "{}", wrong.body);
    let right = services.ask("POST", &format!("{path}/commit"), Some(&services.writer), &[], "");
    assert_eq!(right.status, 200, "{}", right.body);

    // A caller without a key is that of the service that the manifest names.
    for (path, status) in [("/srw_b/rest/none", 404), ("/srw_a/rest/customer", 401)] {
        let found = [0; 2].map(|_| services.ask("GET", path, None, &[], "").status);
        assert_eq!(found, [status; 2], "{path}");
    }
    assert_eq!(services.processes.len(), 2);
}
