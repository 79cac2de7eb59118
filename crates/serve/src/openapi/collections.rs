//! Paths, schemas and parameters of one collection.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::privileges::DescribedColumn;
use super::template::{PathTemplate, component, reference};
use super::{DocumentParts, DocumentSource, values};
use crate::catalog::ExposedRelation;
use crate::face::api::is_reserved;

/// Parameters of an address that are not columns.
const TAKEN: [&str; 9] =
    ["select", "order", "limit", "offset", "after", "count", "columns", "on_conflict", "Range"];

impl DocumentSource<'_> {
    /// Adds a collection, unless the caller may do nothing with it.
    pub(super) fn collection(&self, relation: &ExposedRelation, parts: &mut DocumentParts) {
        let words = self.words(relation);
        if !["select", "insert", "update", "delete"].iter().any(|word| words.contains(word)) {
            return;
        }
        let name = component(&relation.name);
        let readable: Vec<&DescribedColumn> = self.privileges.columns(relation.oid, "SELECT").collect();
        let filtered = readable.iter().filter(|column| !TAKEN.contains(&column.name.as_str()));
        let (mut filters, mut parameters) = (vec![], Map::new());
        for column in filtered {
            let id = format!("{name}-{}", component(&column.name));
            filters.push(reference("parameters", &id));
            let description = format!("Condition on {}, such as eq.VALUE or not.is.null", column.name);
            let parameter = json!({ "name": column.name, "in": "query", "description": description, "schema": { "type": "string" } });
            parameters.insert(id, parameter);
        }
        parts.parameters.add(&parameters);
        let template = PathTemplate {
            text: include_str!("collection.json"),
            name: &relation.name,
            is_collection: relation.is_collection(),
        };
        parts.paths.add(&template.paths(&words, &filters));
        parts.schemas.add(&self.schemas(relation, &name, &readable));
    }

    /// Returns what the caller may do with a relation, in the words of the template.
    fn words(&self, relation: &ExposedRelation) -> BTreeSet<&'static str> {
        let may = |privilege| self.privileges.columns(relation.oid, privilege).next().is_some();
        let removes = self.privileges.relation(relation.oid, "DELETE");
        let removes = removes.is_some_and(|one| one.privileges.iter().any(|held| held == "DELETE"));
        let readable: BTreeSet<&str> =
            self.privileges.columns(relation.oid, "SELECT").map(|column| column.name.as_str()).collect();
        let has_key =
            !relation.key.is_empty() && relation.key.iter().all(|name| readable.contains(name.as_str()));
        let held = [
            ("select", !readable.is_empty()),
            // Counted rows are whole rows.
            ("whole", readable.len() == relation.columns.len()),
            ("insert", relation.insertable && may("INSERT")),
            ("update", relation.updatable && may("UPDATE")),
            ("delete", relation.deletable && removes),
            ("key", has_key),
            // A path below `/rest/` has one segment, once it is decoded.
            ("rest", !relation.name.contains('/')),
            ("document", !is_reserved(&relation.name)),
            ("aggregates", self.exposure.limits.aggregates),
        ];
        held.into_iter().filter(|(_, held)| *held).map(|(word, _)| word).collect()
    }

    fn schemas(
        &self,
        relation: &ExposedRelation,
        name: &str,
        readable: &[&DescribedColumn],
    ) -> Map<String, Value> {
        let object = |columns: &[&DescribedColumn]| {
            let one = |column: &&DescribedColumn| {
                let oid = relation.column(&column.name).map_or(0, |column| column.type_oid);
                (column.name.clone(), values::of_column(&self.types.shape(oid), column))
            };
            let properties: Map<String, Value> = columns.iter().map(one).collect();
            json!({ "type": "object", "properties": properties })
        };
        let given = |privilege| -> Vec<&DescribedColumn> {
            self.privileges.columns(relation.oid, privilege).filter(|column| !column.generated).collect()
        };
        let (new, change) = (given("INSERT"), given("UPDATE"));
        let required: Vec<&str> = new
            .iter()
            .filter(|column| !column.nullable && !column.default)
            .map(|column| column.name.as_str())
            .collect();
        let mut row = object(readable);
        if !readable.is_empty() {
            row["required"] = readable.iter().map(|column| column.name.as_str()).collect();
        }
        let comment = self.privileges.relation(relation.oid, "SELECT").and_then(|one| one.comment.clone());
        if let Some(comment) = comment {
            row["description"] = Value::from(comment);
        }
        let mut new = object(&new);
        // A view does not say which columns of its table need a value.
        if !relation.is_view && !required.is_empty() {
            new["required"] = json!(required);
        }
        let list = json!({ "type": "array", "maxItems": self.exposure.limits.rows(), "items": reference("schemas", name) });
        let page = json!({
            "type": "object", "required": ["items", "next"],
            "properties": { "items": reference("schemas", &format!("{name}-list")), "next": { "type": ["string", "null"] } },
        });
        Map::from_iter([
            (name.to_owned(), row),
            (format!("{name}-new"), new),
            (format!("{name}-change"), object(&change)),
            (format!("{name}-list"), list),
            (format!("{name}-page"), page),
        ])
    }
}
