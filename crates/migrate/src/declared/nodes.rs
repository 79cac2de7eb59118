//! Statements that the decisions demand, each as a node of the order. Pure.

use std::collections::BTreeMap;

use super::casts::is_assignable;
use super::fates::{Fate, Fates, added_labels};
use super::names::{former, split};
use super::structure::{DEFAULT, NOT_NULL, Object, ObjectId, ObjectKind, Part, Structure, TYPE};

/// Action on an object. The order is that of execution, where no dependency demands another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Unset,
    Drop,
    Rename,
    Make,
    Set,
}

/// Node of the order: its fields compare in the order in which free nodes are chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// `false` for what ends, `true` for what begins.
    begins: bool,
    /// Rank of the kind; reversed for what ends.
    rank: i16,
    pub id: ObjectId,
    pub verb: Verb,
    place: i64,
    /// Name of the part.
    pub part: String,
}

impl Node {
    /// Makes the node of an action on a whole object.
    pub fn new(verb: Verb, id: &ObjectId, foreign_key: bool) -> Node {
        let begins = matches!(verb, Verb::Make | Verb::Set);
        // Foreign keys come after all other keys, and go before them.
        let rank = 2 * (id.kind as i16) + i16::from(foreign_key);
        let rank = if begins { rank } else { -rank };
        Node { begins, rank, id: id.clone(), verb, place: 0, part: String::new() }
    }

    fn of_part(verb: Verb, id: &ObjectId, name: &str, part: &Part) -> Node {
        Node { place: part.place + 1, part: name.to_owned(), ..Node::new(verb, id, false) }
    }
}

/// Statement of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub text: String,
    /// Set if the object's own CREATE would contain the part: what depends on the object waits for it.
    pub inline: bool,
    /// Object to which the part refers.
    pub needs: Option<ObjectId>,
    /// Set if no assignment cast converts the column.
    pub unconverted: bool,
}

impl Due {
    fn plain(text: String) -> Due {
        Due { text, inline: false, needs: None, unconverted: false }
    }
}

/// Both schemas, and what was decided.
pub struct Comparison<'a> {
    pub from: &'a Structure,
    pub to: &'a Structure,
    pub fates: &'a Fates,
}

impl Comparison<'_> {
    /// Returns all nodes with their statements.
    pub fn nodes(&self) -> BTreeMap<Node, Due> {
        let mut all = BTreeMap::new();
        for (id, fate) in &self.fates.of {
            match (self.from.objects.get(id), self.to.objects.get(id)) {
                (Some(before), _) if *fate == Fate::Dropped => self.drop(id, before, &mut all),
                (_, Some(after)) if *fate == Fate::Made => self.make(id, after, &mut all),
                (Some(before), Some(after)) => self.change(id, *fate, before, after, &mut all),
                _ => {}
            }
        }
        all
    }

    fn change(
        &self,
        id: &ObjectId,
        fate: Fate,
        before: &Object,
        after: &Object,
        all: &mut BTreeMap<Node, Due>,
    ) {
        match fate {
            Fate::Same | Fate::Altered | Fate::Replaced if self.is_made_with_parent(id) => {
                self.make(id, after, all)
            }
            Fate::Rebuilt => {
                self.drop(id, before, all);
                self.make(id, after, all);
            }
            Fate::Swapped => {
                let (schema, name) = split(&id.name);
                let former = former(name);
                all.insert(
                    Node::new(Verb::Rename, id, false),
                    Due::plain(format!("ALTER TYPE {} RENAME TO {former}", id.name)),
                );
                all.insert(
                    Node::new(Verb::Drop, id, false),
                    Due::plain(format!("DROP TYPE {schema}{former}")),
                );
                self.make(id, after, all);
            }
            Fate::Replaced => {
                all.insert(self.node(Verb::Make, id), Due::plain(after.made.clone()));
                self.alter(id, before, after, true, all);
            }
            Fate::Altered => self.alter(id, before, after, false, all),
            Fate::Same | Fate::Dropped | Fate::Made => {}
        }
    }

    /// Returns the node of an action on an object.
    pub fn node(&self, verb: Verb, id: &ObjectId) -> Node {
        let side = if matches!(verb, Verb::Drop | Verb::Unset) { self.from } else { self.to };
        let foreign = side
            .objects
            .get(id)
            .is_some_and(|object| id.kind == ObjectKind::Constraint && object.signature == "f");
        Node::new(verb, id, foreign)
    }

    /// Returns `true` if the object goes with the table or type that it is a part of.
    pub fn goes_with_parent(&self, id: &ObjectId) -> bool {
        self.from.is_within(id, |above| self.fates.get(above).ends())
            || id.kind == ObjectKind::Sequence && self.owner_goes(id)
    }

    /// Returns `true` if a sequence goes with the column that owns it.
    fn owner_goes(&self, id: &ObjectId) -> bool {
        let owner = self.from.objects.get(id).and_then(|object| object.parts.get("owner")?.needs.as_ref());
        owner.is_some_and(|owner| self.fates.get(owner).ends() || self.goes_with_parent(owner))
            && self.fates.get(id) == Fate::Dropped
    }

    /// Returns `true` if the object did not change, but its table or type is made again.
    fn is_made_with_parent(&self, id: &ObjectId) -> bool {
        self.to.is_within(id, |above| self.fates.get(above).begins())
    }

    fn drop(&self, id: &ObjectId, before: &Object, all: &mut BTreeMap<Node, Due>) {
        if !self.goes_with_parent(id) {
            all.insert(self.node(Verb::Drop, id), Due::plain(before.dropped.clone()));
        }
    }

    fn make(&self, id: &ObjectId, after: &Object, all: &mut BTreeMap<Node, Due>) {
        if !self.is_contained(id) {
            all.insert(self.node(Verb::Make, id), Due::plain(after.made.clone()));
        }
        for (name, part) in after.parts.iter().filter(|(_, part)| !part.inline) {
            self.set(id, name, part, part.made.clone(), all);
        }
    }

    /// Returns `true` if the CREATE of the table or type contains the column.
    pub fn is_contained(&self, id: &ObjectId) -> bool {
        id.kind.is_column() && self.to.is_within(id, |above| self.fates.get(above).begins())
    }

    fn set(
        &self,
        id: &ObjectId,
        name: &str,
        part: &Part,
        text: Option<String>,
        all: &mut BTreeMap<Node, Due>,
    ) {
        let Some(text) = text else { return };
        let due = Due { inline: part.inline, needs: part.needs.clone(), ..Due::plain(text) };
        all.insert(Node::of_part(Verb::Set, id, name, part), due);
    }

    fn unset(&self, id: &ObjectId, name: &str, part: &Part, all: &mut BTreeMap<Node, Due>) {
        let Some(text) = part.undone.clone() else { return };
        let due = Due { inline: part.inline, needs: part.needs.clone(), ..Due::plain(text) };
        all.insert(Node::of_part(Verb::Unset, id, name, part), due);
    }

    fn alter(
        &self,
        id: &ObjectId,
        before: &Object,
        after: &Object,
        replaced: bool,
        all: &mut BTreeMap<Node, Due>,
    ) {
        if id.kind == ObjectKind::Enum {
            for (label, place) in added_labels(before, after).unwrap_or_default() {
                let Some(part) = after.parts.get(label) else { continue };
                let text = part.made.as_ref().map(|text| format!("{text}{place}"));
                self.set(id, label, part, text, all);
            }
        }
        let retyped = self.type_of(id, before, after, all);
        let again = |name: &str| {
            name == DEFAULT && (retyped || self.fates.redefaulted.contains(id))
                || replaced && name.starts_with("option ")
        };
        for (name, part) in &before.parts {
            match after.parts.get(name) {
                _ if name == TYPE || id.kind == ObjectKind::Enum && part.undone.is_none() => {}
                None => self.unset(id, name, part, all),
                Some(new) if again(name) => {
                    self.unset(id, name, part, all);
                    self.set(id, name, new, new.made.clone(), all);
                }
                Some(new) if name == NOT_NULL && new.value != part.value => {
                    let text = after.parent.as_ref().map(|table| {
                        format!(
                            "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                            table.name, part.value, new.value
                        )
                    });
                    self.set(id, name, new, text, all);
                }
                Some(new) if new.value != part.value => match &new.changed {
                    Some(text) => self.set(id, name, new, Some(text.clone()), all),
                    None => {
                        self.unset(id, name, part, all);
                        self.set(id, name, new, new.made.clone(), all);
                    }
                },
                Some(_) => {}
            }
        }
        for (name, part) in after.parts.iter().filter(|(name, _)| !before.parts.contains_key(*name)) {
            if id.kind != ObjectKind::Enum || !part.inline {
                self.set(id, name, part, part.made.clone(), all);
            }
        }
    }

    /// Adds the change of a column's type, and returns `true` if there is one.
    fn type_of(&self, id: &ObjectId, before: &Object, after: &Object, all: &mut BTreeMap<Node, Due>) -> bool {
        let (Some(old), Some(new)) = (before.parts.get(TYPE), after.parts.get(TYPE)) else { return false };
        let swapped = self.fates.retyped.contains(id);
        if old.value == new.value && !swapped {
            return false;
        }
        let (_, name) = split(&id.name);
        let assignable = is_assignable(self.to, &old.value, &new.value);
        let using = match (swapped, assignable) {
            (true, _) if id.kind == ObjectKind::Column => {
                format!(" USING {name}::text::{}", uncollated(&new.value))
            }
            (false, false) if id.kind == ObjectKind::Column => {
                format!(" USING {name}::text::{}", uncollated(&new.value))
            }
            _ => String::new(),
        };
        let text = new.changed.as_ref().map(|text| format!("{text}{using}"));
        if let Some(text) = text {
            let due = Due { inline: true, unconverted: !swapped && !assignable, ..Due::plain(text) };
            all.insert(Node::of_part(Verb::Set, id, TYPE, new), due);
        }
        true
    }
}

fn uncollated(kind: &str) -> &str {
    kind.split(" COLLATE ").next().unwrap_or(kind)
}
