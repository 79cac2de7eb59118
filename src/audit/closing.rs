//! Findings as steps of a plan: what closes them goes the way that every other change goes.

use super::found::PUBLIC;
use super::kinds::IN_DATABASE;
use crate::model::{DbName, ServiceName};
use crate::plan::{Action, Risk, Stage, Step, Verb};
use crate::probe::Finding;
use crate::sql::Statement;

/// Words that begin a statement, and what it does. What only says as whom is not in here.
const VERBS: &[(&str, Verb)] = &[
    ("REVOKE", Verb::Revoke),
    ("ALTER DEFAULT PRIVILEGES", Verb::Revoke),
    ("DROP", Verb::Drop),
    ("ROLLBACK PREPARED", Verb::Drop),
    ("SELECT pg_catalog.pg_terminate_backend", Verb::Drop),
    ("SELECT pg_catalog.pg_drop_replication_slot", Verb::Drop),
    ("ALTER", Verb::Alter),
    ("UPDATE", Verb::Alter),
    ("COMMENT", Verb::Alter),
];

/// The step that closes a finding; `None` where it takes a human to decide.
pub fn closing(finding: &Finding) -> Option<Step> {
    if finding.close.is_empty() {
        return None;
    }
    let verb = verb(&finding.close);
    Some(Step {
        service: finding.service.as_ref().and_then(|name| ServiceName::new(name.as_str()).ok()),
        database: finding.database.as_ref().and_then(|name| DbName::found(name.as_str()).ok()),
        stage: Stage::Apart,
        reason: finding.evidence.clone(),
        // Nobody declared it, and yet somebody may be using it.
        risk: if verb == Verb::Drop { Risk::Destructive } else { Risk::Caution },
        action: Action::Close {
            finding: finding.id,
            role: finding.role.clone(),
            object: changed(finding),
            verb,
            statements: finding.close.clone(),
        },
    })
}

/// What its statements change. What a session's finding has for an object is a phrase.
fn changed(finding: &Finding) -> String {
    let role = || format!("role {}", finding.role);
    match (&finding.object, &finding.database) {
        _ if finding.id == IN_DATABASE.id => role(),
        (Some(object), _) => object.clone(),
        (None, Some(database)) => format!("database {database}"),
        (None, None) if finding.role != PUBLIC => role(),
        (None, None) => format!("server {}", finding.server),
    }
}

/// The gravest of the statements' parts; one that is not known here changes something.
fn verb(statements: &[Statement]) -> Verb {
    let parts = statements.iter().flat_map(|statement| statement.shown().split(";\n"));
    let known = |part: &str| VERBS.iter().find(|(words, _)| part.starts_with(words)).map(|(_, verb)| *verb);
    let verbs: Vec<Verb> = parts.filter_map(known).collect();
    let is = |verb: &Verb| verbs.contains(verb);
    [Verb::Drop, Verb::Alter, Verb::Revoke].into_iter().find(is).unwrap_or(Verb::Alter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::kinds::PREPARED;
    use crate::stmt;

    #[test]
    fn a_statement_is_what_its_gravest_part_does() {
        let cases: &[(&[Statement], Verb, Risk)] = &[
            (&[stmt!("REVOKE a FROM b")], Verb::Revoke, Risk::Caution),
            (
                &[stmt!("SET ROLE x"), stmt!("REVOKE a FROM b"), stmt!("RESET ROLE")],
                Verb::Revoke,
                Risk::Caution,
            ),
            (&[stmt!("REVOKE a FROM b"), stmt!("DROP ROLE b")], Verb::Drop, Risk::Destructive),
            (&[stmt!("ALTER ROLE a NOLOGIN")], Verb::Alter, Risk::Caution),
            (&[stmt!("ALTER DEFAULT PRIVILEGES FOR ROLE a REVOKE …")], Verb::Revoke, Risk::Caution),
            (&[stmt!("ROLLBACK PREPARED 'x'")], Verb::Drop, Risk::Destructive),
            (&[stmt!("something new")], Verb::Alter, Risk::Caution),
        ];
        for (statements, verb, risk) in cases {
            let found = statements.iter().fold(PREPARED.of("r"), |found, one| found.close(one.clone()));
            let step = closing(&found.on("main")).unwrap();
            assert_eq!((step.action.verb(), step.risk), (*verb, *risk), "{statements:?}");
        }
        assert_eq!(closing(&PREPARED.of("r").on("main")), None);
    }
}
