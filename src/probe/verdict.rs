//! What an attempt proves. A table of the server's answers and a few pure functions, so that no network error
//! and no unforeseen answer can ever be taken for a denial.
//!
//! The order in which PostgreSQL decides a login makes the table what it is: pg_hba.conf, password, the role's
//! LOGIN and limit, then (`CheckMyDatabase` in `src/backend/utils/init/postinit.c`) whether the database takes
//! connections, whether the role holds CONNECT, and the database's limit. SQLSTATEs:
//! <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use serde::Serialize;

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

/// Whether a login may enter a database that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nobody but its own logins.
    Closed,
    /// The manifest leaves it open on purpose (`close_maintenance: false`).
    LeftOpen,
}

/// How a login's positive control went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It reached its own database, so a refusal elsewhere means something.
    Passed,
    /// It did not, so a refusal elsewhere means nothing.
    Failed,
}

/// A verdict with the words that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The server's SQLSTATE, where it refused.
    pub sqlstate: Option<String>,
    /// Why, for people; `None` where the verdict says it all.
    pub why: Option<String>,
}

/// What a refusal says about the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// This login cannot enter this database.
    Denial,
    /// As far as pg_hba.conf goes; the grants were not reached.
    DenialByHba,
    /// Nothing.
    Nothing,
}

/// How to recognise one refusal.
struct Rule {
    sqlstate: &'static str,
    /// The function that said it, where a SQLSTATE has several meanings.
    routine: Option<&'static str>,
    proof: Proof,
    meaning: &'static str,
}

const fn rule(
    sqlstate: &'static str,
    routine: Option<&'static str>,
    proof: Proof,
    meaning: &'static str,
) -> Rule {
    Rule { sqlstate, routine, proof, meaning }
}

/// The first rule that fits wins. Only two rows prove anything.
const RULES: &[Rule] = &[
    rule("42501", Some("CheckMyDatabase"), Proof::Denial, "the role lacks CONNECT on that database"),
    rule("42501", None, Proof::Nothing, "a privilege other than CONNECT was missing"),
    rule("28000", Some(HBA), Proof::DenialByHba, "pg_hba.conf refused it before any grant was looked at"),
    rule("28000", Some("ClientAuthentication"), Proof::Nothing, "the server wants a client certificate"),
    rule(
        "28000",
        Some("InitializeSessionUserId"),
        Proof::Nothing,
        "the role may not log in (NOLOGIN) or does not exist",
    ),
    rule("28000", None, Proof::Nothing, "the server's authentication method did not accept this client"),
    rule("28P01", None, Proof::Nothing, "the password was refused: the stored secret is stale, or expired"),
    rule(
        "53300",
        Some("InitializeSessionUserId"),
        Proof::Nothing,
        "the role's own connection limit is reached",
    ),
    rule(
        "53300",
        Some("CheckMyDatabase"),
        Proof::Nothing,
        "only the database's connection limit stood in the way: the role does hold CONNECT",
    ),
    rule("53300", None, Proof::Nothing, "the server has no connection to spare"),
    rule("53200", None, Proof::Nothing, "the server is out of memory"),
    rule("3D000", None, Proof::Nothing, "the database does not exist"),
    rule("55000", None, Proof::Nothing, "the database accepts no connections"),
    rule("57P03", None, Proof::Nothing, "the server is starting up or shutting down"),
];

/// Not a routine of the server: stands for [`Refused::by_hba`], which needs more than the routine's name.
const HBA: &str = "pg_hba.conf";

impl Rule {
    fn fits(&self, refused: &Refused) -> bool {
        let routine = match self.routine {
            Some(HBA) => refused.by_hba(),
            Some(routine) => refused.routine.as_deref() == Some(routine),
            None => true,
        };
        self.sqlstate == refused.sqlstate && routine
    }
}

fn read(refused: &Refused) -> (Proof, String) {
    let said = format!("the server said: {refused}");
    match RULES.iter().find(|rule| rule.fits(refused)) {
        Some(rule) if rule.proof == Proof::Nothing => (rule.proof, format!("{}; {said}", rule.meaning)),
        Some(rule) => (rule.proof, rule.meaning.into()),
        None => (Proof::Nothing, format!("an answer that proves nothing; {said}")),
    }
}

fn judgement(verdict: Verdict, outcome: &Outcome, why: Option<String>) -> Judgement {
    let sqlstate = match outcome {
        Outcome::Refused(refused) => Some(refused.sqlstate.clone()),
        _ => None,
    };
    Judgement { verdict, sqlstate, why }
}

/// A login at its own database: the positive control.
pub fn judge_own(outcome: &Outcome) -> Judgement {
    let why = match outcome {
        Outcome::LetIn(_) => return judgement(Verdict::Allowed, outcome, None),
        Outcome::Refused(refused) => read(refused).1,
        Outcome::Broken(broken) => broken.why.clone(),
    };
    judgement(Verdict::Inconclusive, outcome, Some(why))
}

/// A login at a database of somebody else.
pub fn judge_foreign(outcome: &Outcome, control: Control, door: Door) -> Judgement {
    let (verdict, why) = match outcome {
        Outcome::LetIn(_) => match door {
            Door::Closed => (Verdict::Breach, None),
            Door::LeftOpen => (Verdict::Allowed, Some("left open by close_maintenance: false".into())),
        },
        Outcome::Broken(broken) => (Verdict::Inconclusive, Some(broken.why.clone())),
        Outcome::Refused(refused) => match (read(refused), control) {
            ((Proof::Nothing, why), _) => (Verdict::Inconclusive, Some(why)),
            (_, Control::Failed) => (Verdict::Inconclusive, Some(WITHOUT_CONTROL.into())),
            ((Proof::Denial, _), _) => (Verdict::Denied, None),
            ((Proof::DenialByHba, why), _) => (Verdict::Denied, Some(why)),
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
            (refused("42501", "CheckMyDatabase", "permission denied"), Inconclusive, Denied),
            (refused("42501", "set_config_option", "permission denied to set"), Inconclusive, Inconclusive),
            (refused("42501", "", "a proxy's own idea"), Inconclusive, Inconclusive),
            (refused("28000", "ClientAuthentication", hba), Inconclusive, Denied),
            (refused("28000", "ClientAuthentication", "requires a certificate"), Inconclusive, Inconclusive),
            (refused("28000", "InitializeSessionUserId", "not permitted"), Inconclusive, Inconclusive),
            (refused("28000", "auth_failed", "Peer authentication failed"), Inconclusive, Inconclusive),
            (refused("28000", "", "no pg_hba.conf entry, says a proxy"), Inconclusive, Inconclusive),
            (refused("28P01", "auth_failed", "password"), Inconclusive, Inconclusive),
            (refused("53300", "InitializeSessionUserId", "role"), Inconclusive, Inconclusive),
            (refused("53300", "CheckMyDatabase", "database"), Inconclusive, Inconclusive),
            (refused("53300", "InitProcess", "sorry"), Inconclusive, Inconclusive),
            (refused("53200", "", "shared memory"), Inconclusive, Inconclusive),
            (refused("3D000", "InitPostgres", "gone"), Inconclusive, Inconclusive),
            (refused("55000", "CheckMyDatabase", "closed"), Inconclusive, Inconclusive),
            (refused("57P03", "ProcessStartupPacket", "starting"), Inconclusive, Inconclusive),
            (refused("XX000", "anything", "new"), Inconclusive, Inconclusive),
            (refused("", "", ""), Inconclusive, Inconclusive),
            (broken(), Inconclusive, Inconclusive),
        ]
    }

    #[test]
    fn every_answer_has_its_verdict() {
        for (outcome, own, foreign) in answers() {
            assert_eq!(judge_own(&outcome).verdict, own, "{outcome:?}");
            let judged = judge_foreign(&outcome, Control::Passed, Door::Closed);
            assert_eq!(judged.verdict, foreign, "{outcome:?}");
        }
    }

    #[test]
    fn without_a_control_nothing_is_denied_and_a_breach_stays_one() {
        for (outcome, _, with_control) in answers() {
            let judged = judge_foreign(&outcome, Control::Failed, Door::Closed);
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
                judge_foreign(&outcome, Control::Passed, Door::Closed),
                judge_foreign(&outcome, Control::Failed, Door::LeftOpen),
            ];
            for judged in all {
                assert!(judged.verdict != Verdict::Inconclusive || judged.why.is_some(), "{judged:?}");
            }
        }
    }

    #[test]
    fn a_door_left_open_on_purpose_is_no_breach() {
        assert_eq!(judge_foreign(&let_in(), Control::Passed, Door::LeftOpen).verdict, Verdict::Allowed);
        let denied = refused("42501", "CheckMyDatabase", "");
        assert_eq!(judge_foreign(&denied, Control::Passed, Door::LeftOpen).verdict, Verdict::Denied);
    }

    #[test]
    fn a_rule_for_any_routine_stands_behind_the_special_ones() {
        for (n, rule) in RULES.iter().enumerate().filter(|(_, rule)| rule.routine.is_none()) {
            assert!(RULES[n + 1..].iter().all(|later| later.sqlstate != rule.sqlstate), "{}", rule.sqlstate);
        }
        assert_eq!(RULES.iter().filter(|rule| rule.proof != Proof::Nothing).count(), 2);
    }
}
