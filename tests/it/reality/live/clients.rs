//! Fifty clients that do what they can again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Column, Connection, Executor, PgConnection, Row};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::database::{Database, PASSWORD, ROLES};
use crate::support::Server;

pub(crate) const CLIENTS: usize = 50;

/// Roles of the clients, mostly the owner.
const SHARES: [usize; 10] = [0, 1, 2, 3, 0, 1, 2, 3, 0, 0];

/// State that all clients share.
struct Shared {
    server: Arc<Server>,
    stop: AtomicBool,
    /// `true` while `apply` runs.
    changing: AtomicBool,
    rounds: Arc<AtomicUsize>,
}

/// The longest wait for an answer before `apply`, and while it ran, with the statement.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    pub before: Duration,
    pub longest: (Duration, String),
}

impl Waits {
    fn note(&mut self, shared: &Shared, took: Duration, what: &str) {
        if !shared.changing.load(Relaxed) {
            self.before = self.before.max(took);
        } else if took > self.longest.0 {
            self.longest = (took, what.to_owned());
        }
    }
}

pub(crate) struct Crowd {
    runtime: Runtime,
    shared: Arc<Shared>,
    pub rounds: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Waits>>,
    report: JoinHandle<()>,
}

struct Client {
    number: usize,
    role: String,
    database: String,
    writes: Option<String>,
    rounds: Vec<(String, Option<String>)>,
}

impl Crowd {
    pub(crate) fn start(server: &Arc<Server>, databases: &[Database]) -> Crowd {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let rounds = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(Shared {
            server: server.clone(),
            stop: AtomicBool::new(false),
            changing: AtomicBool::new(false),
            rounds: rounds.clone(),
        });
        let clients = (0..CLIENTS).map(|number| {
            let client = Client::new(number, databases);
            runtime.spawn(client.run(shared.clone()))
        });
        let clients = clients.collect();
        let report = runtime.spawn(report(server.clone(), databases[0].name.clone()));
        Crowd { runtime, shared, rounds, clients, report }
    }

    /// Until the report has begun, and all have worked for a while.
    pub(crate) fn wait_until_busy(&self, server: &Server) {
        let reading = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(12)%' AND pid <> pg_backend_pid()";
        while self.rounds.load(Relaxed) < 500 || server.value("postgres", reading) == "0" {
            assert!(self.clients.iter().all(|client| !client.is_finished()), "a client has failed");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Attributes later waits of clients to `apply`.
    pub(crate) fn changing(&self) {
        self.shared.changing.store(true, Relaxed);
    }

    /// The longest waits of all.
    pub(crate) fn stop(self) -> Waits {
        self.shared.stop.store(true, Relaxed);
        self.runtime.block_on(async {
            self.report.await.unwrap();
            let mut all = Waits::default();
            for client in self.clients {
                let waits = client.await.unwrap();
                all.before = all.before.max(waits.before);
                all.longest = all.longest.max(waits.longest);
            }
            all
        })
    }
}

/// A report of twelve seconds on one table.
async fn report(server: Arc<Server>, database: String) {
    let mut connection = server.connect(&format!("{database}_old"), PASSWORD, &database).await;
    let sql = "BEGIN; SELECT count(*) FROM patient; SELECT pg_sleep(12); COMMIT";
    connection.execute(sqlx::raw_sql(sql)).await.unwrap();
}

impl Client {
    fn new(number: usize, databases: &[Database]) -> Client {
        let database = &databases[number % databases.len()];
        let who = SHARES[number / databases.len() % SHARES.len()];
        let writes = (who < 2)
            .then(|| format!("INSERT INTO \"{}\".live_written SELECT {number}, ", database.schemas[0]));
        let rounds = database.rounds[who].iter().map(|round| (round.sql.clone(), round.gives.clone()));
        let (role, database, rounds) = (database.role(ROLES[who]), database.name.clone(), rounds.collect());
        Client { number, role, database, writes, rounds }
    }

    /// Every third logs in again each time.
    async fn run(self, shared: Arc<Shared>) -> Waits {
        let mut connection = self.connect(&shared).await;
        let mut waits = Waits::default();
        let mut written = 0;
        for at in self.number * 7.. {
            if shared.stop.load(Relaxed) {
                break;
            }
            let (sql, gives) = &self.rounds[at % self.rounds.len()];
            let started = Instant::now();
            if self.number.is_multiple_of(3) {
                connection.close().await.ok();
                connection = self.connect(&shared).await;
            }
            let got = self.ask(&mut connection, sql).await;
            if gives.is_some() {
                assert_eq!(&got, gives, "client {}, {}: {sql}", self.number, self.role);
            }
            waits.note(&shared, started.elapsed(), &format!("{}: {sql}", self.role));
            if let Some(writes) = &self.writes {
                let started = Instant::now();
                written += 1;
                self.ask(&mut connection, &format!("{writes}{written}")).await;
                waits.note(&shared, started.elapsed(), &format!("{}: {writes}", self.role));
            }
            shared.rounds.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.count(&mut connection, written).await;
        waits
    }

    async fn connect(&self, shared: &Shared) -> PgConnection {
        shared.server.connect(&self.role, PASSWORD, &self.database).await
    }

    /// The last column of the last row.
    async fn ask(&self, connection: &mut PgConnection, sql: &str) -> Option<String> {
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        let rows =
            rows.unwrap_or_else(|error| panic!("client {}, {}: {sql}: {error}", self.number, self.role));
        let row = rows.last()?;
        let last = row.columns().last()?.ordinal();
        Some(row.try_get_unchecked::<Option<String>, _>(last).unwrap().unwrap_or_default())
    }

    /// Each row that the server has taken is there.
    async fn count(&self, connection: &mut PgConnection, written: usize) {
        let Some((table, _)) =
            self.writes.as_ref().and_then(|writes| writes.strip_prefix("INSERT INTO ")?.split_once(' '))
        else {
            return;
        };
        let counted = self
            .ask(connection, &format!("SELECT count(*) FROM {table} WHERE client = {}", self.number))
            .await;
        assert_eq!(counted, Some(written.to_string()), "client {}", self.number);
    }
}
