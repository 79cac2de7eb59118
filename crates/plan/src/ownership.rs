//! Order of the relations that change their owner while others use them.
//!
//! `ALTER … OWNER TO` takes an exclusive lock, and a session that waits for it blocks all sessions behind it.
//! So each relation is a transaction of its own, with all its grants and revocations: no lock is held while the
//! next is waited for, and a role with access before has access afterwards. The new owner is granted everything
//! beforehand ([`Action::Lend`]), because views and SECURITY DEFINER functions that it owns already use
//! relations that it does not own yet.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use std::collections::BTreeMap;
use std::ops::Range;

use super::action::Action;
use super::object::Object;
use super::stage::Stage;
use super::step::Step;
use martydb_model::ObjectKind;

/// Moves the steps about relations that change their owner behind all others in their database, one relation
/// after the other; all other steps keep their order.
pub(crate) fn order(steps: &mut [Step]) {
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

/// Splits these steps of one stage into transactions, in order.
pub fn transactions(steps: &[Step]) -> Vec<Range<usize>> {
    ranges(steps, |step| step.part_of.clone())
}

/// Returns the relation that a step locks exclusively.
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

/// Returns for each step the position of its relation among those that change their owner.
fn ranks(steps: &[Step]) -> Vec<Option<usize>> {
    let mut taken = BTreeMap::new();
    for object in steps.iter().filter_map(|step| step.part_of.as_ref()) {
        let next = taken.len();
        taken.entry(object).or_insert(next);
    }
    steps.iter().map(|step| taken.get(step.part_of.as_ref()?).copied()).collect()
}

/// Returns the ranges of consecutive steps with the same key.
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
    use crate::Risk;
    use martydb_model::contract::{Privilege, Privileges};
    use martydb_model::{DbName, Grantee, RoleName, SchemaName};

    fn object(kind: ObjectKind, name: &str) -> Object {
        Object::Named { kind, schema: SchemaName::public(), name: name.into() }
    }

    fn step(action: Action, part_of: Option<Object>) -> Step {
        let (stage, database) = (action.stage(), DbName::new("d").ok());
        Step { service: None, database, stage, action, reason: String::new(), risk: Risk::Safe, part_of }
    }

    fn owned(object: Object, part_of: Option<Object>) -> Step {
        step(Action::SetOwner { object, owner: RoleName::new("o").unwrap() }, part_of)
    }

    fn granted(on: Object, part_of: Option<Object>) -> Step {
        let privileges = Privileges::new([Privilege::Select]);
        step(Action::Grant { on, privileges, to: Grantee::Role(RoleName::new("r").unwrap()) }, part_of)
    }

    #[test]
    fn each_relation_that_changes_its_owner_is_a_transaction_and_all_else_comes_first() {
        use ObjectKind::{Sequence, Table, Type, View};
        let (table, view) = (object(Table, "t"), object(View, "v"));
        let mut steps = vec![
            owned(table.clone(), Some(table.clone())),
            granted(object(Table, "other"), None),
            owned(view.clone(), Some(view.clone())),
            granted(table.clone(), Some(table.clone())),
            owned(object(Type, "mood"), None),
            granted(view.clone(), Some(view)),
            granted(object(Sequence, "t_id_seq"), Some(table)),
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
                "grant sequence public.t_id_seq",
                "alter view public.v",
                "grant view public.v",
            ]
        );
        assert_eq!(transactions(&steps), [0..2, 2..5, 5..7]);
        assert!(locked(&steps[1].action).is_none() && locked(&steps[2].action).is_some());
    }
}
