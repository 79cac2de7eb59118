//! What is tried in addition to the matrix. Pure: which login, where, with what password, and why.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::super::hba::{Client, Treatment, treatments};
use super::super::listeners::{ConnectionType, Listener};
use super::super::observations::Extent;
use super::super::weak_passwords::GUESSES;
use super::purpose::{ExtraProbe, Purpose};
use crate::catalog::HbaLine;
use crate::probe::{LoginAttempts, ProbeLogin, ProbePlace, Task};
use crate::wire::Outcome;

pub struct Surroundings<'a> {
    pub task: &'a Task,
    pub attempts: &'a [LoginAttempts],
    /// The manifest's address first.
    pub listeners: &'a [Listener],
    /// The rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
    /// Role and database of the admin.
    pub admin: (&'a str, &'a str),
    /// Replication connections that may be taken at a time; with none the server has none to give.
    pub walsenders: usize,
    pub extent: Extent,
}

/// No login has this password: 40 characters that no generator of ours makes.
const WRONG: &str = "martydb-tries-a-wrong-password-on-purpose";

/// Everything that is tried, a list for each role, each attempt once.
pub fn by_role(around: &Surroundings<'_>) -> Vec<Vec<ExtraProbe>> {
    let logins = (0..around.task.logins.len()).map(|at| of_login(around, at));
    logins.chain([of_admin(around)]).map(once).collect()
}

fn once(probes: Vec<ExtraProbe>) -> Vec<ExtraProbe> {
    let mut seen = BTreeSet::new();
    // Guesses share their words, and differ in what is guessed.
    let guess = |probe: &ExtraProbe| {
        (probe.purpose == Purpose::Guess).then(|| probe.password.expose_secret().to_owned())
    };
    let key =
        |probe: &ExtraProbe| (probe.listener, probe.database.clone(), probe.purpose.words(), guess(probe));
    probes.into_iter().filter(|probe| seen.insert(key(probe))).collect()
}

struct LoginPlan<'a> {
    around: &'a Surroundings<'a>,
    at: usize,
    login: &'a ProbeLogin,
    /// Its password, if it is known and works.
    right: Option<SecretString>,
    all: Vec<ExtraProbe>,
}

fn of_login(around: &Surroundings<'_>, at: usize) -> Vec<ExtraProbe> {
    let (login, attempts) = (&around.task.logins[at], &around.attempts[at]);
    let right = login.password.clone().filter(|_| attempts.logged_in());
    let mut plan = LoginPlan { around, at, login, right, all: vec![] };
    for listener in 0..around.listeners.len() {
        plan.on_listener(listener);
    }
    if attempts.password_refused() {
        plan.guesses();
    }
    plan.all
}

impl LoginPlan<'_> {
    fn on_listener(&mut self, at: usize) {
        let own = self.login.database.as_str();
        let foreign = self.foreign();
        self.wrong(at, own, Purpose::Wrong);
        if self.around.extent != Extent::Sample {
            for database in [own].into_iter().chain(foreign.first().map(String::as_str)) {
                self.right(at, database, Purpose::Elsewhere);
            }
            for database in self.hidden() {
                self.right(at, &database, Purpose::Elsewhere);
            }
        }
        if self.around.walsenders > 0 {
            self.right(at, own, Purpose::Replication);
            if self.around.extent != Extent::Sample {
                self.right(at, own, Purpose::LogicalReplication);
                if let Some(database) = foreign.first() {
                    self.right(at, database, Purpose::Replication);
                }
            }
        }
        match self.around.extent {
            Extent::None | Extent::Sample => {}
            Extent::Full => self.treated_apart(at, &foreign),
            Extent::Exhaustive => self.everything(at, &foreign),
        }
    }

    /// Other databases, the one of the sample first.
    fn foreign(&self) -> Vec<String> {
        let task = self.around.task;
        let name = |place: usize| task.databases[place].name.to_string();
        let first = task.sampled().others(self.login).map(name).next();
        let rest: Vec<String> = task.others(self.login).map(name).collect();
        first.into_iter().chain(rest).collect()
    }

    /// Where pg_hba.conf refused the login in the matrix, so that nothing is known of its grants.
    fn hidden(&self) -> Vec<String> {
        let by_hba = |outcome: &Outcome| matches!(outcome, Outcome::Refused(refused) if refused.by_hba());
        let others = self.around.attempts[self.at].others.iter().filter(|(_, met)| by_hba(&met.outcome));
        others.map(|(place, _)| self.around.task.databases[*place].name.to_string()).collect()
    }

    /// One attempt for each treatment by pg_hba.conf that no other attempt here has met.
    fn treated_apart(&mut self, at: usize, foreign: &[String]) {
        let Some(lines) = self.around.hba else { return };
        let transport = self.around.listeners[at].transport;
        let role = self.login.role.to_string();
        let own = self.login.database.to_string();
        let ways = |database: Option<&str>| treatments(lines, &Client { transport, role: &role, database });
        let mut met: BTreeSet<Treatment<'_>> = ways(Some(&own)).into_iter().collect();
        for database in foreign {
            if new(&mut met, ways(Some(database))) {
                self.wrong(at, database, Purpose::Wrong);
                self.right(at, database, Purpose::Elsewhere);
            }
        }
        if self.around.walsenders > 0 && new(&mut met, ways(None)) {
            self.wrong(at, &own, Purpose::WrongReplication);
        }
    }

    fn everything(&mut self, at: usize, foreign: &[String]) {
        let own = self.login.database.to_string();
        for database in std::iter::once(&own).chain(foreign) {
            self.wrong(at, database, Purpose::Wrong);
            self.right(at, database, Purpose::Elsewhere);
            if self.around.walsenders > 0 {
                self.wrong(at, database, Purpose::WrongReplication);
                self.right(at, database, Purpose::Replication);
                self.right(at, database, Purpose::LogicalReplication);
            }
        }
    }

    fn wrong(&mut self, listener: usize, database: &str, purpose: Purpose) {
        self.push(listener, database, SecretString::from(WRONG), purpose);
    }

    /// With the password that works, where it may be sent and is not part of the matrix.
    fn right(&mut self, listener: usize, database: &str, purpose: Purpose) {
        let Listener { configured, trusted, .. } = self.around.listeners[listener];
        match &self.right {
            Some(password) if trusted && !(configured && purpose == Purpose::Elsewhere) => {
                self.push(listener, database, password.clone(), purpose);
            }
            _ => {}
        }
    }

    /// The stored password is wrong or expired: guesses, and the passwords of other logins.
    fn guesses(&mut self) {
        let login = self.login;
        let own = login.database.as_str();
        let names = [login.role.as_str(), login.service.as_str()];
        for guess in names.iter().chain(GUESSES) {
            self.push(0, own, SecretString::from(*guess), Purpose::Guess);
        }
        for other in self.around.task.logins.iter().filter(|other| other.role != login.role) {
            let Some(password) = &other.password else { continue };
            self.push(0, own, password.clone(), Purpose::Reuse(other.role.to_string()));
        }
    }

    fn push(&mut self, listener: usize, database: &str, password: SecretString, purpose: Purpose) {
        let own = database == self.login.database.as_str();
        self.all.push(ExtraProbe {
            login: Some(self.at),
            role: self.login.role.to_string(),
            database: database.into(),
            place: if own { ProbePlace::Own } else { ProbePlace::Foreign },
            listener,
            password,
            purpose,
        });
    }
}

/// Whether any of these is new.
fn new<'a>(met: &mut BTreeSet<Treatment<'a>>, ways: Vec<Treatment<'a>>) -> bool {
    let before = met.len();
    met.extend(ways);
    met.len() > before
}

/// The admin, with a wrong password, wherever the server asks for one.
fn of_admin(around: &Surroundings<'_>) -> Vec<ExtraProbe> {
    let (role, home) = around.admin;
    let wrong = |listener: usize, database: &str, purpose: Purpose| ExtraProbe {
        login: None,
        role: role.into(),
        database: database.into(),
        place: ProbePlace::Foreign,
        listener,
        password: SecretString::from(WRONG),
        purpose,
    };
    let mut all = vec![];
    for (at, listener) in around.listeners.iter().enumerate() {
        // Over the socket the operating system identifies the admin; the audit of pg_hba.conf covers the rest.
        if listener.transport == ConnectionType::Socket {
            continue;
        }
        all.push(wrong(at, home, Purpose::Wrong));
        let others = around.task.databases.iter().filter(|found| found.allow_connections);
        let mut met = BTreeSet::new();
        let ways = |database: Option<&'_ str>| {
            treatments(
                around.hba.unwrap_or_default(),
                &Client { transport: listener.transport, role, database },
            )
        };
        met.extend(ways(Some(home)));
        for database in others.map(|found| found.name.as_str()) {
            let apart = around.extent == Extent::Full && new(&mut met, ways(Some(database)));
            if apart || around.extent == Extent::Exhaustive {
                all.push(wrong(at, database, Purpose::Wrong));
            }
        }
        let apart = around.extent == Extent::Full && new(&mut met, ways(None));
        if around.walsenders > 0 && (apart || around.extent == Extent::Exhaustive) {
            all.push(wrong(at, home, Purpose::WrongReplication));
        }
    }
    all
}
