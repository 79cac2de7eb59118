//! Verdict on an attempt: every known answer of the server, in pure functions, so no network error and no
//! unknown answer can be taken for a denial.
//!
//! The answers follow from PostgreSQL's order of checks: pg_hba.conf, password, the role's LOGIN and limit,
//! then (`CheckMyDatabase` in `src/backend/utils/init/postinit.c`) the database's `datallowconn`, CONNECT, and
//! the database's limit. SQLSTATEs:
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use serde::Serialize;

use martydb_model::sqlstate;
use martydb_pg::wire::{Outcome, Rejection};

/// Verdict on one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server refused it for a reason that proves isolation.
    Denied,
    /// Accepted as declared.
    Allowed,
    /// Proves neither isolation nor a breach.
    Inconclusive,
    /// Accepted where the server must deny it.
    Breach,
}

impl Verdict {
    pub fn passed(self) -> bool {
        matches!(self, Verdict::Denied | Verdict::Allowed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessPolicy {
    /// Only its own logins may connect.
    Closed,
    /// The manifest deliberately leaves it open (`close_maintenance: false`).
    LeftOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The login reached its own database, or only the database's connection limit kept it out, which the server checks
    /// last: a refusal elsewhere is evidence.
    Passed,
    /// The login did not reach its own database, so a refusal elsewhere proves nothing.
    Failed,
}

impl Control {
    /// Returns the control that a login's attempt at its own database is.
    pub(crate) fn from_outcome(own: &Outcome) -> Control {
        let is_full = |refused: &Rejection| {
            refused.sqlstate == sqlstate::TOO_MANY_CONNECTIONS
                && refused.routine.as_deref() == Some("CheckMyDatabase")
        };
        match own {
            Outcome::Accepted(_) => Control::Passed,
            Outcome::Rejected(refused) if is_full(refused) => Control::Passed,
            Outcome::Rejected(_) | Outcome::Failed(_) => Control::Failed,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub sqlstate: Option<String>,
    /// Reason in words; `None` if the verdict needs none.
    pub why: Option<String>,
}

impl Judgement {
    pub fn new(outcome: &Outcome, verdict: Verdict, why: Option<String>) -> Judgement {
        let sqlstate = match outcome {
            Outcome::Rejected(refused) => Some(refused.sqlstate.clone()),
            _ => None,
        };
        Judgement { verdict, sqlstate, why }
    }
}

/// Evidence of a refusal about the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// This login cannot connect to this database.
    Denial,
    /// pg_hba.conf rejects it; the privileges were not checked.
    DenialByHba,
    Nothing,
}

/// Interprets a refusal. Only two answers prove anything; the server's function that raised the error
/// distinguishes the meanings of a SQLSTATE.
fn meaning(refused: &Rejection) -> (Evidence, &'static str) {
    let nothing = |meaning| (Evidence::Nothing, meaning);
    match (refused.sqlstate.as_str(), refused.routine.as_deref().unwrap_or_default()) {
        (sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase") => {
            (Evidence::Denial, "the role lacks CONNECT on that database")
        }
        (sqlstate::INSUFFICIENT_PRIVILEGE, _) => nothing("a privilege other than CONNECT was missing"),
        // The routine is not enough: a missing certificate is reported by the same one.
        (sqlstate::INVALID_AUTHORIZATION, _) if refused.by_hba() => {
            (Evidence::DenialByHba, "pg_hba.conf rejected it before any privilege was checked")
        }
        (sqlstate::INVALID_AUTHORIZATION, "ClientAuthentication") => {
            nothing("the server wants a client certificate")
        }
        (sqlstate::INVALID_AUTHORIZATION, "InitializeSessionUserId") => {
            nothing("the role may not log in (NOLOGIN) or does not exist")
        }
        (sqlstate::INVALID_AUTHORIZATION, _) => {
            nothing("the server's authentication method did not accept this client")
        }
        (sqlstate::INVALID_PASSWORD, _) => {
            nothing("the password was refused: the stored secret is stale, or expired")
        }
        (sqlstate::TOO_MANY_CONNECTIONS, "InitializeSessionUserId") => {
            nothing("the role's own connection limit is reached")
        }
        (sqlstate::TOO_MANY_CONNECTIONS, "CheckMyDatabase") => {
            nothing("only the database's connection limit prevented it: the role does hold CONNECT")
        }
        (sqlstate::TOO_MANY_CONNECTIONS, _) => nothing("the server has no connection to spare"),
        (sqlstate::OUT_OF_MEMORY, _) => nothing("the server is out of memory"),
        (sqlstate::INVALID_CATALOG_NAME, _) => nothing("the database does not exist"),
        (sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, _) => nothing("the database accepts no connections"),
        (sqlstate::CANNOT_CONNECT_NOW, _) => nothing("the server is starting up or shutting down"),
        _ => nothing("an inconclusive answer"),
    }
}

fn read(refused: &Rejection) -> (Evidence, String) {
    let (evidence, meaning) = meaning(refused);
    let said =
        if evidence == Evidence::Nothing { format!("; the server said: {refused}") } else { String::new() };
    (evidence, format!("{meaning}{said}"))
}

pub fn judge_own(outcome: &Outcome) -> Judgement {
    let why = match outcome {
        Outcome::Accepted(_) => return Judgement::new(outcome, Verdict::Allowed, None),
        Outcome::Rejected(refused) => read(refused).1,
        Outcome::Failed(broken) => broken.why.clone(),
    };
    Judgement::new(outcome, Verdict::Inconclusive, Some(why))
}

pub fn judge_foreign(outcome: &Outcome, control: Control, policy: AccessPolicy) -> Judgement {
    let (verdict, why) = match outcome {
        Outcome::Accepted(_) => match policy {
            AccessPolicy::Closed => (Verdict::Breach, None),
            AccessPolicy::LeftOpen => {
                (Verdict::Allowed, Some("left open by close_maintenance: false".into()))
            }
        },
        Outcome::Failed(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        Outcome::Rejected(refused) => match (read(refused), control) {
            ((Evidence::Nothing, why), _) => (Verdict::Inconclusive, Some(why)),
            (_, Control::Failed) => (Verdict::Inconclusive, Some(WITHOUT_CONTROL.into())),
            ((Evidence::Denial, _), _) => (Verdict::Denied, None),
            ((Evidence::DenialByHba, why), _) => (Verdict::Denied, Some(why)),
        },
    };
    Judgement::new(outcome, verdict, why)
}

/// Reason why a refusal proves nothing for a login that is refused everywhere.
pub(crate) const WITHOUT_CONTROL: &str = "it was refused, but it cannot connect to its own database either";

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::wire::{Accepted, ConnectionFailure, Stage};

    fn refused(sqlstate: &str, routine: &str, message: &str) -> Outcome {
        let routine = (!routine.is_empty()).then(|| routine.into());
        Outcome::Rejected(Rejection { sqlstate: sqlstate.into(), message: message.into(), routine })
    }

    fn accepted() -> Outcome {
        Outcome::Accepted(Accepted { tls: false, server_version: "15.0".into(), answers: vec![] })
    }

    fn broken() -> Outcome {
        Outcome::Failed(ConnectionFailure { stage: Stage::Wait, why: "no answer within 10 s".into() })
    }

    /// Every known answer of a server, and an unknown one.
    fn answers() -> Vec<(Outcome, Verdict, Verdict)> {
        use Verdict::*;
        let hba = "keine pg_hba.conf-Zeile für Host »127.0.0.1«";
        vec![
            (accepted(), Allowed, Breach),
            (
                refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase", "permission denied"),
                Inconclusive,
                Denied,
            ),
            (
                refused(sqlstate::INSUFFICIENT_PRIVILEGE, "set_config_option", "permission denied to set"),
                Inconclusive,
                Inconclusive,
            ),
            (refused(sqlstate::INSUFFICIENT_PRIVILEGE, "", "a proxy's own idea"), Inconclusive, Inconclusive),
            (refused(sqlstate::INVALID_AUTHORIZATION, "ClientAuthentication", hba), Inconclusive, Denied),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "ClientAuthentication", "requires a certificate"),
                Inconclusive,
                Inconclusive,
            ),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "InitializeSessionUserId", "not permitted"),
                Inconclusive,
                Inconclusive,
            ),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "auth_failed", "Peer authentication failed"),
                Inconclusive,
                Inconclusive,
            ),
            (
                refused(sqlstate::INVALID_AUTHORIZATION, "", "no pg_hba.conf entry, says a proxy"),
                Inconclusive,
                Inconclusive,
            ),
            (refused(sqlstate::INVALID_PASSWORD, "auth_failed", "password"), Inconclusive, Inconclusive),
            (
                refused(sqlstate::TOO_MANY_CONNECTIONS, "InitializeSessionUserId", "role"),
                Inconclusive,
                Inconclusive,
            ),
            (
                refused(sqlstate::TOO_MANY_CONNECTIONS, "CheckMyDatabase", "database"),
                Inconclusive,
                Inconclusive,
            ),
            (refused(sqlstate::TOO_MANY_CONNECTIONS, "InitProcess", "sorry"), Inconclusive, Inconclusive),
            (refused(sqlstate::OUT_OF_MEMORY, "", "shared memory"), Inconclusive, Inconclusive),
            (refused(sqlstate::INVALID_CATALOG_NAME, "InitPostgres", "gone"), Inconclusive, Inconclusive),
            (
                refused(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, "CheckMyDatabase", "closed"),
                Inconclusive,
                Inconclusive,
            ),
            (
                refused(sqlstate::CANNOT_CONNECT_NOW, "ProcessStartupPacket", "starting"),
                Inconclusive,
                Inconclusive,
            ),
            (refused(sqlstate::INTERNAL_ERROR, "anything", "new"), Inconclusive, Inconclusive),
            (refused("", "", ""), Inconclusive, Inconclusive),
            (broken(), Inconclusive, Inconclusive),
        ]
    }

    #[test]
    fn every_answer_has_its_verdict() {
        for (outcome, own, foreign) in answers() {
            assert_eq!(judge_own(&outcome).verdict, own, "{outcome:?}");
            let judged = judge_foreign(&outcome, Control::Passed, AccessPolicy::Closed);
            assert_eq!(judged.verdict, foreign, "{outcome:?}");
        }
    }

    #[test]
    fn without_a_control_nothing_is_denied_and_a_breach_stays_one() {
        for (outcome, _, with_control) in answers() {
            let judged = judge_foreign(&outcome, Control::Failed, AccessPolicy::Closed);
            let expected =
                if with_control == Verdict::Breach { Verdict::Breach } else { Verdict::Inconclusive };
            assert_eq!(judged.verdict, expected, "{outcome:?}");
        }
    }

    #[test]
    fn a_login_that_only_a_full_database_keeps_out_is_a_control() {
        let passed =
            answers().into_iter().filter(|(outcome, ..)| Control::from_outcome(outcome) == Control::Passed);
        let passed: Vec<Outcome> = passed.map(|(outcome, ..)| outcome).collect();
        let full = |outcome: &Outcome| matches!(outcome, Outcome::Rejected(refused) if refused.routine.as_deref() == Some("CheckMyDatabase"));
        assert_eq!(passed.len(), 2, "{passed:?}");
        assert!(matches!(passed[0], Outcome::Accepted(_)) && full(&passed[1]), "{passed:?}");
    }

    #[test]
    fn every_inconclusive_judgement_says_why() {
        for (outcome, ..) in answers() {
            let all = [
                judge_own(&outcome),
                judge_foreign(&outcome, Control::Passed, AccessPolicy::Closed),
                judge_foreign(&outcome, Control::Failed, AccessPolicy::LeftOpen),
            ];
            for judged in all {
                assert!(judged.verdict != Verdict::Inconclusive || judged.why.is_some(), "{judged:?}");
            }
        }
    }

    #[test]
    fn a_database_left_open_on_purpose_is_not_a_breach() {
        assert_eq!(
            judge_foreign(&accepted(), Control::Passed, AccessPolicy::LeftOpen).verdict,
            Verdict::Allowed
        );
        let denied = refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase", "");
        assert_eq!(judge_foreign(&denied, Control::Passed, AccessPolicy::LeftOpen).verdict, Verdict::Denied);
    }

    #[test]
    fn two_refusals_prove_something_and_the_others_nothing() {
        let refusals = answers().into_iter().filter_map(|(outcome, ..)| match outcome {
            Outcome::Rejected(refused) => Some(refused),
            _ => None,
        });
        let proofs = refusals.filter(|refused| read(refused).0 != Evidence::Nothing);
        assert_eq!(proofs.count(), 2);
    }

    #[test]
    fn a_routine_decides_for_its_own_sqlstate_only() {
        for (outcome, ..) in answers() {
            let Outcome::Rejected(refused) = outcome else { continue };
            let unknown = Rejection { routine: Some("unknown".into()), ..refused };
            assert_eq!(read(&unknown).0, Evidence::Nothing, "{unknown:?}");
        }
    }
}
