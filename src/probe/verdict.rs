//! What an attempt proves. A table of the server's answers and a few pure functions, so that no network error
//! and no unforeseen answer can ever be taken for a denial.
//!
//! The order in which PostgreSQL decides a login makes the table what it is: pg_hba.conf, password, the role's
//! LOGIN and limit, then (`CheckMyDatabase` in `src/backend/utils/init/postinit.c`) whether the database takes
//! connections, whether the role holds CONNECT, and the database's limit. SQLSTATEs:
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use serde::Serialize;

use crate::sqlstate;
use crate::wire::{Outcome, Refused};

/// What one probe came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server refused for a reason that proves isolation.
    Denied,
    /// Let in where it belongs.
    Allowed,
    /// It proves nothing, neither good nor bad.
    Inconclusive,
    /// Let in where it does not belong.
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
    /// The manifest leaves it open on purpose (`close_maintenance: false`).
    LeftOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It reached its own database, so a refusal elsewhere means something.
    Passed,
    /// It did not, so a refusal elsewhere means nothing.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub sqlstate: Option<String>,
    /// Why, for people; `None` where the verdict says it all.
    pub why: Option<String>,
}

/// What a refusal says about the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// This login cannot enter this database.
    Denial,
    /// As far as pg_hba.conf goes; the grants were not reached.
    DenialByHba,
    Nothing,
}

/// How to recognise one refusal.
struct RefusalMeaning {
    sqlstate: &'static str,
    /// The function that said it, where a SQLSTATE has several meanings.
    routine: Option<&'static str>,
    evidence: Evidence,
    meaning: &'static str,
}

const fn refusal(
    sqlstate: &'static str,
    routine: Option<&'static str>,
    evidence: Evidence,
    meaning: &'static str,
) -> RefusalMeaning {
    RefusalMeaning { sqlstate, routine, evidence, meaning }
}

/// The first rule that fits wins. Only two rows prove anything.
const REFUSALS: &[RefusalMeaning] = &[
    refusal(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        Some("CheckMyDatabase"),
        Evidence::Denial,
        "the role lacks CONNECT on that database",
    ),
    refusal(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        None,
        Evidence::Nothing,
        "a privilege other than CONNECT was missing",
    ),
    refusal(
        sqlstate::INVALID_AUTHORIZATION,
        Some(HBA),
        Evidence::DenialByHba,
        "pg_hba.conf refused it before any grant was looked at",
    ),
    refusal(
        sqlstate::INVALID_AUTHORIZATION,
        Some("ClientAuthentication"),
        Evidence::Nothing,
        "the server wants a client certificate",
    ),
    refusal(
        sqlstate::INVALID_AUTHORIZATION,
        Some("InitializeSessionUserId"),
        Evidence::Nothing,
        "the role may not log in (NOLOGIN) or does not exist",
    ),
    refusal(
        sqlstate::INVALID_AUTHORIZATION,
        None,
        Evidence::Nothing,
        "the server's authentication method did not accept this client",
    ),
    refusal(
        sqlstate::INVALID_PASSWORD,
        None,
        Evidence::Nothing,
        "the password was refused: the stored secret is stale, or expired",
    ),
    refusal(
        sqlstate::TOO_MANY_CONNECTIONS,
        Some("InitializeSessionUserId"),
        Evidence::Nothing,
        "the role's own connection limit is reached",
    ),
    refusal(
        sqlstate::TOO_MANY_CONNECTIONS,
        Some("CheckMyDatabase"),
        Evidence::Nothing,
        "only the database's connection limit stood in the way: the role does hold CONNECT",
    ),
    refusal(sqlstate::TOO_MANY_CONNECTIONS, None, Evidence::Nothing, "the server has no connection to spare"),
    refusal(sqlstate::OUT_OF_MEMORY, None, Evidence::Nothing, "the server is out of memory"),
    refusal(sqlstate::INVALID_CATALOG_NAME, None, Evidence::Nothing, "the database does not exist"),
    refusal(
        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        None,
        Evidence::Nothing,
        "the database accepts no connections",
    ),
    refusal(
        sqlstate::CANNOT_CONNECT_NOW,
        None,
        Evidence::Nothing,
        "the server is starting up or shutting down",
    ),
];

/// Not a routine of the server: stands for [`Refused::by_hba`], which needs more than the routine's name.
const HBA: &str = "pg_hba.conf";

impl RefusalMeaning {
    fn fits(&self, refused: &Refused) -> bool {
        let routine = match self.routine {
            Some(HBA) => refused.by_hba(),
            Some(routine) => refused.routine.as_deref() == Some(routine),
            None => true,
        };
        self.sqlstate == refused.sqlstate && routine
    }
}

fn read(refused: &Refused) -> (Evidence, String) {
    let said = format!("the server said: {refused}");
    match REFUSALS.iter().find(|rule| rule.fits(refused)) {
        Some(rule) if rule.evidence == Evidence::Nothing => {
            (rule.evidence, format!("{}; {said}", rule.meaning))
        }
        Some(rule) => (rule.evidence, rule.meaning.into()),
        None => (Evidence::Nothing, format!("an answer that proves nothing; {said}")),
    }
}

fn judgement(verdict: Verdict, outcome: &Outcome, why: Option<String>) -> Judgement {
    let sqlstate = match outcome {
        Outcome::Refused(refused) => Some(refused.sqlstate.clone()),
        _ => None,
    };
    Judgement { verdict, sqlstate, why }
}

pub fn judge_own(outcome: &Outcome) -> Judgement {
    let why = match outcome {
        Outcome::LetIn(_) => return judgement(Verdict::Allowed, outcome, None),
        Outcome::Refused(refused) => read(refused).1,
        Outcome::Broken(broken) => broken.why.clone(),
    };
    judgement(Verdict::Inconclusive, outcome, Some(why))
}

pub fn judge_foreign(outcome: &Outcome, control: Control, policy: AccessPolicy) -> Judgement {
    let (verdict, why) = match outcome {
        Outcome::LetIn(_) => match policy {
            AccessPolicy::Closed => (Verdict::Breach, None),
            AccessPolicy::LeftOpen => {
                (Verdict::Allowed, Some("left open by close_maintenance: false".into()))
            }
        },
        Outcome::Broken(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        Outcome::Refused(refused) => match (read(refused), control) {
            ((Evidence::Nothing, why), _) => (Verdict::Inconclusive, Some(why)),
            (_, Control::Failed) => (Verdict::Inconclusive, Some(WITHOUT_CONTROL.into())),
            ((Evidence::Denial, _), _) => (Verdict::Denied, None),
            ((Evidence::DenialByHba, why), _) => (Verdict::Denied, Some(why)),
        },
    };
    judgement(verdict, outcome, why)
}

/// Why a refusal means nothing for a login that is refused everywhere.
pub const WITHOUT_CONTROL: &str = "it was refused, but it does not reach its own database either";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Broken, LetIn, Stage};

    fn refused(sqlstate: &str, routine: &str, message: &str) -> Outcome {
        let routine = (!routine.is_empty()).then(|| routine.into());
        Outcome::Refused(Refused { sqlstate: sqlstate.into(), message: message.into(), routine })
    }

    fn let_in() -> Outcome {
        Outcome::LetIn(LetIn { tls: false, server_version: "15.0".into(), answers: vec![] })
    }

    fn broken() -> Outcome {
        Outcome::Broken(Broken { stage: Stage::Wait, why: "no answer within 10 s".into() })
    }

    /// Every answer a server is known to give, and one it is not known to give.
    fn answers() -> Vec<(Outcome, Verdict, Verdict)> {
        use Verdict::*;
        let hba = "keine pg_hba.conf-Zeile für Host »127.0.0.1«";
        vec![
            (let_in(), Allowed, Breach),
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
    fn a_database_left_open_on_purpose_is_no_breach() {
        assert_eq!(
            judge_foreign(&let_in(), Control::Passed, AccessPolicy::LeftOpen).verdict,
            Verdict::Allowed
        );
        let denied = refused(sqlstate::INSUFFICIENT_PRIVILEGE, "CheckMyDatabase", "");
        assert_eq!(judge_foreign(&denied, Control::Passed, AccessPolicy::LeftOpen).verdict, Verdict::Denied);
    }

    #[test]
    fn a_rule_for_any_routine_stands_behind_the_special_ones() {
        for (n, rule) in REFUSALS.iter().enumerate().filter(|(_, rule)| rule.routine.is_none()) {
            assert!(
                REFUSALS[n + 1..].iter().all(|later| later.sqlstate != rule.sqlstate),
                "{}",
                rule.sqlstate
            );
        }
        assert_eq!(REFUSALS.iter().filter(|rule| rule.evidence != Evidence::Nothing).count(), 2);
    }
}
