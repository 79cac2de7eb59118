//! What is tried beside the matrix. Pure: who, where, with what password, and why.

use std::collections::BTreeSet;

use secrecy::SecretString;

use super::super::guess::GUESSES;
use super::super::hba::{Comer, Treatment, treatments};
use super::super::listeners::{Listener, Side};
use super::super::matrix::Place;
use super::super::task::ProbeLogin;
use super::purpose::Purpose;
use super::{Extent, Scene, Trial};
use crate::wire::Outcome;

/// No login of anybody: 40 characters that no generator of ours makes.
const WRONG: &str = "martydb-tries-a-wrong-password-on-purpose";

/// Everything that is tried, a list for each role, each attempt once.
pub fn by_role(scene: &Scene<'_>) -> Vec<Vec<Trial>> {
    let logins = (0..scene.task.logins.len()).map(|at| of_login(scene, at));
    logins.chain([of_admin(scene)]).map(once).collect()
}

fn once(trials: Vec<Trial>) -> Vec<Trial> {
    let mut seen = BTreeSet::new();
    let key = |trial: &Trial| {
        (
            trial.listener,
            trial.database.clone(),
            trial.purpose.words(),
            is_guess(trial).then(|| secret(trial)),
        )
    };
    trials.into_iter().filter(|trial| seen.insert(key(trial))).collect()
}

/// Guesses share their words, and differ in what is guessed.
fn is_guess(trial: &Trial) -> bool {
    trial.purpose == Purpose::Guess
}

fn secret(trial: &Trial) -> String {
    secrecy::ExposeSecret::expose_secret(&trial.password).to_owned()
}

/// Builds the attempts of one login.
struct Rows<'a> {
    scene: &'a Scene<'a>,
    at: usize,
    login: &'a ProbeLogin,
    /// Its password, if it is known and works.
    right: Option<SecretString>,
    all: Vec<Trial>,
}

fn of_login(scene: &Scene<'_>, at: usize) -> Vec<Trial> {
    let (login, seen) = (&scene.task.logins[at], &scene.seen[at]);
    let works = matches!(seen.control.outcome, Outcome::LetIn(_));
    let right = login.password.clone().filter(|_| works);
    let mut rows = Rows { scene, at, login, right, all: vec![] };
    for listener in 0..scene.listeners.len() {
        rows.on_listener(listener);
    }
    if matches!(&seen.control.outcome, Outcome::Refused(refused) if refused.sqlstate == "28P01") {
        rows.guesses();
    }
    rows.all
}

impl Rows<'_> {
    fn on_listener(&mut self, at: usize) {
        let own = self.login.database.as_str();
        let foreign = self.foreign();
        self.wrong(at, own, Purpose::Wrong);
        if self.scene.extent != Extent::Sample {
            for database in [own].into_iter().chain(foreign.first().map(String::as_str)) {
                self.right(at, database, Purpose::Elsewhere);
            }
            for database in self.hidden() {
                self.right(at, &database, Purpose::Elsewhere);
            }
        }
        if self.scene.walsenders > 0 {
            self.right(at, own, Purpose::Replication);
            if self.scene.extent != Extent::Sample {
                self.right(at, own, Purpose::LogicalReplication);
                if let Some(database) = foreign.first() {
                    self.right(at, database, Purpose::Replication);
                }
            }
        }
        match self.scene.extent {
            Extent::Sample => {}
            Extent::Full => self.treated_apart(at, &foreign),
            Extent::Exhaustive => self.everything(at, &foreign),
        }
    }

    /// Other databases, the one that is this login's turn first.
    fn foreign(&self) -> Vec<String> {
        let task = self.scene.task;
        let name = |place: usize| task.databases[place].name.to_string();
        let first = task.sampled().others(self.login).map(name).next();
        let rest: Vec<String> = task.others(self.login).map(name).collect();
        first.into_iter().chain(rest).collect()
    }

    /// Where pg_hba.conf alone kept the login out of the matrix, so that nothing is known of its grants.
    fn hidden(&self) -> Vec<String> {
        let by_hba = |outcome: &Outcome| matches!(outcome, Outcome::Refused(refused) if refused.by_hba());
        let others = self.scene.seen[self.at].others.iter().filter(|(_, met)| by_hba(&met.outcome));
        others.map(|(place, _)| self.scene.task.databases[*place].name.to_string()).collect()
    }

    /// What pg_hba.conf treats in a way that no attempt here has met yet: one attempt for each such way.
    fn treated_apart(&mut self, at: usize, foreign: &[String]) {
        let Some(lines) = self.scene.hba else { return };
        let side = self.scene.listeners[at].side;
        let role = self.login.role.to_string();
        let own = self.login.database.to_string();
        let ways = |database: Option<&str>| treatments(lines, &Comer { side, role: &role, database });
        let mut met: BTreeSet<Treatment<'_>> = ways(Some(&own)).into_iter().collect();
        for database in foreign {
            if new(&mut met, ways(Some(database))) {
                self.wrong(at, database, Purpose::Wrong);
                self.right(at, database, Purpose::Elsewhere);
            }
        }
        if self.scene.walsenders > 0 && new(&mut met, ways(None)) {
            self.wrong(at, &own, Purpose::WrongReplication);
        }
    }

    fn everything(&mut self, at: usize, foreign: &[String]) {
        let own = self.login.database.to_string();
        for database in std::iter::once(&own).chain(foreign) {
            self.wrong(at, database, Purpose::Wrong);
            self.right(at, database, Purpose::Elsewhere);
            if self.scene.walsenders > 0 {
                self.wrong(at, database, Purpose::WrongReplication);
                self.right(at, database, Purpose::Replication);
                self.right(at, database, Purpose::LogicalReplication);
            }
        }
    }

    fn wrong(&mut self, listener: usize, database: &str, purpose: Purpose) {
        self.push(listener, database, SecretString::from(WRONG), purpose);
    }

    /// With the password that works, where it may be sent and the matrix has not been already.
    fn right(&mut self, listener: usize, database: &str, purpose: Purpose) {
        let Listener { configured, trusted, .. } = self.scene.listeners[listener];
        match &self.right {
            Some(password) if trusted && !(configured && purpose == Purpose::Elsewhere) => {
                self.push(listener, database, password.clone(), purpose);
            }
            _ => {}
        }
    }

    /// The stored password is stale: what else could it be?
    fn guesses(&mut self) {
        let login = self.login;
        let own = login.database.as_str();
        let names = [login.role.as_str(), login.service.as_str()];
        for guess in names.iter().chain(GUESSES) {
            self.push(0, own, SecretString::from(*guess), Purpose::Guess);
        }
        for other in self.scene.task.logins.iter().filter(|other| other.role != login.role) {
            let Some(password) = &other.password else { continue };
            self.push(0, own, password.clone(), Purpose::Reuse(other.role.to_string()));
        }
    }

    fn push(&mut self, listener: usize, database: &str, password: SecretString, purpose: Purpose) {
        let own = database == self.login.database.as_str();
        self.all.push(Trial {
            login: Some(self.at),
            role: self.login.role.to_string(),
            database: database.into(),
            place: if own { Place::Own } else { Place::Foreign },
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
fn of_admin(scene: &Scene<'_>) -> Vec<Trial> {
    let (role, home) = scene.admin;
    let wrong = |listener: usize, database: &str, purpose: Purpose| Trial {
        login: None,
        role: role.into(),
        database: database.into(),
        place: Place::Foreign,
        listener,
        password: SecretString::from(WRONG),
        purpose,
    };
    let mut all = vec![];
    for (at, listener) in scene.listeners.iter().enumerate() {
        // Over the socket the admin is who the operating system says; pg_hba.conf tells whether that is all.
        if listener.side == Side::Socket {
            continue;
        }
        all.push(wrong(at, home, Purpose::Wrong));
        let others = scene.task.databases.iter().filter(|found| found.allow_connections);
        let mut met = BTreeSet::new();
        let ways = |database: Option<&'_ str>| {
            treatments(scene.hba.unwrap_or_default(), &Comer { side: listener.side, role, database })
        };
        met.extend(ways(Some(home)));
        for database in others.map(|found| found.name.as_str()) {
            let apart = scene.extent == Extent::Full && new(&mut met, ways(Some(database)));
            if apart || scene.extent == Extent::Exhaustive {
                all.push(wrong(at, database, Purpose::Wrong));
            }
        }
        let apart = scene.extent == Extent::Full && new(&mut met, ways(None));
        if scene.walsenders > 0 && (apart || scene.extent == Extent::Exhaustive) {
            all.push(wrong(at, home, Purpose::WrongReplication));
        }
    }
    all
}
