//! Why an attempt is made, and what each answer proves for that purpose. Rows of a table, so that no answer of a
//! server can be taken for a denial by accident.

use secrecy::SecretString;

use crate::findings::{FindingKind, GUESSABLE, REPLICATION_LOGIN, REUSED, WRONG_PASSWORD};
use crate::probe::{AccessPolicy, Judgement, ProbePlace, Verdict};
use crate::sqlstate;
use crate::wire::{Outcome, Refused, Stage};

/// One attempt that is not part of the matrix.
pub struct ExtraProbe {
    /// Whose login, by its index in the task; `None` for the admin's.
    pub login: Option<usize>,
    pub role: String,
    pub database: String,
    pub place: ProbePlace,
    pub listener: usize,
    pub password: SecretString,
    pub purpose: Purpose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Whether a password is asked for at all.
    Wrong,
    /// The same of a replication connection.
    WrongReplication,
    /// Whether another listener accepts the login at its own database only.
    Elsewhere,
    /// Whether the login may copy the server.
    Replication,
    /// The same through a database, which takes another line of pg_hba.conf.
    LogicalReplication,
    /// Whether the password is easily guessed.
    Guess,
    /// Whether it is that of another login.
    Reuse(String),
}

pub struct PurposeRow {
    /// Startup parameters.
    pub parameters: &'static [(&'static str, &'static str)],
    /// What it is called where it succeeds; `None` where that depends on the database.
    pub kind: Option<&'static FindingKind>,
    /// Refusals that prove isolation.
    denied: &'static [&'static str],
    /// Refusals that come after the password was accepted.
    recognised: &'static [&'static str],
}

const PLAIN: &[(&str, &str)] = &[];
const PHYSICAL: &[(&str, &str)] = &[("replication", "true")];
const LOGICAL: &[(&str, &str)] = &[("replication", "database")];

/// `invalid_password`, and `invalid_authorization_specification`: pg_hba.conf, a certificate, another account.
const UNKNOWN: &[&str] = &[sqlstate::INVALID_PASSWORD, sqlstate::INVALID_AUTHORIZATION];

impl Purpose {
    pub fn row(&self) -> PurposeRow {
        let row = |parameters, kind, denied, recognised| PurposeRow { parameters, kind, denied, recognised };
        let known = &[sqlstate::INSUFFICIENT_PRIVILEGE];
        // A password that is right and refused is a stale one, or meant for something else: that proves nothing.
        let refused = &[sqlstate::INSUFFICIENT_PRIVILEGE, sqlstate::INVALID_AUTHORIZATION];
        match self {
            Purpose::Wrong => row(PLAIN, Some(WRONG_PASSWORD), UNKNOWN, known),
            Purpose::WrongReplication => row(PHYSICAL, Some(WRONG_PASSWORD), UNKNOWN, known),
            Purpose::Guess => row(PLAIN, Some(GUESSABLE), UNKNOWN, known),
            Purpose::Reuse(_) => row(PLAIN, Some(REUSED), UNKNOWN, known),
            Purpose::Replication => row(PHYSICAL, Some(REPLICATION_LOGIN), refused, &[]),
            Purpose::LogicalReplication => row(LOGICAL, Some(REPLICATION_LOGIN), refused, &[]),
            Purpose::Elsewhere => row(PLAIN, None, &[sqlstate::INVALID_AUTHORIZATION], &[]),
        }
    }

    pub fn words(&self) -> String {
        match self {
            Purpose::Wrong => "with a wrong password".into(),
            Purpose::WrongReplication => "with a wrong password and replication=true".into(),
            Purpose::Elsewhere => String::new(),
            Purpose::Replication => "with replication=true".into(),
            Purpose::LogicalReplication => "with replication=database".into(),
            Purpose::Guess => "with an easily guessed password".into(),
            Purpose::Reuse(other) => format!("with the password of {other}"),
        }
    }

    pub fn judge(&self, outcome: &Outcome, place: ProbePlace, policy: Option<AccessPolicy>) -> Judgement {
        let (verdict, why) = match outcome {
            Outcome::LetIn(_) => self.let_in(place, policy),
            Outcome::Refused(refused) => self.refused(refused),
            Outcome::Broken(broken) if broken.stage == Stage::Authenticate && *self != Purpose::Elsewhere => {
                let why = format!("the server asks for another authentication method: {}", broken.why);
                (Verdict::Inconclusive, Some(why))
            }
            Outcome::Broken(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        };
        Judgement::of(outcome, verdict, why)
    }

    fn let_in(&self, place: ProbePlace, policy: Option<AccessPolicy>) -> (Verdict, Option<String>) {
        match (self, place, policy) {
            (Purpose::Elsewhere, ProbePlace::Own, _) => (Verdict::Allowed, None),
            (Purpose::Elsewhere, _, Some(AccessPolicy::LeftOpen)) => {
                (Verdict::Allowed, Some("left open by close_maintenance: false".into()))
            }
            _ => (Verdict::Breach, Some(format!("it was let in {}", self.words()).trim_end().into())),
        }
    }

    fn refused(&self, refused: &Refused) -> (Verdict, Option<String>) {
        let row = self.row();
        let is = |states: &[&str]| states.contains(&refused.sqlstate.as_str());
        let lacks_connect = refused.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE
            && refused.routine.as_deref() == Some("CheckMyDatabase");
        if is(row.denied) || *self == Purpose::Elsewhere && lacks_connect {
            (Verdict::Denied, None)
        } else if is(row.recognised) {
            (Verdict::Breach, Some(format!("the password was accepted, and then: {refused}")))
        } else {
            (Verdict::Inconclusive, Some(format!("unexpected answer: {refused}")))
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
            (
                refused(sqlstate::INVALID_PASSWORD, "auth_failed"),
                [Denied, Denied, Inconclusive, Inconclusive],
            ),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "ClientAuthentication"),
                [Denied, Denied, Denied, Denied],
            ),
            (refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase"), [Breach, Breach, Denied, Denied]),
            (
                refused(sqlstate::INSUFFICIENT_PRIVILEGE, "InitPostgres"),
                [Breach, Breach, Inconclusive, Denied],
            ),
            (refused(sqlstate::TOO_MANY_CONNECTIONS, "InitProcess"), [Inconclusive; 4]),
            (refused(sqlstate::INVALID_CATALOG_NAME, "InitPostgres"), [Inconclusive; 4]),
            (refused(sqlstate::INTERNAL_ERROR, "new"), [Inconclusive; 4]),
            (broken, [Inconclusive; 4]),
        ];
        let purposes = [Purpose::Wrong, Purpose::Reuse("x".into()), Purpose::Elsewhere, Purpose::Replication];
        for (outcome, expected) in answers {
            for (purpose, expected) in purposes.iter().zip(expected) {
                let judged = purpose.judge(&outcome, ProbePlace::Foreign, Some(AccessPolicy::Closed));
                assert_eq!(judged.verdict, expected, "{purpose:?} {outcome:?}");
                assert!(judged.verdict != Inconclusive || judged.why.is_some(), "{purpose:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn a_login_may_connect_to_its_own_database_on_every_listener() {
        let let_in = Outcome::LetIn(LetIn { tls: false, server_version: "15.0".into(), answers: vec![] });
        let verdict = |place, policy| Purpose::Elsewhere.judge(&let_in, place, Some(policy)).verdict;
        assert_eq!(verdict(ProbePlace::Own, AccessPolicy::Closed), Verdict::Allowed);
        assert_eq!(verdict(ProbePlace::Foreign, AccessPolicy::LeftOpen), Verdict::Allowed);
        assert_eq!(verdict(ProbePlace::Foreign, AccessPolicy::Closed), Verdict::Breach);
    }
}
