//! Statistics of one server, read over one persistent connection.
//!
//! A scrape requests them and waits briefly. A server that did not answer the last time is queried again, but not
//! waited for, so it does not delay the scrapes of others.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::losses::Losses;
use super::map::ServerMap;
use super::{queries, statements, statistics};
use martydb_apply::replicas::{self, ReplicaAccess, ReplicaStatus};
use martydb_context::Context;
use martydb_model::DesiredServer;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::metrics::{
    DATABASE_SIZE, Metric, PASSWORD_SET, REPLICA_LAG_BYTES, REPLICA_LAG_SECONDS, REPLICA_UP,
    SERVER_READ_SECONDS, STATEMENT_CALLS, STATEMENT_ROWS, STATEMENT_SECONDS, Sample, Subject, UP,
};
use martydb_model::sql::Statement;
use martydb_pg::outage::{Outage, OutageChange};
use martydb_pg::server::{Access, Connection, Limits, Login, Row, connect_with, query_each};
use martydb_pg::wire::interrupt;
use martydb_secrets::CredentialKey;

/// Time that a scrape waits for a server that answered the last time.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Time limit for a server's answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Metrics that are read less often: for sizes the server examines every file of a database, statements are many, and
/// passwords change seldom.
const SLOW: [&Metric; 5] = [DATABASE_SIZE, PASSWORD_SET, STATEMENT_CALLS, STATEMENT_SECONDS, STATEMENT_ROWS];
const SLOW_EVERY: Duration = Duration::from_secs(60);

/// Age up to which answers are reused for further scrapes.
const FRESH: Duration = Duration::from_millis(500);

/// Answers to the queries for statistics, and samples of the longest statements.
type Answers = (Vec<Vec<Row>>, Vec<Sample>);

/// Result of the last reading.
#[derive(Debug, Clone)]
struct Reading {
    at: Instant,
    took: Duration,
    samples: Result<Vec<Sample>>,
}

/// Handle for scrapes of a server's watch.
#[derive(Debug, Clone)]
pub struct ServerHandle {
    subject: Subject,
    wanted: mpsc::Sender<()>,
    latest: watch::Receiver<Option<Reading>>,
}

impl ServerHandle {
    /// Returns the server's samples, and the error if it did not answer.
    pub async fn samples(&self, patience: Duration) -> (Vec<Sample>, Option<Error>) {
        let mut latest = self.latest.clone();
        let known = latest.borrow_and_update().clone();
        let (fresh, down) = known
            .as_ref()
            .map_or((false, false), |reading| (reading.at.elapsed() < FRESH, reading.samples.is_err()));
        if fresh {
            return self.shown(known);
        }
        // A full channel means that a reading is already requested.
        let _asked = self.wanted.try_send(());
        if down {
            return self.shown(known);
        }
        match tokio::time::timeout(patience, latest.changed()).await {
            Ok(_) => self.shown(latest.borrow().clone()),
            Err(_) => self.shown(None),
        }
    }

    fn shown(&self, reading: Option<Reading>) -> (Vec<Sample>, Option<Error>) {
        let silent = || Err(Error::new(Kind::Unreachable, "no answer"));
        let (took, samples) = reading.map_or_else(|| (None, silent()), |one| (Some(one.took), one.samples));
        let up = Sample::new(UP, &self.subject, f64::from(u8::from(samples.is_ok())));
        let took = took.filter(|_| samples.is_ok());
        let took = took.map(|took| Sample::new(SERVER_READ_SECONDS, &self.subject, took.as_secs_f64()));
        let (samples, error) = samples.map_or_else(|error| (vec![], Some(error)), |samples| (samples, None));
        ([up].into_iter().chain(took).chain(samples).collect(), error)
    }
}

/// Task that reads a server's statistics.
pub struct ServerWatch {
    context: Context,
    desired: DesiredServer,
    map: ServerMap,
    wanted: mpsc::Receiver<()>,
    latest: watch::Sender<Option<Reading>>,
    connection: Option<Connection>,
    /// Samples that are read less often, and the time of the reading.
    slow: Option<(Instant, Vec<Sample>)>,
    losses: Losses,
    outage: Outage,
    /// `true` if it logs failures.
    logs_failures: bool,
}

impl ServerWatch {
    pub fn new(context: Context, server: &str, logs_failures: bool) -> (ServerHandle, ServerWatch) {
        let desired = context.manifest.desired(server);
        let map = ServerMap::new(&desired);
        let (ask, wanted) = mpsc::channel(1);
        let (sender, latest) = watch::channel(None);
        let handle = ServerHandle { subject: map.subject.clone(), wanted: ask, latest };
        let watch = ServerWatch {
            context,
            desired,
            map,
            wanted,
            latest: sender,
            connection: None,
            slow: None,
            losses: Losses::default(),
            outage: Outage::default(),
            logs_failures,
        };
        (handle, watch)
    }

    /// Reads on each request, until the last handle is dropped.
    #[martydb_pg::boxed]
    pub async fn serve(mut self) {
        while self.wanted.recv().await.is_some() {
            let begun = Instant::now();
            let samples = match tokio::time::timeout(ANSWER_TIMEOUT, self.read()).await {
                Ok(samples) => samples,
                Err(_) => Err(Error::new(
                    Kind::Unreachable,
                    format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()),
                )),
            };
            if samples.is_err() {
                self.connection = None;
            }
            self.report_outage(samples.as_ref().err());
            self.latest.send_replace(Some(Reading { at: Instant::now(), took: begun.elapsed(), samples }));
        }
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }

    /// Logs once that a server stopped answering, and once that it answers again.
    fn report_outage(&mut self, error: Option<&Error>) {
        let server = &self.desired.name;
        let change = self.outage.record(error);
        match change.filter(|_| self.logs_failures && interrupt::signal().is_none()) {
            Some(OutageChange::Began(why)) => {
                self.context.note(&format!("cannot read server {server}: {why}"));
            }
            Some(OutageChange::Ended) => self.context.note(&format!("server {server} can be read again")),
            None => {}
        }
    }

    async fn read(&mut self) -> Result<Vec<Sample>> {
        let wants_slow = self.slow.as_ref().is_none_or(|(at, _)| at.elapsed() >= SLOW_EVERY);
        let (answers, queries) = match self.connection.take() {
            Some(connection) => match self.ask(connection, wants_slow).await {
                // The server was restarted or ended the session, so this tries a new one.
                Err(error) if error.is_lost() => self.ask_anew(wants_slow).await?,
                end => end?,
            },
            None => self.ask_anew(wants_slow).await?,
        };
        let mut samples = statistics::samples(&self.map, &answers)?;
        samples.extend(queries);
        let slow: Vec<Sample> =
            samples.iter().filter(|sample| SLOW.contains(&sample.metric)).cloned().collect();
        if wants_slow {
            self.slow = Some((Instant::now(), slow));
        } else {
            samples.extend(self.slow.iter().flat_map(|(_, slow)| slow.clone()));
        }
        self.losses.add(&mut samples, Instant::now());
        samples.extend(self.replicas().await?);
        Ok(samples)
    }

    /// Reads the lag of the server's replicas as the monitor.
    async fn replicas(&self) -> Result<Vec<Sample>> {
        let server = &self.desired.name;
        let declared = &self.context.manifest.servers[server].replicas;
        if declared.is_empty() {
            return Ok(vec![]);
        }
        let (context, login) = (self.context.again(), self.login().await?);
        let primary = Access { admin: login.clone(), ..context.access(server).await? };
        let mut samples = vec![];
        for replica in declared {
            let there = context.with_replica(server, replica, None).access(server).await;
            let access = there.map(|access| Access { admin: login.clone(), ..access });
            let replica = ReplicaAccess { replica: replica.clone(), access };
            let status = replicas::status(server, Some(&primary), &replica).await;
            samples.extend(replica_samples(&self.map.subject, &status));
        }
        Ok(samples)
    }

    async fn ask_anew(&mut self, slow: bool) -> Result<Answers> {
        let connection = self.log_in().await?;
        self.ask(connection, slow).await
    }

    /// Runs the queries, and keeps the connection if it is still usable.
    async fn ask(&mut self, mut connection: Connection, slow: bool) -> Result<Answers> {
        let databases: Vec<&str> = self.map.databases.keys().map(String::as_str).collect();
        let roles: Vec<&str> = self.map.logins.keys().map(String::as_str).collect();
        let asked = statements::all(connection.major(), &databases, &roles, slow);
        let answers = query_each(&mut connection, &Statement::join(asked)).await?;
        let queries = if slow { queries::read(&mut connection, &self.map).await? } else { vec![] };
        self.connection = Some(connection);
        Ok((answers, queries))
    }

    /// Logs in as the monitor with the password that the store has now, which may have changed.
    async fn log_in(&self) -> Result<Connection> {
        let access = self.context.again().access(&self.desired.name).await?;
        let login = self.login().await?;
        connect_with(&access.endpoint, &login, &access.maintenance, statements::SETTINGS, Limits::READ).await
    }

    /// Returns the monitor's login.
    async fn login(&self) -> Result<Login> {
        let Some(role) = self.desired.access.values().find(|role| role.monitors) else {
            return Err(Error::manifest("the manifest declares no login for the monitor")
                .hint("add `monitor: true` to the manifest, then run `martydb apply --all`"));
        };
        let key = CredentialKey::of_access(&self.desired.name, role);
        let secrets = self.context.again().store.read(key.as_slice()).await?;
        let password = secrets.get(&self.desired.name, &role.name).cloned();
        if password.is_none() {
            return Err(Error::new(
                Kind::Unreachable,
                format!("the secret store has no password of {}", role.name),
            )
            .hint("run `martydb apply --all`: it creates the login"));
        }
        Ok(Login::of_service(role.name.as_str(), password))
    }
}

fn replica_samples(subject: &Subject, status: &ReplicaStatus) -> Vec<Sample> {
    let up = f64::from(u8::from(status.is_usable()));
    let number = |value: Option<i64>| value.map(|value| value as f64);
    let of = [
        (REPLICA_UP, Some(up)),
        (REPLICA_LAG_BYTES, number(status.lag_bytes)),
        (REPLICA_LAG_SECONDS, number(status.lag_ms).map(|ms| ms / 1000.0)),
    ];
    let known = of.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
    known.map(|(metric, value)| Sample::with(metric, subject, [status.name.as_str()], value)).collect()
}

/// Returns handles and watches of all servers with services; `logs_failures` enables the log of failures.
pub fn all(context: &Context, logs_failures: bool) -> (Vec<ServerHandle>, Vec<ServerWatch>) {
    let services: Vec<_> = context.manifest.services.values().cloned().collect();
    context
        .servers_of(&services)
        .iter()
        .map(|server| ServerWatch::new(context.again(), server, logs_failures))
        .unzip()
}
