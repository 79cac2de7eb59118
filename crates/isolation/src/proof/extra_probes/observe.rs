//! Plan and execution of the extra attempts. Each role uses one connection at a time, so none exceeds its own
//! connection limit.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::probe::{LoginAttempts, OtherDatabases, ProbeLocation, ProbeLogin, Task, attempt_patiently};
use crate::proof::hba::{Client, LineMethod, treatments};
use crate::proof::listeners::{ConnectionType, Listener};
use crate::proof::observations::{Extent, ExtraProbe, ListenerPurpose};
use crate::proof::passwords::guesses::GUESSES;
use martydb_catalog::HbaLine;
use martydb_pg::server::Login;
use martydb_pg::wire::{Attempt, Credentials, LoginRequest, Outcome};
use martydb_ui::report::{Progress, progress};

pub(crate) async fn observe(around: &ProbeContext<'_>) -> Vec<(ExtraProbe, Attempt)> {
    let walsenders = Semaphore::new(around.walsenders.max(1));
    let (all, trying) = (by_role(around), progress("trying other ways in", "attempts"));
    trying.expect(all.iter().map(Vec::len).sum());
    let walks: Vec<Vec<(ExtraProbe, Attempt)>> = stream::iter(all)
        .map(|probes| walk(around, probes, &walsenders, &trying))
        .buffered(around.task.concurrency.max(1))
        .collect()
        .await;
    walks.into_iter().flatten().collect()
}

async fn walk(
    around: &ProbeContext<'_>,
    probes: Vec<ExtraProbe>,
    walsenders: &Semaphore,
    trying: &Progress,
) -> Vec<(ExtraProbe, Attempt)> {
    // Keeps the key that SCRAM derives from a password.
    let mut known: BTreeMap<String, Credentials> = BTreeMap::new();
    let mut walked = vec![];
    for probe in probes {
        let login = || Login::with_password(probe.role.clone(), probe.password.clone());
        let credentials = known.entry(probe.password.expose_secret().to_owned());
        let credentials = credentials.or_insert_with(|| Credentials::new(login()));
        let parameters = probe.purpose.row().parameters;
        // Only replication has parameters, and the server has few connections for it.
        let turn = if parameters.is_empty() { None } else { Some(walsenders.acquire().await) };
        let _turn = turn.transpose().expect("the queue is never closed");
        let request = LoginRequest {
            database: &probe.database,
            parameters,
            queries: &[],
            timeout: around.task.timeout,
        };
        let address = &around.listeners[probe.listener].address;
        let _unit = trying.unit(&format!("{} at {}", probe.role, probe.database));
        let attempt = attempt_patiently(around.task, address, credentials, &request).await;
        walked.push((probe, attempt));
    }
    walked
}

pub(crate) struct ProbeContext<'a> {
    pub task: &'a Task,
    pub attempts: &'a [LoginAttempts],
    /// Listeners, the manifest's address first.
    pub listeners: &'a [Listener],
    /// Rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
    /// Admin's role and database.
    pub admin: (&'a str, &'a str),
    /// Number of replication connections to use at a time; 0 if the server has none.
    pub walsenders: usize,
    pub extent: Extent,
}

/// A password of 40 characters that martydb never generates, so no login has it.
const WRONG: &str = "martydb-tries-a-wrong-password-on-purpose";

/// Returns all attempts, one list per role, without duplicates.
pub(crate) fn by_role(around: &ProbeContext<'_>) -> Vec<Vec<ExtraProbe>> {
    let foreign = OtherDatabases::new(around.task);
    let logins = (0..around.task.logins.len()).map(|at| of_login(around, at, &foreign));
    logins.chain([of_admin(around)]).map(once).collect()
}

fn once(probes: Vec<ExtraProbe>) -> Vec<ExtraProbe> {
    let mut seen = BTreeSet::new();
    // Guesses have the same words and differ only in the password.
    let guess = |probe: &ExtraProbe| {
        (probe.purpose == ListenerPurpose::Guess).then(|| probe.password.expose_secret().to_owned())
    };
    let key =
        |probe: &ExtraProbe| (probe.listener, probe.database.clone(), probe.purpose.words(), guess(probe));
    probes.into_iter().filter(|probe| seen.insert(key(probe))).collect()
}

/// Attempts to make as one role.
struct RolePlan<'a> {
    around: &'a ProbeContext<'a>,
    /// Index of the login in the task; `None` for the admin.
    login: Option<usize>,
    role: &'a str,
    /// Database of its own service.
    home: &'a str,
    /// Other databases, the sampled one first.
    foreign: Vec<&'a str>,
    /// Its password, if known and working.
    right: Option<SecretString>,
    all: Vec<ExtraProbe>,
}

fn of_login(around: &ProbeContext<'_>, at: usize, foreign: &OtherDatabases<'_>) -> Vec<ExtraProbe> {
    let (task, attempts) = (around.task, &around.attempts[at]);
    let login = &task.logins[at];
    let foreign = foreign.one(at).into_iter().chain(task.others(at));
    let mut plan = RolePlan {
        around,
        login: Some(at),
        role: login.role.as_str(),
        home: login.database.as_str(),
        foreign: foreign.map(|place| task.databases[place].name.as_str()).collect(),
        right: login.password.clone().filter(|_| attempts.logged_in()),
        all: vec![],
    };
    for listener in 0..around.listeners.len() {
        plan.on_listener(listener, attempts);
    }
    if attempts.password_refused() && around.extent != Extent::Gentle {
        plan.guesses(login);
    }
    plan.all
}

/// Returns attempts as the admin with a wrong password, wherever the server asks for one.
fn of_admin(around: &ProbeContext<'_>) -> Vec<ExtraProbe> {
    let (role, home) = around.admin;
    let open = around.task.databases.iter().filter(|found| found.allow_connections);
    let foreign = open.map(|found| found.name.as_str()).collect();
    let mut plan = RolePlan { around, login: None, role, home, foreign, right: None, all: vec![] };
    for (at, listener) in around.listeners.iter().enumerate() {
        // The socket may identify the admin by the operating system account; the audit of pg_hba.conf covers the
        // rest.
        if listener.transport != ConnectionType::Socket {
            plan.wrong(at, home, ListenerPurpose::Wrong);
            plan.by_extent(at);
        }
    }
    plan.all
}

impl<'a> RolePlan<'a> {
    fn on_listener(&mut self, at: usize, attempts: &LoginAttempts) {
        let (own, sample) = (self.home, self.foreign.first().copied());
        self.wrong(at, own, ListenerPurpose::Wrong);
        if self.around.extent != Extent::Sample {
            for database in [own].into_iter().chain(sample).chain(self.hidden(attempts)) {
                self.right(at, database, ListenerPurpose::Elsewhere);
            }
        }
        if self.around.walsenders > 0 && !self.replicates() {
            self.right(at, own, ListenerPurpose::Replication);
            if self.around.extent != Extent::Sample {
                self.right(at, own, ListenerPurpose::LogicalReplication);
                if let Some(database) = sample {
                    self.right(at, database, ListenerPurpose::Replication);
                }
            }
        }
        self.by_extent(at);
    }

    fn by_extent(&mut self, at: usize) {
        match self.around.extent {
            Extent::None | Extent::Auto | Extent::Sample | Extent::Gentle => {}
            Extent::Full => self.add_by_treatment(at),
            Extent::Exhaustive => self.everything(at),
        }
    }

    /// Returns databases where pg_hba.conf rejected the login in the matrix, which hides its grants.
    fn hidden(&self, attempts: &LoginAttempts) -> Vec<&'a str> {
        let by_hba = |outcome: &Outcome| matches!(outcome, Outcome::Rejected(refused) if refused.by_hba());
        let others = attempts.others.iter().filter(|(_, met)| by_hba(&met.outcome));
        others.map(|(place, _)| self.around.task.databases[*place].name.as_str()).collect()
    }

    /// Adds one attempt per treatment by pg_hba.conf that no other attempt has covered.
    fn add_by_treatment(&mut self, at: usize) {
        let Some(lines) = self.around.hba else { return };
        let (transport, role) = (self.around.listeners[at].transport, self.role);
        let ways = |database: Option<&str>| treatments(lines, &Client { transport, role, database });
        let mut met: BTreeSet<LineMethod<'_>> = ways(Some(self.home)).into_iter().collect();
        for database in self.foreign.clone() {
            if new(&mut met, ways(Some(database))) {
                self.wrong(at, database, ListenerPurpose::Wrong);
                self.right(at, database, ListenerPurpose::Elsewhere);
            }
        }
        if self.around.walsenders > 0 && new(&mut met, ways(None)) {
            self.wrong(at, self.home, ListenerPurpose::WrongReplication);
        }
    }

    fn everything(&mut self, at: usize) {
        for database in [&[self.home][..], &self.foreign].concat() {
            self.wrong(at, database, ListenerPurpose::Wrong);
            self.right(at, database, ListenerPurpose::Elsewhere);
            if self.around.walsenders > 0 {
                self.wrong(at, database, ListenerPurpose::WrongReplication);
            }
            if self.around.walsenders > 0 && !self.replicates() {
                self.right(at, database, ListenerPurpose::Replication);
                self.right(at, database, ListenerPurpose::LogicalReplication);
            }
        }
    }

    /// The audit reports what this attribute implies.
    fn replicates(&self) -> bool {
        self.login.is_some_and(|login| self.around.task.logins[login].replicates)
    }

    fn wrong(&mut self, listener: usize, database: &str, purpose: ListenerPurpose) {
        if self.around.extent != Extent::Gentle {
            self.push(listener, database, SecretString::from(WRONG), purpose);
        }
    }

    /// Adds an attempt with the working password, where it may be sent and the matrix does not make it.
    fn right(&mut self, listener: usize, database: &str, purpose: ListenerPurpose) {
        let Listener { configured, trusted, .. } = self.around.listeners[listener];
        match &self.right {
            Some(password) if trusted && !(configured && purpose == ListenerPurpose::Elsewhere) => {
                self.push(listener, database, password.clone(), purpose);
            }
            _ => {}
        }
    }

    /// Adds guesses, and the passwords of other logins, if the stored password is wrong or expired.
    fn guesses(&mut self, login: &ProbeLogin) {
        let names = [login.role.as_str(), login.service.as_str()];
        for guess in names.iter().chain(GUESSES) {
            self.push(0, self.home, SecretString::from(*guess), ListenerPurpose::Guess);
        }
        for other in self.around.task.logins.iter().filter(|other| other.role != login.role) {
            let Some(password) = &other.password else { continue };
            self.push(0, self.home, password.clone(), ListenerPurpose::Reuse(other.role.to_string()));
        }
    }

    fn push(&mut self, listener: usize, database: &str, password: SecretString, purpose: ListenerPurpose) {
        // An attempt of the admin with a wrong password has no own database.
        let own = self.login.is_some() && database == self.home;
        self.all.push(ExtraProbe {
            login: self.login,
            role: self.role.into(),
            database: database.into(),
            place: if own { ProbeLocation::Own } else { ProbeLocation::Foreign },
            listener,
            password,
            purpose,
        });
    }
}

/// Returns `true` if any of these treatments is new.
fn new<'a>(met: &mut BTreeSet<LineMethod<'a>>, ways: Vec<LineMethod<'a>>) -> bool {
    let before = met.len();
    met.extend(ways);
    met.len() > before
}
