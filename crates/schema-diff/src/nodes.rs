//! Statements that the decisions demand, each as a node of the order. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::casts::{is_assignable, is_text};
use super::conversions::{keeps, uncollated};
use super::names::{former, split};
use super::object_changes::{ObjectChange, ObjectChanges, added_labels};
use super::structure::{
    DEFAULT, NOT_NULL, OWNER, ObjectPart, STORAGE, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure,
    TYPE,
};

/// Action on an object. The order is that of execution, where no dependency demands another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaVerb {
    Unset,
    Drop,
    Rename,
    Make,
    Set,
}

/// Node of the order: its fields compare in the order in which free nodes are chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StatementNode {
    /// `false` for Unset and Drop, `true` for Make and Set.
    begins: bool,
    /// Rank of the kind; negative if `begins` is `false`.
    rank: i16,
    pub id: SchemaObjectId,
    pub verb: SchemaVerb,
    place: i64,
    /// Name of the part.
    pub part: String,
}

impl StatementNode {
    /// Makes the node of an action on a whole object.
    pub(crate) fn new(verb: SchemaVerb, id: &SchemaObjectId, foreign_key: bool) -> StatementNode {
        let begins = matches!(verb, SchemaVerb::Make | SchemaVerb::Set);
        // Foreign keys are created after all other keys and dropped before them.
        let rank = 2 * (id.kind as i16) + i16::from(foreign_key);
        let rank = if begins { rank } else { -rank };
        StatementNode { begins, rank, id: id.clone(), verb, place: 0, part: String::new() }
    }

    fn of_part(verb: SchemaVerb, id: &SchemaObjectId, name: &str, part: &ObjectPart) -> StatementNode {
        StatementNode { place: part.place + 1, part: name.to_owned(), ..StatementNode::new(verb, id, false) }
    }
}

/// Statement of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingStatement {
    pub text: String,
    /// Set if the object's own CREATE would contain the part: what depends on the object waits for it.
    pub inline: bool,
    /// Object to which the part refers.
    pub needs: Option<SchemaObjectId>,
    /// Set if no assignment cast converts the column.
    pub conversion: Option<ManualConversion>,
    /// Set if the column's values may not all be of its new type.
    pub narrowing: Option<TypeChange>,
}

/// Types of a column before and after a statement, as the server prints them, without collation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    pub former: String,
    pub new: String,
}

impl std::fmt::Display for TypeChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.former, self.new)
    }
}

/// Statements in their order.
pub(crate) type PendingStatements = BTreeMap<StatementNode, PendingStatement>;

/// Conversion of a column that a person has to write, because no assignment cast exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualConversion {
    /// Statement with a blank for the expression.
    pub template: String,
    /// Types, for the reason.
    pub types: String,
    /// Set if the statement itself converts text by the type's input function; otherwise it converts nothing, and only the
    /// proof uses it.
    pub by_input: bool,
}

impl PendingStatement {
    fn plain(text: String) -> PendingStatement {
        PendingStatement { text, inline: false, needs: None, conversion: None, narrowing: None }
    }
}

/// Both schemas with the changes between them.
pub(crate) struct SchemaComparison<'a> {
    pub from: &'a Structure,
    pub to: &'a Structure,
    pub changes: &'a ObjectChanges,
    /// Foreign keys, rules and other parts that do not go with their relation.
    pub parts_first: &'a BTreeSet<SchemaObjectId>,
}

impl SchemaComparison<'_> {
    /// Returns all nodes with their statements.
    pub(crate) fn nodes(&self) -> PendingStatements {
        let mut all = BTreeMap::new();
        for (id, change) in &self.changes.by_object {
            match (self.from.objects.get(id), self.to.objects.get(id)) {
                (Some(before), _) if *change == ObjectChange::Dropped => self.drop(id, before, &mut all),
                (_, Some(after)) if *change == ObjectChange::Created => self.make(id, after, &mut all),
                (Some(before), Some(after)) => self.change(id, *change, before, after, &mut all),
                _ => {}
            }
        }
        self.keep(&mut all);
        all
    }

    fn change(
        &self,
        id: &SchemaObjectId,
        change: ObjectChange,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) {
        match change {
            ObjectChange::Same | ObjectChange::Altered | ObjectChange::Replaced
                if self.is_made_with_parent(id) =>
            {
                self.make(id, after, all)
            }
            ObjectChange::Rebuilt => {
                self.drop(id, before, all);
                self.make(id, after, all);
            }
            ObjectChange::Swapped => {
                let (schema, name) = split(&id.name);
                let former = former(name);
                all.insert(
                    StatementNode::new(SchemaVerb::Rename, id, false),
                    PendingStatement::plain(format!("ALTER TYPE {} RENAME TO {former}", id.name)),
                );
                all.insert(
                    StatementNode::new(SchemaVerb::Drop, id, false),
                    PendingStatement::plain(format!("DROP TYPE {schema}{former}")),
                );
                self.make(id, after, all);
            }
            ObjectChange::Replaced => {
                all.insert(
                    self.node(SchemaVerb::Make, id),
                    PendingStatement::plain(after.create_sql.clone()),
                );
                self.alter(id, before, after, true, all);
            }
            ObjectChange::Altered => self.alter(id, before, after, false, all),
            ObjectChange::Same | ObjectChange::Dropped | ObjectChange::Created => {}
        }
    }

    /// Returns the node of an action on an object.
    pub(crate) fn node(&self, verb: SchemaVerb, id: &SchemaObjectId) -> StatementNode {
        let side = if matches!(verb, SchemaVerb::Drop | SchemaVerb::Unset) { self.from } else { self.to };
        let foreign = side
            .objects
            .get(id)
            .is_some_and(|object| id.kind == SchemaObjectKind::Constraint && object.signature == "f");
        StatementNode::new(verb, id, foreign)
    }

    /// Returns `true` if dropping its table or type drops the object too.
    pub(crate) fn goes_with_parent(&self, id: &SchemaObjectId) -> bool {
        !self.parts_first.contains(id) && self.from.is_within(id, |above| self.changes.get(above).drops())
            || id.kind == SchemaObjectKind::Sequence
                && self.changes.get(id) == ObjectChange::Dropped
                && self.owner_goes(id)
    }

    /// Returns `true` if the column that owns a sequence is dropped.
    fn owner_goes(&self, id: &SchemaObjectId) -> bool {
        let owner = self.from.objects.get(id).and_then(|object| object.parts.get(OWNER)?.needs.as_ref());
        owner.is_some_and(|owner| self.changes.get(owner).drops() || self.goes_with_parent(owner))
    }

    /// Returns `true` if the object did not change, but its table or type is made again.
    fn is_made_with_parent(&self, id: &SchemaObjectId) -> bool {
        self.to.is_within(id, |above| self.changes.get(above).creates())
    }

    fn drop(&self, id: &SchemaObjectId, before: &SchemaObject, all: &mut PendingStatements) {
        if !self.goes_with_parent(id) {
            all.insert(self.node(SchemaVerb::Drop, id), PendingStatement::plain(before.drop_sql.clone()));
        }
    }

    fn make(&self, id: &SchemaObjectId, after: &SchemaObject, all: &mut PendingStatements) {
        if !self.is_contained(id) {
            all.insert(self.node(SchemaVerb::Make, id), PendingStatement::plain(after.create_sql.clone()));
        }
        for (name, part) in after.parts.iter().filter(|(_, part)| !part.inline) {
            self.set(id, name, part, part.create_sql.clone(), all);
        }
    }

    /// Returns `true` if the CREATE of the table or type contains the column.
    pub(crate) fn is_contained(&self, id: &SchemaObjectId) -> bool {
        id.kind.is_column() && self.to.is_within(id, |above| self.changes.get(above).creates())
    }

    pub(crate) fn set(
        &self,
        id: &SchemaObjectId,
        name: &str,
        part: &ObjectPart,
        text: Option<String>,
        all: &mut PendingStatements,
    ) {
        let Some(text) = text else { return };
        let pending = PendingStatement {
            inline: part.inline,
            needs: part.needs.clone(),
            ..PendingStatement::plain(text)
        };
        all.insert(StatementNode::of_part(SchemaVerb::Set, id, name, part), pending);
    }

    pub(crate) fn unset(
        &self,
        id: &SchemaObjectId,
        name: &str,
        part: &ObjectPart,
        all: &mut PendingStatements,
    ) {
        let Some(text) = part.remove_sql.clone() else { return };
        let pending = PendingStatement {
            inline: part.inline,
            needs: part.needs.clone(),
            ..PendingStatement::plain(text)
        };
        all.insert(StatementNode::of_part(SchemaVerb::Unset, id, name, part), pending);
    }

    fn alter(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        replaced: bool,
        all: &mut PendingStatements,
    ) {
        if id.kind == SchemaObjectKind::Enum {
            for (label, place) in added_labels(before, after).unwrap_or_default() {
                let Some(part) = after.parts.get(label) else { continue };
                let text = part.create_sql.as_ref().map(|text| format!("{text}{place}"));
                self.set(id, label, part, text, all);
            }
        }
        let retyped = self.type_of(id, before, after, all);
        let again = |name: &str| {
            (name == DEFAULT || name == STORAGE) && retyped
                || name == DEFAULT && self.changes.redefaulted.contains(id)
                || replaced && name.starts_with("option ")
                // Dropping its old owner would drop the sequence.
                || name == OWNER && self.owner_goes(id)
        };
        for (name, part) in &before.parts {
            match after.parts.get(name) {
                _ if name == TYPE || id.kind == SchemaObjectKind::Enum && part.remove_sql.is_none() => {}
                None => self.unset(id, name, part, all),
                Some(new) if again(name) => {
                    self.unset(id, name, part, all);
                    self.set(id, name, new, new.create_sql.clone(), all);
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
                Some(new) if new.value != part.value => match &new.alter_sql {
                    Some(text) => self.set(id, name, new, Some(text.clone()), all),
                    None => {
                        self.unset(id, name, part, all);
                        self.set(id, name, new, new.create_sql.clone(), all);
                    }
                },
                Some(_) => {}
            }
        }
        for (name, part) in after.parts.iter().filter(|(name, _)| !before.parts.contains_key(*name)) {
            if id.kind != SchemaObjectKind::Enum || !part.inline {
                self.set(id, name, part, part.create_sql.clone(), all);
            }
        }
    }

    /// Adds the change of a column's type, and returns `true` if there is one.
    fn type_of(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) -> bool {
        let (Some(old), Some(new)) = (before.parts.get(TYPE), after.parts.get(TYPE)) else { return false };
        let swapped = self.changes.retyped.contains(id);
        if old.value == new.value && !swapped {
            return false;
        }
        let assignable = swapped || is_assignable(self.to, &old.value, &new.value);
        let Some(text) = new.alter_sql.as_ref() else { return true };
        let name = split(&id.name).1;
        let (kind, former) = (uncollated(&new.value), uncollated(&old.value));
        let is_column = id.kind == SchemaObjectKind::Column;
        let by_input = is_text(self.from, former);
        let using = match (is_column, swapped, assignable) {
            (false, ..) | (_, false, true) => String::new(),
            (_, true, _) => format!(" USING {name}::text::{kind}"),
            (_, _, false) if by_input => format!(" USING {name}::{kind}"),
            (_, _, false) => format!(" USING NULL::{kind}"),
        };
        let conversion = (is_column && !assignable).then(|| ManualConversion {
            template: format!("{text} USING (/* {kind} from {name}, {former} */)"),
            types: format!("{former} to {kind}"),
            by_input,
        });
        // A generated column computes its values again.
        let narrows = is_column && before.body.is_empty() && !keeps(self.from, self.to, former, kind);
        let pending = PendingStatement {
            inline: true,
            narrowing: narrows.then(|| TypeChange { former: former.to_owned(), new: kind.to_owned() }),
            conversion,
            ..PendingStatement::plain(format!("{text}{using}"))
        };
        all.insert(StatementNode::of_part(SchemaVerb::Set, id, TYPE, new), pending);
        true
    }
}
