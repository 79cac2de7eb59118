//! Groups steps that differ only in their object into one line: `shop_app gets SELECT on 80 tables, 7 views`.

use std::collections::BTreeMap;

use super::action::{Action, Verb};
use super::object::Object;
use super::stage::Risk;
use super::step::Step;
use martydb_model::units::{counted, listed};
use martydb_model::{DbName, RoleName};

/// Steps of one kind that differ only in their objects.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StepGroup {
    /// Kind of change.
    pub action: Verb,
    /// Description: the role, the change, and the objects counted by kind.
    pub what: String,
    pub count: usize,
    /// Greatest risk of the steps.
    pub risk: Risk,
}

/// Words of a step, without its object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Phrase {
    before: String,
    after: String,
    /// `true` if objects are named, as far as they fit on a line.
    named: bool,
}

#[derive(Debug)]
struct StepTally<'a> {
    first: &'a Step,
    risk: Risk,
    count: usize,
    /// Names by kind, in order of appearance.
    objects: Vec<(&'static str, Vec<String>)>,
}

/// Returns the groups, in the order of their first steps.
pub fn grouped<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<StepGroup> {
    folded(steps).into_iter().map(|(group, _)| group).collect()
}

/// Returns the groups, with the step itself for a group of one: it is more precise than the group.
pub fn folded<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<(StepGroup, Option<&'a Step>)> {
    let (mut order, mut all): (Vec<Phrase>, BTreeMap<Phrase, StepTally>) = Default::default();
    for step in steps {
        let (phrase, kind, names) = step_words(&step.action);
        let fresh = || StepTally { first: step, risk: step.risk, count: 0, objects: vec![] };
        if !all.contains_key(&phrase) {
            order.push(phrase.clone());
        }
        all.entry(phrase).or_insert_with(fresh).add(step.risk, kind, names);
    }
    order.into_iter().filter_map(|phrase| all.remove(&phrase).map(|found| found.finish(&phrase))).collect()
}

impl<'a> StepTally<'a> {
    fn add(&mut self, risk: Risk, kind: &'static str, names: Vec<String>) {
        self.risk = self.risk.max(risk);
        self.count += 1;
        let at = self.objects.iter().position(|(known, _)| *known == kind).unwrap_or(self.objects.len());
        if at == self.objects.len() {
            self.objects.push((kind, vec![]));
        }
        self.objects[at].1.extend(names);
    }

    fn finish(self, Phrase { before, after, named }: &Phrase) -> (StepGroup, Option<&'a Step>) {
        let on: Vec<String> = self.objects.iter().map(|(kind, names)| shown(kind, names, *named)).collect();
        let what = format!("{before}{}{after}", on.join(", "));
        let action = self.first.action.verb();
        let group = StepGroup { action, what, count: self.count, risk: self.risk };
        (group, (self.count == 1).then_some(self.first))
    }
}

/// Names one object; counts several, unless their names matter.
fn shown(kind: &str, names: &[String], named: bool) -> String {
    match (names, named) {
        ([one], false) => one.clone(),
        (many, false) => counted(many.len(), kind),
        ([one], true) => format!("{kind}{}{one}", if kind.is_empty() { "" } else { " " }),
        (many, true) if kind.is_empty() => listed(many),
        (many, true) => format!("{kind}s {}", listed(many)),
    }
}

fn on_objects(before: String, after: String, object: &Object, kind: &'static str) -> StepWords {
    (Phrase { before, after, named: false }, kind, vec![object.to_string()])
}

fn naming(before: String, kind: &'static str, names: Vec<String>, after: String) -> StepWords {
    (Phrase { before, after, named: true }, kind, names)
}

type StepWords = (Phrase, &'static str, Vec<String>);

fn step_words(action: &Action) -> StepWords {
    let none = String::new;
    match action {
        Action::Grant { on, privileges, to } => {
            on_objects(format!("{to} gets {privileges} on "), none(), on, kind_of(on))
        }
        Action::Revoke { on, privileges, from, only_option, .. } => {
            let option = if *only_option { "the grant option for " } else { "" };
            on_objects(format!("{from} loses {option}{privileges} on "), none(), on, kind_of(on))
        }
        Action::SetOwner { object, owner } => {
            on_objects("owner of ".into(), format!(" \u{2192} {owner}"), object, "object")
        }
        Action::RunAsCaller { object } => {
            on_objects(none(), " run with the caller's privileges".into(), object, kind_of(object))
        }
        Action::Lend { objects, to, .. } => {
            let names = objects.iter().map(ToString::to_string).collect();
            let phrase = Phrase {
                before: format!("{to} gets all privileges on "),
                after: ", until it is the owner".into(),
                named: false,
            };
            (phrase, "object", names)
        }
        _ => role_step_words(action),
    }
}

/// Returns the words of steps about roles, memberships, settings and default privileges; rare steps form groups
/// of their own.
fn role_step_words(action: &Action) -> StepWords {
    let none = String::new;
    match action {
        Action::CreateRole { role, .. } => naming("create ".into(), "role", vec![role.to_string()], none()),
        Action::MarkRole { role, .. } => {
            naming("tag ".into(), "role", vec![role.to_string()], " as managed by this manifest".into())
        }
        Action::GrantMembership { role, member, .. } => {
            naming(none(), "", vec![member.to_string()], format!(" becomes a member of {role}"))
        }
        Action::RevokeMembership { role, member, .. } => {
            naming(none(), "", vec![member.to_string()], format!(" is no longer a member of {role}"))
        }
        Action::SetSetting { role, database, name, .. } => {
            let whose = bearer(role.as_ref(), database.as_ref());
            naming(format!("{whose} starts with "), "setting", vec![name.clone()], none())
        }
        Action::ResetSetting { role, database, name } => {
            let whose = bearer(role.as_ref(), database.as_ref());
            naming(format!("{whose} loses "), "setting", vec![name.clone()], none())
        }
        Action::GrantDefault { owner, schema, on, privileges, to } => {
            let of = of_owner(owner, schema.as_ref());
            naming(format!("{to} gets {privileges} on future "), "", vec![on.word().to_lowercase()], of)
        }
        Action::RevokeDefault { owner, schema, on, privileges, from, only_option } => {
            let option = if *only_option { "the grant option for " } else { "" };
            let before = format!("{from} loses {option}{privileges} on future ");
            naming(before, "", vec![on.word().to_lowercase()], of_owner(owner, schema.as_ref()))
        }
        _ => {
            let before = format!("{} {}", action.verb().name(), action.object());
            (Phrase { before, after: none(), named: true }, "", vec![none()])
        }
    }
}

/// Describes the role or database of a setting.
fn bearer(role: Option<&RoleName>, database: Option<&DbName>) -> String {
    let database = || database.map(|name| format!("database {name}"));
    role.map(ToString::to_string).or_else(database).unwrap_or_else(|| "every role".into())
}

fn of_owner(owner: &martydb_model::RoleName, schema: Option<&martydb_model::SchemaName>) -> String {
    let place = schema.map_or_else(String::new, |schema| format!(" in schema {schema}"));
    format!(" of {owner}{place}")
}

fn kind_of(object: &Object) -> &'static str {
    match object {
        Object::Database(_) => "database",
        Object::Schema(_) => "schema",
        Object::Column { .. } => "column",
        other => other.kind().map_or("object", |kind| kind.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseOption;
    use crate::stage::Stage;
    use martydb_model::contract::{Privilege, Privileges};
    use martydb_model::{Grantee, ObjectKind, RoleKind, SchemaName};

    fn role(name: &str) -> RoleName {
        RoleName::new(name).unwrap()
    }

    fn named(kind: ObjectKind, name: &str) -> Object {
        Object::Named { kind, schema: SchemaName::public(), name: name.into() }
    }

    fn step(action: Action, risk: Risk) -> Step {
        let (service, database, part_of) = (None, None, None);
        Step { service, database, stage: Stage::InDatabase, action, reason: String::new(), risk, part_of }
    }

    fn grant(object: Object, to: &str, all: &[Privilege]) -> Step {
        let (privileges, to) = (Privileges::new(all.iter().copied()), Grantee::Role(role(to)));
        step(Action::Grant { on: object, privileges, to }, Risk::Safe)
    }

    #[test]
    fn steps_that_differ_in_their_object_are_one_line() {
        use ObjectKind::{Table, View};
        let own = |name: &str, risk| {
            step(Action::SetOwner { object: named(Table, name), owner: role("shop_owner") }, risk)
        };
        let create = |name: &str| {
            step(Action::CreateRole { role: role(name), kind: RoleKind::App, limit: 1 }, Risk::Safe)
        };
        let read = &[Privilege::Select][..];
        let steps = [
            create("shop_owner"),
            grant(named(Table, "a"), "shop_app", read),
            own("a", Risk::Safe),
            create("shop_app"),
            grant(named(Table, "b"), "shop_app", read),
            grant(named(View, "v"), "shop_app", read),
            own("b", Risk::Caution),
            grant(named(Table, "c"), "shop_app", &[Privilege::Insert]),
            step(
                Action::AlterDatabase {
                    database: DbName::new("d").unwrap(),
                    option: DatabaseOption::Word("IS_TEMPLATE false"),
                },
                Risk::Safe,
            ),
        ];
        let groups = grouped(&steps);
        let lines: Vec<String> =
            groups.iter().map(|one| format!("{} {} {}", one.count, one.risk.name(), one.what)).collect();
        assert_eq!(
            lines,
            [
                "2 safe create roles shop_owner, shop_app",
                "3 safe shop_app gets SELECT on 2 tables, view public.v",
                "2 caution owner of 2 objects \u{2192} shop_owner",
                "1 safe shop_app gets INSERT on table public.c",
                "1 safe alter database d",
            ]
        );
        assert_eq!(groups.iter().map(|one| one.count).sum::<usize>(), steps.len());
    }

    #[test]
    fn losses_and_new_powers_of_roles_are_named() {
        let loses = |only_option| {
            let (on, from) = (named(ObjectKind::Table, "a"), Grantee::Public);
            let privileges = Privileges::new([Privilege::Select]);
            step(Action::Revoke { on, privileges, from, grantor: None, only_option }, Risk::Caution)
        };
        let member = |name: &str| {
            let (role, member) = (role("shop_app"), role(name));
            step(Action::GrantMembership { role, member, inherit: true }, Risk::Caution)
        };
        let set = |name: &str| {
            let value = crate::SettingValue::Text("1".into());
            let action =
                Action::SetSetting { role: Some(role("shop_app")), database: None, name: name.into(), value };
            step(action, Risk::Safe)
        };
        let steps = [loses(false), loses(true), member("old"), member("older"), set("a"), set("b")];
        let lines: Vec<String> = grouped(&steps).into_iter().map(|group| group.what).collect();
        assert_eq!(
            lines,
            [
                "PUBLIC loses SELECT on table public.a",
                "PUBLIC loses the grant option for SELECT on table public.a",
                "old, older becomes a member of shop_app",
                "shop_app starts with settings a, b",
            ]
        );
    }
}
