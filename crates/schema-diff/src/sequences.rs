//! Changes of what a column or sequence has that a statement about another object would reset: the position of a sequence,
//! the own default of a partition, and the filter of a published table. Pure.

use super::backfill::literal;
use super::names::{former, split};
use super::nodes::{PendingStatements, SchemaComparison, SchemaVerb, StatementNode};
use super::object_changes::ObjectChange;
use super::structure::{
    DEFAULT, IDENTITY, OWNER, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE,
};

/// Name of the part with the options of a sequence.
const OPTIONS: &str = "options";
/// Start of the name of the part that is a partition's own default.
const OWN_DEFAULT: &str = "default of ";

impl SchemaComparison<'_> {
    /// Adds what keeps the positions of sequences, and what other statements reset.
    pub(crate) fn keep(&self, all: &mut PendingStatements) {
        let both = self.to.objects.iter().filter_map(|(id, to)| Some((id, self.from.objects.get(id)?, to)));
        for (id, before, after) in both {
            match id.kind {
                SchemaObjectKind::Column => self.keep_identity(id, before, after, all),
                SchemaObjectKind::Sequence => self.keep_position(id, before, after, all),
                SchemaObjectKind::Table => self.keep_defaults(id, after, all),
                SchemaObjectKind::Publication => self.keep_filters(id, before, after, all),
                _ => {}
            }
        }
    }

    /// Returns the sequence that takes the place of a column's identity.
    pub(crate) fn successor<'b>(&'b self, column: &'b SchemaObjectId) -> Option<&'b SchemaObjectId> {
        let identity = |side: &Structure| {
            side.objects.get(column).is_some_and(|column| column.parts.contains_key(IDENTITY))
        };
        if !identity(self.from) || identity(self.to) {
            return None;
        }
        owned(self.to, column).find(|id| self.changes.get(id) == ObjectChange::Created)
    }

    /// Returns the column of the topmost table whose default a partition's own one follows.
    pub(crate) fn inherited_default(&self, id: &SchemaObjectId, part: &str) -> Option<&SchemaObjectId> {
        if id.kind != SchemaObjectKind::Table || !part.starts_with(OWN_DEFAULT) {
            return None;
        }
        self.to.objects.get(id)?.parts.get(part)?.needs.as_ref()
    }

    fn keep_identity(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) {
        if let Some((next, former)) = self.successor(id).zip(sequence_of(before)) {
            let options = self.to.objects.get(next).and_then(|object| object.parts.get(OPTIONS));
            let limits = options.and_then(|part| SequenceLimits::read(&part.value));
            if let Some(pending) = all.get_mut(&self.node(SchemaVerb::Make, next)) {
                pending.text = continued(&former.0, &next.name, &pending.text, limits);
            }
        }
        let Some(new) = sequence_of(after) else {
            self.number_default(id, before, after, all);
            return;
        };
        let Some(node) = all
            .keys()
            .find(|node| node.id == *id && node.verb == SchemaVerb::Set && node.part == IDENTITY)
            .cloned()
        else {
            return;
        };
        match sequence_of(before) {
            Some(old) => {
                let moved = (old.0 != new.0)
                    .then(|| format!("ALTER SEQUENCE {} RENAME TO {}", old.0, split(&new.0).1));
                prefix(all, &node, moved.into_iter().chain(within(&new.0, &old.1, &new.1)));
            }
            None => {
                let dropped = owned(self.from, id).find(|id| self.changes.get(id) == ObjectChange::Dropped);
                let Some(old) = dropped else {
                    append(all, &node, beyond_rows(id, after, &new.0, &new.1));
                    return;
                };
                let temporary = if old.name == new.0 { renamed(&old.name) } else { old.name.clone() };
                all.remove(&self.node(SchemaVerb::Drop, old));
                if let Some(pending) = all.get_mut(&node) {
                    let text = continued(&old.name, &new.0, &pending.text, SequenceLimits::read(&new.1));
                    pending.text = format!("{text};\nDROP SEQUENCE {temporary}");
                }
            }
        }
    }

    /// Lets a new sequence in the default of a column that had none begin behind the rows.
    fn number_default(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) {
        let is_plain = sequence_of(before).is_none() && owned(self.from, id).next().is_none();
        let made = owned(self.to, id).find(|id| self.changes.get(id) == ObjectChange::Created);
        let node =
            all.keys().find(|node| node.id == *id && node.verb == SchemaVerb::Set && node.part == DEFAULT);
        if let Some((made, node)) = made.zip(node.cloned()).filter(|_| is_plain) {
            let options = self.to.objects.get(made).and_then(|sequence| sequence.parts.get(OPTIONS));
            let options = options.map_or("", |part| &part.value);
            append(all, &node, beyond_rows(id, after, &made.name, options));
        }
    }

    fn keep_position(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) {
        let (Some(old), Some(new)) = (before.parts.get(OPTIONS), after.parts.get(OPTIONS)) else { return };
        let node =
            all.keys().find(|node| node.id == *id && node.verb == SchemaVerb::Set && node.part == OPTIONS);
        if let Some(node) = node.cloned() {
            prefix(all, &node, within(&id.name, &old.value, &new.value));
        }
    }

    /// A new default of the topmost table becomes that of each partition.
    fn keep_defaults(&self, id: &SchemaObjectId, after: &SchemaObject, all: &mut PendingStatements) {
        for (name, part) in &after.parts {
            let Some(column) = self.inherited_default(id, name) else { continue };
            let resets =
                |node: &StatementNode| node.id == *column && [TYPE, DEFAULT].contains(&node.part.as_str());
            if all.keys().any(resets) {
                self.set(id, name, part, part.create_sql.clone(), all);
            }
        }
    }

    /// The server refuses another type of a column that a filter or a list of columns names.
    fn keep_filters(
        &self,
        id: &SchemaObjectId,
        before: &SchemaObject,
        after: &SchemaObject,
        all: &mut PendingStatements,
    ) {
        for (name, part) in
            before.parts.iter().filter(|(name, part)| name.starts_with("table ") && !part.value.is_empty())
        {
            let changes = |node: &StatementNode| {
                let of_it = self.from.objects.get(&node.id).and_then(|object| object.parent.as_ref());
                let whole = node.part == TYPE || node.part.is_empty();
                node.id.kind == SchemaObjectKind::Column && whole && of_it == part.needs.as_ref()
            };
            if let Some(new) = after.parts.get(name).filter(|_| all.keys().any(changes)) {
                self.unset(id, name, part, all);
                self.set(id, name, new, new.create_sql.clone(), all);
            }
        }
    }
}

/// Returns the sequences that a column owns.
fn owned<'a>(side: &'a Structure, column: &'a SchemaObjectId) -> impl Iterator<Item = &'a SchemaObjectId> {
    let is_owner = move |object: &SchemaObject| {
        object.parts.get(OWNER).and_then(|part| part.needs.as_ref()) == Some(column)
    };
    side.objects
        .iter()
        .filter(move |(id, object)| id.kind == SchemaObjectKind::Sequence && is_owner(object))
        .map(|(id, _)| id)
}

/// Returns the name of an identity's sequence, and its options.
fn sequence_of(column: &SchemaObject) -> Option<(String, String)> {
    let create_sql = column.parts.get(IDENTITY)?.create_sql.as_ref()?;
    let (_, end) = create_sql.rsplit_once(" AS IDENTITY (SEQUENCE NAME ")?;
    let (sequence, options) = end.strip_suffix(')')?.rsplit_once(" START WITH ")?;
    Some((sequence.to_owned(), format!("START WITH {options}")))
}

fn renamed(sequence: &str) -> String {
    let (schema, name) = split(sequence);
    format!("{schema}{}", former(name))
}

/// Returns the statement that makes a sequence, between those that let it go on where a former one is. One of the same
/// name gets another one before.
fn continued(old: &str, new: &str, made: &str, limits: Option<SequenceLimits>) -> String {
    let (freed, from) = match old == new {
        true => {
            let from = renamed(old);
            (format!("ALTER SEQUENCE {old} RENAME TO {};\n", split(&from).1), from)
        }
        false => (String::new(), old.to_owned()),
    };
    // A position that is outside the new limits begins at the first of them.
    let (last, called) = match limits {
        Some(SequenceLimits { min, ascends: true, .. }) if min != 1 => {
            (format!("greatest(last_value, {min})"), format!("is_called AND last_value >= {min}"))
        }
        Some(SequenceLimits { max, ascends: false, .. }) => {
            (format!("least(last_value, {max})"), format!("is_called AND last_value <= {max}"))
        }
        _ => ("last_value".into(), "is_called".into()),
    };
    format!("{freed}{made};\nSELECT setval({}, {last}, {called}) FROM {from}", literal(new))
}

fn prefix(all: &mut PendingStatements, node: &StatementNode, texts: impl IntoIterator<Item = String>) {
    if let Some(pending) = all.get_mut(node) {
        let before: String = texts.into_iter().map(|text| text + ";\n").collect();
        pending.text = before + &pending.text;
    }
}

fn append(all: &mut PendingStatements, node: &StatementNode, text: Option<String>) {
    if let Some((pending, text)) = all.get_mut(node).zip(text) {
        pending.text += &format!(";\n{text}");
    }
}

/// Returns the statement that sets a new ascending sequence to the last number that the column's rows have.
fn beyond_rows(
    column: &SchemaObjectId,
    object: &SchemaObject,
    sequence: &str,
    options: &str,
) -> Option<String> {
    SequenceLimits::read(options).filter(|limits| limits.ascends)?;
    let (table, name) = (&object.parent.as_ref()?.name, split(&column.name).1);
    let position = literal(sequence);
    Some(format!(
        "SELECT setval({position}, n) FROM (SELECT max({name}) AS n FROM {table}) numbered, {sequence} WHERE n >= last_value"
    ))
}

/// Limits of a sequence.
struct SequenceLimits {
    min: i64,
    max: i64,
    ascends: bool,
}

impl SequenceLimits {
    fn read(options: &str) -> Option<SequenceLimits> {
        let words: Vec<&str> = options.split_whitespace().collect();
        let behind = |word: &str| {
            let at = words.iter().position(|other| *other == word)?;
            words.get(at + 1)?.parse::<i64>().ok()
        };
        let at = words.iter().position(|word| *word == "BY")?;
        let ascends = !words.get(at + 1)?.starts_with('-');
        Some(SequenceLimits { min: behind("MINVALUE")?, max: behind("MAXVALUE")?, ascends })
    }
}

/// Returns the statements that bring the position of a sequence within new limits, before these are set. One that has
/// not reached them begins there, and one that has passed them is at its end.
fn within(sequence: &str, old: &str, new: &str) -> Vec<String> {
    let (Some(old), Some(new)) = (SequenceLimits::read(old), SequenceLimits::read(new)) else {
        return vec![];
    };
    let name = literal(sequence);
    let mut all = vec![];
    if new.min > old.max {
        all.push(format!("ALTER SEQUENCE {sequence} MAXVALUE {}", new.min));
    }
    if new.max < old.min {
        all.push(format!("ALTER SEQUENCE {sequence} MINVALUE {}", new.max));
    }
    let moved = |to: i64, called: bool, sign: &str| {
        format!("SELECT setval({name}, {to}, {called}) FROM {sequence} WHERE last_value {sign} {to}")
    };
    if new.min > old.min {
        all.push(moved(new.min, !new.ascends, "<"));
    }
    if new.max < old.max {
        all.push(moved(new.max, new.ascends, ">"));
    }
    all
}
