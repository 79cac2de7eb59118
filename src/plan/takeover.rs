//! The order in which relations that others own and use are taken over.
//!
//! `ALTER … OWNER TO` locks a relation against everybody, and a session that waits for that lock keeps all who come
//! behind it waiting. So each relation is a transaction of its own, with all that is given and taken on it: no lock is
//! held while the next is waited for, and a role that may use it before may use it afterwards. The new owner was given
//! everything beforehand ([`Action::Lend`]), because views and definer functions that it owns already use relations that
//! it does not own yet.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use std::collections::BTreeMap;
use std::ops::Range;

use super::action::Action;
use super::object::Object;
use super::stage::Stage;
use super::step::Step;
use crate::model::{ObjectKind, SchemaName};

/// Moves the steps about relations that change their owner behind all others in their database, one relation after the
/// other; everything else keeps its order.
pub fn order(steps: &mut [Step]) {
    let ranges = ranges(steps, |step| (step.service.clone(), step.database.clone(), step.stage));
    for range in ranges {
        let steps = &mut steps[range];
        if steps[0].stage != Stage::InDatabase {
            continue;
        }
        let ranks = ranks(steps);
        let mut ranked: Vec<(Option<usize>, Step)> = ranks.into_iter().zip(steps.iter().cloned()).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        for (step, (_, ordered)) in steps.iter_mut().zip(ranked) {
            *step = ordered;
        }
    }
}

/// The transactions that these steps of one stage are, in order.
pub fn transactions(steps: &[Step]) -> Vec<Range<usize>> {
    let ranks = ranks(steps);
    let mut at = 0;
    let units = ranks.chunk_by(|one, next| one == next).map(|unit| {
        at += unit.len();
        at - unit.len()..at
    });
    units.collect()
}

/// The relation that a step locks against all its users.
pub fn locked(action: &Action) -> Option<&Object> {
    match action {
        Action::SetOwner { object, .. } | Action::RunAsCaller { object } if is_relation(object) => {
            Some(object)
        }
        _ => None,
    }
}

fn is_relation(object: &Object) -> bool {
    use ObjectKind::{MaterializedView, Sequence, Table, View};
    matches!(object, Object::Named { kind: Table | View | MaterializedView | Sequence, .. })
}

/// For each step the place of its relation among those that change their owner.
fn ranks(steps: &[Step]) -> Vec<Option<usize>> {
    let mut taken = BTreeMap::new();
    for object in steps.iter().filter_map(|step| locked(&step.action)) {
        let next = taken.len();
        taken.entry(relation(object)).or_insert(next);
    }
    let of = |step: &Step| taken.get(&Some(subject(&step.action).and_then(relation)?)).copied();
    steps.iter().map(of).collect()
}

fn subject(action: &Action) -> Option<&Object> {
    match action {
        Action::RunAsCaller { object: on }
        | Action::SetOwner { object: on, .. }
        | Action::Grant { on, .. }
        | Action::Revoke { on, .. } => Some(on),
        _ => None,
    }
}

/// The relation that an object is, or is a column of; all relations of a schema have different names.
fn relation(object: &Object) -> Option<(&SchemaName, &str)> {
    match object {
        Object::Named { schema, name, .. } if is_relation(object) => Some((schema, name)),
        Object::Column { schema, table, .. } => Some((schema, table)),
        _ => None,
    }
}

/// Consecutive steps with the same key.
pub fn ranges<K: PartialEq>(steps: &[Step], key: impl Fn(&Step) -> K) -> Vec<Range<usize>> {
    let mut at = 0;
    let groups = steps.chunk_by(|one, next| key(one) == key(next)).map(|group| {
        at += group.len();
        at - group.len()..at
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Privilege, Privileges};
    use crate::model::{DbName, Grantee, RoleName};
    use crate::plan::Risk;

    fn object(kind: ObjectKind, name: &str) -> Object {
        Object::Named { kind, schema: SchemaName::public(), name: name.into() }
    }

    fn step(action: Action) -> Step {
        let (stage, database) = (action.stage(), DbName::new("d").ok());
        Step { service: None, database, stage, action, reason: String::new(), risk: Risk::Safe }
    }

    fn owned(object: Object) -> Step {
        step(Action::SetOwner { object, owner: RoleName::new("o").unwrap() })
    }

    fn granted(on: Object) -> Step {
        let privileges = Privileges::new([Privilege::Select]);
        step(Action::Grant { on, privileges, to: Grantee::Role(RoleName::new("r").unwrap()) })
    }

    #[test]
    fn each_relation_that_changes_its_owner_is_a_transaction_and_all_else_comes_first() {
        use ObjectKind::{Table, Type, View};
        let column = Object::Column { schema: SchemaName::public(), table: "t".into(), column: "c".into() };
        let mut steps = vec![
            owned(object(Table, "t")),
            granted(object(Table, "other")),
            owned(object(View, "v")),
            granted(object(Table, "t")),
            owned(object(Type, "mood")),
            granted(object(View, "v")),
            granted(column),
        ];
        order(&mut steps);
        let shown: Vec<String> = steps
            .iter()
            .map(|step| format!("{} {}", step.action.verb().name(), step.action.object()))
            .collect();
        assert_eq!(
            shown,
            [
                "grant table public.other",
                "alter type public.mood",
                "alter table public.t",
                "grant table public.t",
                "grant column public.t.c",
                "alter view public.v",
                "grant view public.v",
            ]
        );
        assert_eq!(transactions(&steps), [0..2, 2..5, 5..7]);
        assert!(locked(&steps[1].action).is_none() && locked(&steps[2].action).is_some());
    }
}
