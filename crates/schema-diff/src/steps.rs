//! Order of the statements that turn one schema into another. Pure.

mod dropped_first;

use std::collections::BTreeSet;

use dropped_first::{dropped_first, partitions, referenced};

use super::graph::Graph;
use super::nodes::{
    ManualConversion, PendingStatement, PendingStatements, SchemaComparison, SchemaVerb, StatementNode,
    TypeChange,
};
use super::object_changes::{ObjectChange, ObjectChanges, object_changes};
use super::structure::{IDENTITY, OWNER, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE};

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStep {
    pub id: SchemaObjectId,
    pub verb: SchemaVerb,
    /// Name of the part that it is about; empty for the whole object.
    pub part: String,
    pub text: String,
    /// Set if rows or values are lost with it.
    pub loses: bool,
    /// Set if a person has to write how a column is converted.
    pub conversion: Option<ManualConversion>,
    /// Set if the column's values may not all be of its new type.
    pub narrowing: Option<TypeChange>,
    /// Objects whose contents the former body of a function made; its replacement changes none of them.
    pub former_results: Vec<SchemaObjectId>,
}

/// Returns the statements that turn `from` into `to`, in order.
///
/// # Errors
/// With what cannot be expressed, a line for each object.
pub fn steps(from: &Structure, to: &Structure) -> Result<Vec<SchemaStep>, Vec<String>> {
    steps_with(from, to, &BTreeSet::new())
}

/// The same for one transaction: no statement may use an enum value that it adds, so such an enum is made again
/// (<https://www.postgresql.org/docs/current/sql-altertype.html>).
///
/// # Errors
/// As [`steps`].
pub fn steps_of_one_file(from: &Structure, to: &Structure) -> Result<Vec<SchemaStep>, Vec<String>> {
    let all = steps(from, to)?;
    let adds = |step: &&SchemaStep| {
        step.id.kind == SchemaObjectKind::Enum && !step.part.is_empty() && step.text.contains(" ADD VALUE ")
    };
    let is_used = |label: &&SchemaStep| {
        all.iter().filter(|step| !adds(step)).any(|step| step.text.contains(&label.part))
    };
    let remade: BTreeSet<SchemaObjectId> =
        all.iter().filter(adds).filter(is_used).map(|label| label.id.clone()).collect();
    if remade.is_empty() { Ok(all) } else { steps_with(from, to, &remade) }
}

fn steps_with(
    from: &Structure,
    to: &Structure,
    remade: &BTreeSet<SchemaObjectId>,
) -> Result<Vec<SchemaStep>, Vec<String>> {
    let changes = object_changes(from, to, remade);
    let refused = refused(from, to, &changes);
    if !refused.is_empty() {
        return Err(refused);
    }
    let parts_first = dropped_first(from, &changes);
    let comparison = SchemaComparison { from, to, changes: &changes, parts_first: &parts_first };
    let nodes = comparison.nodes();
    let mut graph = Graph::new(nodes.keys().cloned());
    for (node, pending) in &nodes {
        edges(&comparison, &nodes, node, pending, &mut graph);
    }
    let ordered = graph.ordered().map_err(|circle| {
        let names = circle.iter().take(10).map(|node| format!("{} depends on itself", node.id));
        names.collect::<Vec<_>>()
    })?;
    Ok(ordered.into_iter().filter_map(|node| step(&comparison, &nodes, node)).collect())
}

/// Returns the objects that would have to be made again with all their rows, and those for which there are no statements.
fn refused(from: &Structure, to: &Structure, changes: &ObjectChanges) -> Vec<String> {
    let others = from.uncompared.symmetric_difference(&to.uncompared);
    let tables = changes
        .by_object
        .iter()
        .filter(|(id, change)| id.kind == SchemaObjectKind::Table && **change == ObjectChange::Rebuilt);
    let tables = tables.map(|(id, _)| format!("{id}: its partition key cannot be changed"));
    // The constructors keep their names when the type is renamed, and belong to the server's first role.
    let ranges = changes
        .by_object
        .iter()
        .filter(|(id, change)| id.kind == SchemaObjectKind::Range && **change == ObjectChange::Swapped);
    let ranges = ranges.map(|(id, _)| format!("{id}: it cannot be made again beside its constructors"));
    tables.chain(ranges).chain(others.map(|other| format!("not compared: {other}"))).collect()
}

fn step(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: StatementNode,
) -> Option<SchemaStep> {
    let pending = nodes.get(&node)?;
    let column = |side: &Structure| side.objects.get(&node.id).is_some_and(|column| column.body.is_empty());
    let is_data = match node.id.kind {
        SchemaObjectKind::Table => true,
        // The values of a generated column are computed again, unless it becomes an ordinary one.
        SchemaObjectKind::Column => column(comparison.from) || column(comparison.to),
        SchemaObjectKind::Attribute => comparison.from.is_stored(&node.id),
        _ => false,
    };
    Some(SchemaStep {
        loses: node.verb == SchemaVerb::Drop && is_data,
        text: pending.text.clone(),
        conversion: pending.conversion.clone(),
        narrowing: pending.narrowing.clone(),
        former_results: former_results(comparison, &node),
        id: node.id,
        verb: node.verb,
        part: node.part,
    })
}

/// Returns the indexes, stored columns, checks and partition keys that stay while the routine that computed them is replaced.
fn former_results(comparison: &SchemaComparison<'_>, node: &StatementNode) -> Vec<SchemaObjectId> {
    let (routine, changes) = (&node.id, comparison.changes);
    let is_replaced = routine.kind == SchemaObjectKind::Routine
        && node.verb == SchemaVerb::Make
        && changes.get(routine) == ObjectChange::Replaced;
    if !is_replaced {
        return vec![];
    }
    let is_stored = |id: &SchemaObjectId, object: &SchemaObject| match id.kind {
        SchemaObjectKind::Index | SchemaObjectKind::Constraint => true,
        // Stored generated columns; others only call it for new rows.
        SchemaObjectKind::Column => object.body.starts_with('s'),
        // By its partition key.
        SchemaObjectKind::Table => true,
        _ => false,
    };
    let stays = |(id, object): &(&SchemaObjectId, &SchemaObject)| {
        is_stored(id, object) && object.needs.contains(routine) && !changes.get(id).drops()
    };
    comparison.from.objects.iter().filter(stays).map(|(id, _)| id.clone()).collect()
}

/// Returns the changes of columns that a published table's filter or list of columns may name.
fn column_changes<'a>(
    comparison: &'a SchemaComparison<'_>,
    nodes: &'a PendingStatements,
    pending: &'a PendingStatement,
) -> impl Iterator<Item = &'a StatementNode> {
    nodes.keys().filter(move |node| {
        let sides = [comparison.from, comparison.to];
        let mut parents = sides.iter().filter_map(|side| side.objects.get(&node.id)?.parent.as_ref());
        node.id.kind == SchemaObjectKind::Column
            && pending.needs.is_some()
            && parents.any(|table| pending.needs.as_ref() == Some(table))
            && (node.part.is_empty() || node.part == TYPE)
    })
}

/// Adds the edges of a node.
fn edges(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: &StatementNode,
    pending: &PendingStatement,
    graph: &mut Graph<StatementNode>,
) {
    match node.verb {
        SchemaVerb::Drop => of_drop(comparison, nodes, node, graph),
        SchemaVerb::Rename => {
            let next = [SchemaVerb::Make, SchemaVerb::Drop].map(|verb| comparison.node(verb, &node.id));
            next.iter().for_each(|next| graph.before(node, next));
        }
        SchemaVerb::Unset => of_unset(comparison, nodes, node, pending, graph),
        SchemaVerb::Make => of_make(comparison, nodes, node, graph),
        SchemaVerb::Set => of_set(comparison, nodes, node, pending, graph),
    }
}

/// Returns the node that makes an object available.
fn maker(comparison: &SchemaComparison<'_>, id: &SchemaObjectId) -> StatementNode {
    let parent = comparison.to.objects.get(id).and_then(|object| object.parent.as_ref());
    match parent {
        Some(parent) if comparison.is_contained(id) => comparison.node(SchemaVerb::Make, parent),
        _ => comparison.node(SchemaVerb::Make, id),
    }
}

/// Returns the constraints of a domain: PostgreSQL adds none once a column has an array or a composite type of the domain.
fn checks_of<'a>(
    comparison: &'a SchemaComparison<'_>,
    domain: &'a SchemaObjectId,
) -> impl Iterator<Item = &'a SchemaObjectId> {
    let objects = (domain.kind == SchemaObjectKind::Domain).then_some(&comparison.to.objects);
    let is_check = |(id, object): &(&SchemaObjectId, &SchemaObject)| {
        id.kind == SchemaObjectKind::Constraint && object.parent.as_ref() == Some(domain)
    };
    objects.into_iter().flatten().filter(is_check).map(|(id, _)| id)
}

/// Returns the node that drops an object, or the object above it.
fn dropper(comparison: &SchemaComparison<'_>, id: &SchemaObjectId) -> StatementNode {
    let mut at = id;
    while comparison.goes_with_parent(at) {
        let object = comparison.from.objects.get(at);
        let owner = object.and_then(|object| object.parts.get(OWNER)?.needs.as_ref());
        match object.and_then(|object| object.parent.as_ref()).or(owner) {
            Some(above) => at = above,
            None => break,
        }
    }
    comparison.node(SchemaVerb::Drop, at)
}

/// Returns the nodes that set parts of an object which its CREATE would contain.
fn setters<'a>(
    nodes: &'a PendingStatements,
    id: &'a SchemaObjectId,
    verb: SchemaVerb,
) -> impl Iterator<Item = &'a StatementNode> {
    // Nodes of one object and verb are neighbours.
    let start = StatementNode::new(verb, id, false);
    let of_it = nodes.range(start..).take_while(move |(node, _)| node.id == *id);
    of_it.filter(move |(node, pending)| node.verb == verb && pending.inline).map(|(node, _)| node)
}

fn of_drop(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: &StatementNode,
    graph: &mut Graph<StatementNode>,
) {
    let (id, from) = (&node.id, comparison.from);
    if comparison.changes.get(id) == ObjectChange::Swapped {
        return;
    }
    graph.before(node, &maker(comparison, id));
    for twin in comparison.to.objects.keys().filter(|other| other.name == id.name && other.kind.is_relation())
    {
        if id.kind.is_relation() {
            graph.before(node, &maker(comparison, twin));
        }
    }
    let Some(object) = from.objects.get(id) else { return };
    if comparison.parts_first.contains(id) {
        let tables = referenced(from, id).into_iter().flat_map(|table| partitions(from, table));
        tables.for_each(|table| graph.before(node, &dropper(comparison, table)));
    }
    let within = comparison.from.objects.iter().filter(|(part, other)| {
        id.kind.is_relation() && other.parent.as_ref() == Some(id) && !comparison.parts_first.contains(*part)
    });
    let below = within.flat_map(|(_, part)| &part.needs);
    for need in object.needs.iter().chain(&object.parent).chain(below) {
        graph.before(node, &dropper(comparison, need));
        for verb in [SchemaVerb::Set, SchemaVerb::Unset] {
            setters(nodes, need, verb).for_each(|setter| graph.before(node, setter));
        }
    }
}

fn of_unset(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: &StatementNode,
    pending: &PendingStatement,
    graph: &mut Graph<StatementNode>,
) {
    let needs = comparison.from.objects.get(&node.id).map(|object| &object.needs);
    for need in needs.into_iter().flatten().chain(&pending.needs) {
        graph.before(node, &dropper(comparison, need));
    }
    setters(nodes, &node.id, SchemaVerb::Set).for_each(|setter| graph.before(node, setter));
    if node.id.kind == SchemaObjectKind::Publication {
        column_changes(comparison, nodes, pending).for_each(|change| graph.before(node, change));
    }
    if let Some(sequence) = comparison.successor(&node.id).filter(|_| node.part == IDENTITY) {
        graph.before(&maker(comparison, sequence), node);
    }
    if let Some((set, _)) = nodes
        .iter()
        .find(|(other, _)| other.verb == SchemaVerb::Set && other.id == node.id && other.part == node.part)
    {
        graph.before(node, set);
    }
}

fn of_make(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: &StatementNode,
    graph: &mut Graph<StatementNode>,
) {
    let Some(object) = comparison.to.objects.get(&node.id) else { return };
    let contained = comparison
        .to
        .objects
        .iter()
        .filter(|(id, other)| id.kind.is_column() && other.parent.as_ref() == Some(&node.id));
    let below = contained.filter(|(id, _)| comparison.is_contained(id)).flat_map(|(_, column)| &column.needs);
    for need in object.needs.iter().chain(&object.parent).chain(below) {
        graph.before(&maker(comparison, need), node);
        setters(nodes, need, SchemaVerb::Set).for_each(|setter| graph.before(setter, node));
        if node.id.kind.has_columns() {
            checks_of(comparison, need).for_each(|check| graph.before(&maker(comparison, check), node));
        }
    }
}

fn of_set(
    comparison: &SchemaComparison<'_>,
    nodes: &PendingStatements,
    node: &StatementNode,
    pending: &PendingStatement,
    graph: &mut Graph<StatementNode>,
) {
    let id = &node.id;
    graph.before(&maker(comparison, id), node);
    if let Some(need) = &pending.needs {
        graph.before(&maker(comparison, need), node);
    }
    if node.id.kind == SchemaObjectKind::Publication {
        column_changes(comparison, nodes, pending).for_each(|change| graph.before(change, node));
    }
    if let Some(column) = comparison.inherited_default(&node.id, &node.part) {
        let of_it = nodes.keys().filter(|other| other.id == *column && !other.part.is_empty());
        of_it.for_each(|setter| graph.before(setter, node));
    }
    if !pending.inline {
        setters(nodes, id, SchemaVerb::Set).for_each(|setter| graph.before(setter, node));
        return;
    }
    for earlier in setters(nodes, id, SchemaVerb::Set).take_while(|other| *other != node) {
        graph.before(earlier, node);
    }
    let after = comparison.to.objects.get(id).map(|object| &object.needs);
    for need in after.into_iter().flatten() {
        graph.before(&maker(comparison, need), node);
    }
    let before = comparison.from.objects.get(id).map(|object| &object.needs);
    for need in before.into_iter().flatten() {
        if matches!(comparison.changes.get(need), ObjectChange::Dropped | ObjectChange::Swapped) {
            graph.before(node, &dropper(comparison, need));
        }
    }
}
