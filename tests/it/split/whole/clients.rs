//! Clients of every service, who write unique numbers all the while, at the side that takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use super::super::{SERVICES, SHARED};
use super::rows::{CLIENT, CLIENT_PASSWORD, writing};
use super::world::World;
use crate::support::ask;

/// Clients of each service.
const EACH: i64 = 2;

/// Side at which a number was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

/// Progress of one service's clients.
#[derive(Default)]
struct Tally {
    /// At the source and at the target.
    written: [AtomicU64; 2],
    /// The longest time between two writes of one client, in milliseconds.
    gap: AtomicU64,
    refused: AtomicU64,
}

/// Acknowledged numbers of one client: all from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub service: &'static str,
    pub first: i64,
    /// The one after the last.
    pub end: i64,
}

pub(crate) struct Clients {
    done: Arc<AtomicBool>,
    tallies: Vec<Arc<Tally>>,
    threads: Vec<std::thread::JoinHandle<Written>>,
}

/// One client, and where it may write.
struct Client {
    service: &'static str,
    first: i64,
    pause: Duration,
    sides: [PgConnection; 2],
    done: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

/// On the thread of its client.
async fn connect(port: u16, role: &str, password: &str, database: &str) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username(role);
    let options = options.password(password).database(database).ssl_mode(PgSslMode::Disable);
    options.disable_statement_logging().connect().await.unwrap()
}

impl Client {
    async fn write(mut self) -> Written {
        let (mut at, mut n, mut last) = (0, self.first, Instant::now());
        while !self.done.load(Ordering::Relaxed) {
            let sql = writing(self.service, n);
            match ask(&mut self.sides[at], &sql).await {
                Ok(_) => {
                    let gap = u64::try_from(last.elapsed().as_millis()).unwrap();
                    self.tally.gap.fetch_max(gap, Ordering::Relaxed);
                    self.tally.written[at].fetch_add(1, Ordering::Relaxed);
                    (last, n) = (Instant::now(), n + 1);
                    tokio::time::sleep(self.pause).await;
                }
                Err(state) => {
                    ask(&mut self.sides[at], "ROLLBACK").await.unwrap();
                    // Refused, or another session went first: nothing of it is in.
                    assert!(matches!(state.as_str(), "25006" | "40P01" | "55P03"), "{state} at {at}: {sql}");
                    self.tally.refused.fetch_add(1, Ordering::Relaxed);
                    at = if state == "25006" { 1 - at } else { at };
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
        }
        Written { service: self.service, first: self.first, end: n }
    }
}

impl Clients {
    pub(crate) fn start(world: &World, pause: Duration) -> Clients {
        let done = Arc::new(AtomicBool::new(false));
        let (mut tallies, mut threads) = (vec![], vec![]);
        for (service, database) in SERVICES {
            let tally = Arc::new(Tally::default());
            for client in 1..=EACH {
                let (source, target) = (world.source.port, world.target().port);
                let (done, tally) = (done.clone(), tally.clone());
                let role = format!("{service}_app");
                let password = world.project.password(&role);
                let run = async move {
                    let there = connect(source, CLIENT, CLIENT_PASSWORD, SHARED).await;
                    let sides = [there, connect(target, &role, &password, database).await];
                    let client = Client { service, first: client * 100_000_000, pause, sides, done, tally };
                    client.write().await
                };
                threads.push(std::thread::spawn(move || super::super::stream::block(run)));
            }
            tallies.push(tally);
        }
        Clients { done, tallies, threads }
    }

    fn tally(&self, service: &str) -> &Tally {
        &self.tallies[SERVICES.iter().position(|(name, _)| *name == service).unwrap()]
    }

    /// Waits until a service's clients have written so many more at this side.
    pub(crate) fn more(&self, service: &str, side: Side, count: u64) {
        let written = &self.tally(service).written[side as usize];
        let (before, started) = (written.load(Ordering::Relaxed), Instant::now());
        while written.load(Ordering::Relaxed) < before + count {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "{service}: nothing is written at the {side:?}"
            );
            assert!(self.threads.iter().all(|thread| !thread.is_finished()), "a client has ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The longest time without a write since this was asked last.
    pub(crate) fn gap(&self, service: &str) -> u64 {
        self.tally(service).gap.swap(0, Ordering::Relaxed)
    }

    /// Written at the source, written at the target, refused.
    pub(crate) fn counts(&self, service: &str) -> (u64, u64, u64) {
        let tally = self.tally(service);
        let [source, target] = [0, 1].map(|side: usize| tally.written[side].load(Ordering::Relaxed));
        (source, target, tally.refused.load(Ordering::Relaxed))
    }

    /// Ends them.
    pub(crate) fn end(self) -> Vec<Written> {
        self.done.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }
}
