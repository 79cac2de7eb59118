//! Indexes, and the keys that use them, of tables that exist: made and dropped concurrently, outside a transaction. Pure.

use super::file_plan::{SchemaPair, is_plain};
use super::names::{has_room, split, suffixed};
use super::nodes::SchemaVerb;
use super::steps::SchemaStep;
use super::structure::{NOT_NULL, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure, TYPE};

/// Suffix of an index whose old version still exists.
const NEW_SUFFIX: &str = "_new";
/// Names of the parts of a key that make its index, and then the key of the index.
const INDEX_PARTS: [&str; 2] = ["index", "key by index"];

/// Returns `true` if an index can be created, dropped or rebuilt online: nothing refers to it, and its table keeps the
/// columns that it needs.
pub(crate) fn is_online_index(schemas: &SchemaPair<'_>, step: &SchemaStep, up: &[SchemaStep]) -> bool {
    let (id, whole) = (&step.id, step.part.is_empty());
    if id.kind != SchemaObjectKind::Index || !whole || schemas.held.contains(id) {
        return false;
    }
    let sides = [schemas.from, schemas.to];
    let present = sides.iter().filter_map(|side| Some((*side, side.objects.get(id)?)));
    let present: Vec<(&Structure, &SchemaObject)> = present.collect();
    let again = present.len() == sides.len();
    // A dropped column would drop the index too, and a new one does not exist when down creates the old index.
    let comes = !again && schemas.to.objects.contains_key(id);
    let changed = |need: &SchemaObjectId| {
        up.iter().any(|step| {
            let verb = step.verb == SchemaVerb::Drop || again && step.verb == SchemaVerb::Make;
            step.id == *need && !comes && (verb || step.part == TYPE)
        })
    };
    let is_free = |&(side, index): &(&Structure, &SchemaObject)| {
        is_on_plain_table(schemas, index) && !is_referred_to(side, id) && !index.needs.iter().any(changed)
    };
    present.iter().all(is_free) && (!again || has_room(split(&id.name).1, NEW_SUFFIX))
}

/// Returns `true` if a primary key or unique constraint of an existing table can be created online: nothing refers to it,
/// and the key that it replaces can stay until then.
pub(crate) fn is_online_key(schemas: &SchemaPair<'_>, step: &SchemaStep, up: &[SchemaStep]) -> bool {
    let Some(key) = schemas.to.objects.get(&step.id) else { return false };
    let stays = |former: &SchemaObject| {
        let changed = |need: &SchemaObjectId| up.iter().any(|other| other.id == *need && is_for_key(other));
        is_on_plain_table(schemas, former)
            && !is_referred_to(schemas.from, &step.id)
            && !former.needs.iter().any(changed)
            && has_room(split(&step.id.name).1, NEW_SUFFIX)
    };
    step.id.kind == SchemaObjectKind::Constraint
        && step.verb == SchemaVerb::Make
        && schemas.from.objects.get(&step.id).is_none_or(stays)
        && INDEX_PARTS.iter().all(|name| key.parts.contains_key(*name))
        && is_on_plain_table(schemas, key)
        && !is_referred_to(schemas.to, &step.id)
        && !schemas.held.contains(&step.id)
}

/// Returns `true` for a change of a column that a key on it would forbid, or would take part in.
fn is_for_key(step: &SchemaStep) -> bool {
    step.verb == SchemaVerb::Drop || [TYPE, NOT_NULL].contains(&step.part.as_str())
}

fn is_on_plain_table(schemas: &SchemaPair<'_>, object: &SchemaObject) -> bool {
    object.parent.as_ref().is_some_and(|table| {
        let is_table = table.kind == SchemaObjectKind::Table;
        is_table && is_plain(schemas.from, table) && is_plain(schemas.to, table)
    })
}

fn is_referred_to(structure: &Structure, id: &SchemaObjectId) -> bool {
    structure.objects.values().any(|object| {
        object.needs.contains(id) || object.parts.values().any(|part| part.needs.as_ref() == Some(id))
    })
}

/// Returns the steps of its file that drop and make the whole object of a step.
fn whole<'a>(step: &SchemaStep, steps: &'a [SchemaStep]) -> (Option<&'a SchemaStep>, Option<&'a SchemaStep>) {
    let of =
        |verb| steps.iter().find(|other| other.id == step.id && other.verb == verb && other.part.is_empty());
    (of(SchemaVerb::Drop), of(SchemaVerb::Make))
}

/// Returns the statements that create a key from an index, which is built before the old key is dropped; other steps of
/// the key are returned unchanged. `steps` are all of its file.
pub(crate) fn key_by_index(to: &Structure, step: SchemaStep, steps: &[SchemaStep]) -> Vec<SchemaStep> {
    let (dropped, made) = whole(&step, steps);
    let former = match step.verb {
        SchemaVerb::Make => dropped,
        SchemaVerb::Drop if made.is_some() => return vec![],
        _ => return vec![step],
    };
    let name = split(&step.id.name).1;
    let new = if former.is_some() { suffixed(name, NEW_SUFFIX) } else { name.to_owned() };
    let part = |name: &str| to.objects.get(&step.id)?.parts.get(name)?.create_sql.clone();
    let [index, key] = INDEX_PARTS.map(part);
    let index = index.map(|text| text.replacen(&format!(" {name} ON "), &format!(" {new} ON "), 1));
    let using = [name, &new].map(|name| format!(" USING INDEX {name}"));
    let key = key.map(|text| text.replacen(&using[0], &using[1], 1));
    let key = key.map(|text| former.map_or_else(|| text.clone(), |former| exchanged(former, &text)));
    let of_it = |text: Option<String>| text.map(|text| concurrent(SchemaStep { text, ..step.clone() }));
    [of_it(index), of_it(key)].into_iter().flatten().collect()
}

/// Returns the statement that drops a key and makes the next one: no interruption leaves the table without one.
/// <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-EXAMPLES>
fn exchanged(former: &SchemaStep, made: &str) -> String {
    let start = format!("ALTER TABLE {} ", split(&former.id.name).0.trim_end_matches('.'));
    format!("{}, {}", former.text, made.strip_prefix(&start).unwrap_or(made))
}

/// Returns the statements of a key in the down file, of which `steps` are all.
pub(crate) fn key_again(step: SchemaStep, steps: &[SchemaStep]) -> Vec<SchemaStep> {
    let (dropped, made) = whole(&step, steps);
    match (step.verb, dropped, made) {
        (SchemaVerb::Drop, Some(_), Some(_)) => vec![],
        (SchemaVerb::Make, Some(former), Some(_)) => {
            vec![SchemaStep { text: exchanged(former, &step.text), ..step }]
        }
        _ => vec![step],
    }
}

/// Returns the statements that create, drop or rebuild an index; a rebuilt one exists before the old one is dropped.
/// `steps` are all of its file.
pub(crate) fn index_again(step: SchemaStep, steps: &[SchemaStep]) -> Vec<SchemaStep> {
    let (dropped, made) = whole(&step, steps);
    match (step.verb, dropped, made) {
        (SchemaVerb::Drop, Some(_), Some(_)) => vec![],
        (SchemaVerb::Make, Some(former), Some(_)) => {
            let (schema, name) = split(&step.id.name);
            let (new, made) = (suffixed(name, NEW_SUFFIX), concurrent(step.clone()));
            let text = made.text.replacen(&format!(" {name} ON "), &format!(" {new} ON "), 1);
            let renamed = format!("ALTER INDEX {schema}{new} RENAME TO {name}");
            vec![
                SchemaStep { text, ..made },
                concurrent(former.clone()),
                SchemaStep { verb: SchemaVerb::Rename, text: renamed, ..step },
            ]
        }
        _ => vec![concurrent(step)],
    }
}

/// Returns the step of an index with CONCURRENTLY.
fn concurrent(step: SchemaStep) -> SchemaStep {
    let text = match step.verb {
        SchemaVerb::Drop => step.text.replacen("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1),
        _ if step.text.starts_with("CREATE ") => step.text.replacen("INDEX ", "INDEX CONCURRENTLY ", 1),
        _ => return step,
    };
    if step.part.is_empty() { SchemaStep { text, ..step } } else { step }
}
