//! Findings as steps of a plan: what closes them is shown, agreed to and run like every other change.

use crate::findings::{Finding, IN_DATABASE, PUBLIC};
use crate::grants::Effect;
use crate::model::{DbName, ServiceName};
use crate::plan::{Action, Risk, Stage, Step};

/// The step that closes a finding; `None` where it takes a human to decide.
pub fn step(finding: &Finding) -> Option<Step> {
    let fix = finding.fix.clone()?;
    Some(Step {
        service: finding.service.as_ref().and_then(|name| ServiceName::new(name.as_str()).ok()),
        database: finding.database.as_ref().and_then(|name| DbName::found(name.as_str()).ok()),
        stage: Stage::Autocommit,
        reason: finding.evidence.clone(),
        // It is not declared, and yet may be in use.
        risk: if fix.effect() == Effect::Drop { Risk::Destructive } else { Risk::Caution },
        action: Action::Close { object: changed(finding), fix },
    })
}

/// What the fix changes. The object of a finding about a login's own database is a phrase.
fn changed(finding: &Finding) -> String {
    let role = || format!("role {}", finding.role);
    match (&finding.object, &finding.database) {
        _ if finding.is(IN_DATABASE) => role(),
        (Some(object), _) => object.clone(),
        (None, Some(database)) => format!("database {database}"),
        (None, None) if finding.role != PUBLIC => role(),
        (None, None) => format!("server {}", finding.server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::PREPARED;
    use crate::grants::{Repair, RepairScope, alter_role};
    use crate::plan::Verb;
    use crate::sql::{Keyword, stmt};

    #[test]
    fn a_step_is_as_risky_as_its_fix_is_grave() {
        let alter = || alter_role("a", Keyword("NOLOGIN"));
        let drop = || Repair::drop(RepairScope::Database, stmt!("DROP TRIGGER t ON a"));
        for (repairs, verb, risk) in [
            (vec![alter()], Verb::Alter, Risk::Caution),
            (vec![alter(), drop()], Verb::Drop, Risk::Destructive),
        ] {
            let found = repairs.into_iter().fold(PREPARED.of("r"), |found, one| found.fix(one));
            let step = step(&found.on("main")).unwrap();
            assert_eq!((step.action.verb(), step.risk), (verb, risk));
        }
        assert_eq!(step(&PREPARED.of("r").on("main")), None);
    }
}
