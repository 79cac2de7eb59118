//! Paths of the functions that the caller may call; overloads have one path.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::template::PathTemplate;
use super::{DocumentParts, DocumentSource, values};
use crate::callers::CallerRight;
use crate::catalog::{ExposedFunction, FunctionParameter};

impl DocumentSource<'_> {
    /// Returns the functions that the caller may call.
    pub(crate) fn callable(&self) -> impl Iterator<Item = &ExposedFunction> {
        let writes = self.caller.right == CallerRight::Write;
        self.catalog.functions().filter(move |one| {
            one.schema == self.schema
                && self.privileges.callable.contains(&one.oid)
                && !one.name.contains('/')
                && (writes || one.only_reads())
        })
    }

    /// Adds the functions.
    pub(super) fn functions(&self, parts: &mut DocumentParts) {
        let mut named: BTreeMap<&str, Vec<&ExposedFunction>> = BTreeMap::new();
        for function in self.callable() {
            named.entry(&function.name).or_default().push(function);
        }
        for (name, overloads) in named {
            let mut words = BTreeSet::from(["call"]);
            if overloads.iter().any(|one| one.only_reads()) {
                words.insert("reads");
            }
            let template = PathTemplate { text: include_str!("function.json"), name, is_collection: false };
            let mut paths = template.paths(&words, &arguments(&overloads));
            for operation in
                paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut())
            {
                operation["responses"]["200"] = self.result(&overloads);
                if operation.get("requestBody").is_some() {
                    operation["requestBody"]["content"] = self.body(&overloads);
                }
            }
            parts.paths.add(&paths);
        }
    }
}

fn any_of(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 { schemas.remove(0) } else { json!({ "anyOf": schemas }) }
}

/// Returns the arguments of a call by GET; one that an overload can do without is not required.
fn arguments(overloads: &[&ExposedFunction]) -> Vec<Value> {
    let mut named: BTreeMap<&str, (&FunctionParameter, usize)> = BTreeMap::new();
    for one in overloads.iter().flat_map(|one| &one.parameters).filter(|one| !one.name.is_empty()) {
        let found = named.entry(&one.name).or_insert((one, 0));
        found.1 += usize::from(one.required);
    }
    let argument = |(name, (one, required)): (&str, (&FunctionParameter, usize))| json!({ "name": name, "in": "query", "required": required == overloads.len(), "description": one.r#type, "schema": { "type": "string" } });
    named.into_iter().map(argument).collect()
}

impl DocumentSource<'_> {
    /// Returns the bodies of a call by POST.
    fn body(&self, overloads: &[&ExposedFunction]) -> Value {
        let mut content: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for function in overloads {
            let media = match function.unnamed().map(|one| one.r#type.as_str()) {
                Some("text") => "text/plain",
                Some("xml") => "text/xml",
                Some("bytea") => "application/octet-stream",
                _ => "application/json",
            };
            let schema = if function.unnamed().is_some() { json!({}) } else { self.object_of(function) };
            content.entry(media).or_default().push(schema);
        }
        let with_schema =
            content.into_iter().map(|(media, all)| (media.to_owned(), json!({ "schema": any_of(all) })));
        Value::Object(with_schema.collect())
    }

    fn object_of(&self, function: &ExposedFunction) -> Value {
        let properties: Map<String, Value> = function
            .parameters
            .iter()
            .map(|one| {
                let mut schema = values::of_shape(&self.types.shape(one.type_oid), true);
                schema.insert("description".into(), Value::from(one.r#type.as_str()));
                (one.name.clone(), Value::Object(schema))
            })
            .collect();
        let required: Vec<&str> =
            function.parameters.iter().filter(|one| one.required).map(|one| one.name.as_str()).collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }

    /// Returns the answer that has a result.
    fn result(&self, overloads: &[&ExposedFunction]) -> Value {
        let one = |function: &&ExposedFunction| {
            let mut schema = Value::Object(values::of_shape(&self.types.shape(function.returned), true));
            if function.is_composite {
                let columns = function.row.columns.iter();
                let columns: Map<String, Value> = columns
                    .map(|column| {
                        (
                            column.name.clone(),
                            Value::Object(values::of_shape(&self.types.shape(column.type_oid), true)),
                        )
                    })
                    .collect();
                schema = json!({ "type": ["object", "null"], "properties": columns });
            }
            if function.returns_set { json!({ "type": "array", "items": schema }) } else { schema }
        };
        let media = overloads.iter().find_map(|one| one.media_type.as_deref()).unwrap_or("application/json");
        let schema = if media == "application/json" {
            any_of(overloads.iter().map(one).collect())
        } else {
            json!({ "type": "string" })
        };
        json!({ "description": "The result", "content": { media: { "schema": schema } } })
    }
}
