//! What a session inside a login's own database came to: one probe for each right and each deed, and one finding for
//! each right that is held.

use std::collections::BTreeMap;

use super::ask::{self, Held};
use super::table::{Class, RIGHTS};
use super::{Deeds, Insider};
use crate::audit::kinds::IN_DATABASE;
use crate::audit::{NotExamined, facts};
use crate::audit::{privilege, revoke, revoke_default, revoke_option};
use crate::plan::DefaultKind;
use crate::probe::Severity;
use crate::probe::finding::{Finding, Key, Source, listed};
use crate::probe::matrix::{Place, Probe};
use crate::probe::task::Task;
use crate::probe::trials::Tried;
use crate::probe::verdict::Verdict;
use crate::sql::{Qualified, ServerText, Statement};
use crate::stmt;
use crate::wire::{Answer, Attempt, Outcome};

/// What one row of a table came to.
struct Told {
    what: String,
    /// The right behind it: one that is told already is not told again.
    takes: &'static str,
    verdict: Verdict,
    sqlstate: Option<String>,
    why: Option<String>,
    severity: Severity,
    close: Vec<Statement>,
}

/// Judges the answers to the questions and deeds of one session.
pub fn judge(task: &Task, insider: &Insider<'_>, deeds: &Deeds, attempt: &Attempt) -> Tried {
    let told = match &attempt.outcome {
        Outcome::LetIn(session) => match session.answers.as_slice() {
            [alone, held, _, done @ .., _] if done.len() == deeds.rows.len() => match is_alone(alone) {
                Ok(()) => rights(insider, held).into_iter().chain(done_deeds(deeds, done)).collect(),
                Err(why) => nothing(why),
            },
            _ => nothing("the session ended before it had answered".into()),
        },
        Outcome::Refused(refused) => {
            nothing(format!("a session with pinned settings was refused: {refused}"))
        }
        Outcome::Broken(broken) => nothing(broken.why.clone()),
    };
    let mut tried = Tried { missed: unasked(insider, attempt), ..Tried::default() };
    let mut known: BTreeMap<&str, Key> = BTreeMap::new();
    for one in told {
        let mut probe = probe(task, insider, attempt, &one);
        if one.verdict == Verdict::Breach {
            let key = known.entry(one.takes).or_insert_with(|| {
                let finding = finding(task, insider, &one);
                let key = finding.key();
                tried.findings.push(finding);
                key
            });
            probe.found = Some(key.clone());
        }
        tried.probes.push(probe);
    }
    tried
}

/// A login that may not read the catalogue cannot be asked what it may do.
fn unasked(insider: &Insider<'_>, attempt: &Attempt) -> Vec<NotExamined> {
    let Outcome::LetIn(session) = &attempt.outcome else { return vec![] };
    match session.answers.get(1) {
        Some(Answer::Refused(refused)) if refused.sqlstate == "42501" => vec![NotExamined {
            what: format!("what {} says of its own rights in {}", insider.login.role, insider.login.database),
            why: refused.to_string(),
            grant: None,
        }],
        _ => vec![],
    }
}

/// The whole table, unproven.
fn nothing(why: String) -> Vec<Told> {
    vec![Told {
        what: "everything".into(),
        takes: "",
        verdict: Verdict::Inconclusive,
        sqlstate: None,
        why: Some(why),
        severity: IN_DATABASE.severity,
        close: vec![],
    }]
}

fn is_alone(answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Rows(rows) if rows.first().is_some_and(|row| row == &[Some("true".into())]) => Ok(()),
        Answer::Rows(_) => {
            Err("the session did not start as its login with the search path that was asked for: \
            look for login event triggers"
                .into())
        }
        Answer::Refused(refused) => {
            Err(format!("the server would not say as whom the session started: {refused}"))
        }
    }
}

fn rights(insider: &Insider<'_>, answer: &Answer) -> Vec<Told> {
    let asked = ask::applicable(insider);
    let rows = match answer {
        Answer::Rows(rows) => rows.iter().map(|row| Held::read(row)).collect::<Option<Vec<Held>>>(),
        Answer::Refused(_) => None,
    };
    let Some(rows) = rows else {
        return match answer {
            // Somebody closed the catalogue to it: the admin's look at the same rights has to do.
            Answer::Refused(refused) if refused.sqlstate == "42501" => vec![],
            Answer::Refused(refused) => nothing(format!("the server would not tell of rights: {refused}")),
            Answer::Rows(_) => nothing("the server's answer makes no sense".into()),
        };
    };
    let mut held: BTreeMap<usize, Vec<Held>> = BTreeMap::new();
    for row in rows {
        held.entry(row.right).or_default().push(row);
    }
    // A superuser has every right: that alone is worth telling.
    let almighty = |at: usize| RIGHTS[at].class == Class::Attributes;
    let superuser =
        held.iter().any(|(at, rows)| almighty(*at) && rows.iter().any(|row| row.object == ask::SUPERUSER));
    let due = asked.into_iter().filter(|at| !superuser || almighty(*at));
    due.map(|at| one_right(insider, at, held.get(&at).map_or(&[], Vec::as_slice))).collect()
}

fn one_right(insider: &Insider<'_>, at: usize, held: &[Held]) -> Told {
    let row = &RIGHTS[at];
    let mut objects: Vec<&str> = held.iter().map(|held| held.object.as_str()).collect();
    objects.dedup();
    let close: BTreeMap<String, Statement> = held
        .iter()
        .filter_map(|held| close(insider, row.class, row.asked, held))
        .map(|statement| (statement.to_string(), statement))
        .collect();
    let (verdict, why) = match objects.is_empty() {
        true => (Verdict::Denied, None),
        false => (Verdict::Breach, Some(format!("the server says that it may: {}", listed(&objects)))),
    };
    Told {
        what: row.what.into(),
        takes: row.what,
        verdict,
        sqlstate: None,
        why,
        severity: row.severity,
        close: close.into_values().collect(),
    }
}

/// The statement that takes one right away, where an entry of an ACL, a membership or an attribute explains it.
fn close(insider: &Insider<'_>, class: Class, asked: &str, held: &Held) -> Option<Statement> {
    let role = || Qualified(vec![insider.login.role.to_string()]);
    let target = held.on.clone()?;
    // What a service's role holds is its own: taken back is the way from one to the other, told by itself.
    let through =
        |grantee: &String| *grantee != insider.login.role.as_str() && insider.managed.contains(grantee);
    if held.grantee.as_ref().is_some_and(through) {
        return None;
    }
    let grantor = held.grantor.clone();
    let membership = |words: ServerText| {
        let group = Qualified(vec![target.clone()]);
        // Before 16 there is one row, whoever granted it.
        let by = match grantor.clone().filter(|_| insider.major >= 16) {
            Some(grantor) => stmt!(" GRANTED BY {by}", by = Qualified(vec![grantor])),
            None => stmt!(""),
        };
        stmt!("REVOKE {words}{group} FROM {role}{by}", words = words, group = group, role = role(), by = by)
    };
    match class {
        Class::Roles => Some(membership(ServerText(String::new()))),
        Class::RoleAdmin => Some(membership(ServerText("ADMIN OPTION FOR ".into()))),
        Class::Attributes => {
            Some(stmt!("ALTER ROLE {role} NO{word}", role = role(), word = privilege(&target)))
        }
        _ => {
            let right = facts::Right {
                grantee: held.grantee.clone(),
                grantor: grantor?,
                privilege: held.privilege.clone()?,
                grantable: false,
            };
            let (owner, part) = (held.owner.clone().unwrap_or_default(), held.column.as_deref());
            match (class, asked.contains("GRANT OPTION")) {
                (Class::Defaults, _) => {
                    let kind = owner.chars().next().and_then(DefaultKind::from_letter)?;
                    Some(revoke_default(&target, part, kind.word(), &right))
                }
                (_, true) => Some(revoke_option(&right, part, &target, &owner)),
                (_, false) => Some(revoke(&right, part, &target, &owner)),
            }
        }
    }
}

fn done_deeds<'a>(deeds: &'a Deeds, answers: &'a [Answer]) -> impl Iterator<Item = Told> + 'a {
    deeds.rows.iter().zip(answers).map(|((deed, statement), answer)| {
        let (verdict, sqlstate, why) = match answer {
            Answer::Rows(_) => {
                (Verdict::Breach, None, Some(format!("{statement} was done, and rolled back")))
            }
            Answer::Refused(refused) => {
                let state = refused.sqlstate.clone();
                match state.as_str() {
                    "42501" => (Verdict::Denied, Some(state), None),
                    // Nothing can be made in a schema that does not exist, and nobody become who does not.
                    "3F000" | "22023" => (Verdict::Denied, Some(state), Some(refused.to_string())),
                    _ => (
                        Verdict::Inconclusive,
                        Some(state),
                        Some(format!("{statement} met an answer that proves nothing: {refused}")),
                    ),
                }
            }
        };
        Told {
            what: format!("{} (tried: {statement})", deed.what),
            takes: deed.takes,
            verdict,
            sqlstate,
            why,
            severity: deed.severity,
            close: vec![],
        }
    })
}

fn probe(task: &Task, insider: &Insider<'_>, attempt: &Attempt, told: &Told) -> Probe {
    let login = insider.login;
    Probe {
        service: login.service.to_string(),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: login.database.to_string(),
        outcome: told.verdict,
        sqlstate: told.sqlstate.clone(),
        why: told.why.clone(),
        way: Some(format!("inside: {}", told.what)),
        place: Place::Own,
        found: None,
        connections: attempt.connections,
    }
}

fn finding(task: &Task, insider: &Insider<'_>, told: &Told) -> Finding {
    let login = insider.login;
    Finding {
        id: IN_DATABASE.id,
        severity: told.severity,
        kind: Source::Probe,
        service: Some(login.service.to_string()),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: Some(login.database.to_string()),
        object: Some(told.what.clone()),
        evidence: format!("as {}: {}", login.role, told.why.as_deref().unwrap_or_default()),
        fix: None,
        close: vec![],
    }
    .closed_by(told.close.clone())
}
