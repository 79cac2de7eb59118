//! Why an attempt is made, and what each answer proves for that purpose. Rows of a table, so that no answer of a
//! server can be taken for a denial by accident.

use super::super::matrix::Place;
use super::super::verdict::{Door, Judgement, Verdict};
use crate::audit::kinds::{GUESSABLE, Kind, REPLICATION_LOGIN, REUSED, WRONG_PASSWORD};
use crate::wire::{Outcome, Refused, Stage};

/// What an attempt is to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Whether a password is asked for at all.
    Wrong,
    /// The same of a replication connection.
    WrongReplication,
    /// Whether another listener lets the login in where it belongs, and keeps it out elsewhere.
    Elsewhere,
    /// Whether the login may copy the server.
    Replication,
    /// The same through a database, which takes another line of pg_hba.conf.
    LogicalReplication,
    /// Whether the password is one that anybody guesses.
    Guess,
    /// Whether it is that of another login.
    Reuse(String),
}

/// The row of a purpose.
struct Row {
    parameters: &'static [(&'static str, &'static str)],
    /// What it is called where it succeeds; `None` where that depends on the database.
    kind: Option<&'static Kind>,
    /// Refusals that are what is hoped for.
    denied: &'static [&'static str],
    /// Refusals that come after the password was taken: somebody was recognised who may not have been.
    recognised: &'static [&'static str],
}

const PLAIN: &[(&str, &str)] = &[];
const PHYSICAL: &[(&str, &str)] = &[("replication", "true")];
const LOGICAL: &[(&str, &str)] = &[("replication", "database")];

/// `invalid_password`, and `invalid_authorization_specification`: pg_hba.conf, a certificate, another account.
const UNKNOWN: &[&str] = &["28P01", "28000"];

impl Purpose {
    fn row(&self) -> Row {
        let row = |parameters, kind, denied, recognised| Row { parameters, kind, denied, recognised };
        match self {
            Purpose::Wrong => row(PLAIN, Some(WRONG_PASSWORD), UNKNOWN, &["42501"]),
            Purpose::WrongReplication => row(PHYSICAL, Some(WRONG_PASSWORD), UNKNOWN, &["42501"]),
            Purpose::Guess => row(PLAIN, Some(GUESSABLE), UNKNOWN, &["42501"]),
            Purpose::Reuse(_) => row(PLAIN, Some(REUSED), UNKNOWN, &["42501"]),
            // A password that is right and refused is a stale one, or meant for something else: that proves nothing.
            Purpose::Replication => row(PHYSICAL, Some(REPLICATION_LOGIN), &["42501", "28000"], &[]),
            Purpose::LogicalReplication => row(LOGICAL, Some(REPLICATION_LOGIN), &["42501", "28000"], &[]),
            Purpose::Elsewhere => row(PLAIN, None, &["28000"], &[]),
        }
    }

    /// Startup parameters.
    pub fn parameters(&self) -> &'static [(&'static str, &'static str)] {
        self.row().parameters
    }

    /// What it is called where it succeeds; `None` where that depends on the database.
    pub fn kind(&self) -> Option<&'static Kind> {
        self.row().kind
    }

    /// Whether it takes one of the server's few replication connections.
    pub fn is_replication(&self) -> bool {
        self.parameters() != PLAIN
    }

    /// How it is tried.
    pub fn words(&self) -> String {
        match self {
            Purpose::Wrong => "with a wrong password".into(),
            Purpose::WrongReplication => "with a wrong password and replication=true".into(),
            Purpose::Elsewhere => String::new(),
            Purpose::Replication => "with replication=true".into(),
            Purpose::LogicalReplication => "with replication=database".into(),
            Purpose::Guess => "with a password that anybody guesses".into(),
            Purpose::Reuse(other) => format!("with the password of {other}"),
        }
    }

    /// What an answer proves.
    pub fn judge(&self, outcome: &Outcome, place: Place, door: Option<Door>) -> Judgement {
        let (verdict, why) = match outcome {
            Outcome::LetIn(_) => self.let_in(place, door),
            Outcome::Refused(refused) => self.refused(refused),
            Outcome::Broken(broken) if broken.stage == Stage::Authenticate && *self != Purpose::Elsewhere => {
                (Verdict::Inconclusive, Some(format!("the server asks for another proof: {}", broken.why)))
            }
            Outcome::Broken(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        };
        let sqlstate = match outcome {
            Outcome::Refused(refused) => Some(refused.sqlstate.clone()),
            _ => None,
        };
        Judgement { verdict, sqlstate, why }
    }

    fn let_in(&self, place: Place, door: Option<Door>) -> (Verdict, Option<String>) {
        match (self, place, door) {
            (Purpose::Elsewhere, Place::Own, _) => (Verdict::Allowed, None),
            (Purpose::Elsewhere, _, Some(Door::LeftOpen)) => {
                (Verdict::Allowed, Some("left open by close_maintenance: false".into()))
            }
            _ => (Verdict::Breach, Some(format!("it was let in {}", self.words()).trim_end().into())),
        }
    }

    fn refused(&self, refused: &Refused) -> (Verdict, Option<String>) {
        let row = self.row();
        let is = |states: &[&str]| states.contains(&refused.sqlstate.as_str());
        let lacks_connect =
            refused.sqlstate == "42501" && refused.routine.as_deref() == Some("CheckMyDatabase");
        match () {
            () if is(row.denied) => (Verdict::Denied, None),
            () if *self == Purpose::Elsewhere && lacks_connect => (Verdict::Denied, None),
            () if is(row.recognised) => {
                (Verdict::Breach, Some(format!("the password was taken, and then: {refused}")))
            }
            () => (Verdict::Inconclusive, Some(format!("an answer that proves nothing: {refused}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Broken, LetIn};

    fn refused(sqlstate: &str, routine: &str) -> Outcome {
        Outcome::Refused(Refused {
            sqlstate: sqlstate.into(),
            message: "no".into(),
            routine: Some(routine.into()),
        })
    }

    #[test]
    fn every_answer_has_its_verdict_for_every_purpose() {
        use Verdict::*;
        let let_in = Outcome::LetIn(LetIn { tls: false, server_version: "15.0".into(), answers: vec![] });
        let broken = Outcome::Broken(Broken { stage: Stage::Wait, why: "silence".into() });
        let answers = [
            (let_in, [Breach, Breach, Breach, Breach]),
            (refused("28P01", "auth_failed"), [Denied, Denied, Inconclusive, Inconclusive]),
            (refused("28000", "ClientAuthentication"), [Denied, Denied, Denied, Denied]),
            (refused("42501", "CheckMyDatabase"), [Breach, Breach, Denied, Denied]),
            (refused("42501", "InitPostgres"), [Breach, Breach, Inconclusive, Denied]),
            (refused("53300", "InitProcess"), [Inconclusive; 4]),
            (refused("3D000", "InitPostgres"), [Inconclusive; 4]),
            (refused("XX000", "new"), [Inconclusive; 4]),
            (broken, [Inconclusive; 4]),
        ];
        let purposes = [Purpose::Wrong, Purpose::Reuse("x".into()), Purpose::Elsewhere, Purpose::Replication];
        for (outcome, expected) in answers {
            for (purpose, expected) in purposes.iter().zip(expected) {
                let judged = purpose.judge(&outcome, Place::Foreign, Some(Door::Closed));
                assert_eq!(judged.verdict, expected, "{purpose:?} {outcome:?}");
                assert!(judged.verdict != Inconclusive || judged.why.is_some(), "{purpose:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn a_login_may_enter_where_it_belongs_on_every_listener() {
        let let_in = Outcome::LetIn(LetIn { tls: false, server_version: "15.0".into(), answers: vec![] });
        let verdict = |place, door| Purpose::Elsewhere.judge(&let_in, place, Some(door)).verdict;
        assert_eq!(verdict(Place::Own, Door::Closed), Verdict::Allowed);
        assert_eq!(verdict(Place::Foreign, Door::LeftOpen), Verdict::Allowed);
        assert_eq!(verdict(Place::Foreign, Door::Closed), Verdict::Breach);
    }
}
