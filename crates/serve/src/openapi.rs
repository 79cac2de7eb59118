//! OpenAPI 3.1 document of a service for one caller: what its logins may do, and no more. Pure: from the catalog and the
//! privileges of the caller. The form is <https://spec.openapis.org/oas/v3.1.0>.

mod collections;
mod functions;
pub(crate) mod page;
mod privileges;
mod template;
mod values;

use std::collections::BTreeSet;

use martydb_model::ServeLimit;
use serde_json::{Map, Value, json};

use crate::callers::{ANONYMOUS, CallerRight, ServeCaller};
use crate::catalog::value_types::ValueTypes;
use crate::catalog::{ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::face::api::is_reserved;
use crate::settings::ServedExposure;
pub(crate) use privileges::{CallerPrivileges, DescribedColumn, DescribedRelation};
use template::PathTemplate;

/// Contents of a document.
pub(crate) struct DocumentSource<'a> {
    pub service: &'a str,
    pub caller: &'a ServeCaller,
    pub exposure: &'a ServedExposure,
    pub catalog: &'a ServedCatalog,
    /// The exposed schema that it is about.
    pub schema: &'a str,
    pub privileges: &'a CallerPrivileges,
    pub types: &'a ValueTypes,
    /// `true` if the monitor's login reads statistics.
    pub monitored: bool,
}

/// Text of an object in JSON that grows member by member, so that a service of many collections needs no more memory than its
/// document.
#[derive(Default)]
struct GrowingObject(String);

impl GrowingObject {
    fn add(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            if !self.0.is_empty() {
                self.0.push(',');
            }
            self.0.push_str(&Value::from(name.as_str()).to_string());
            self.0.push(':');
            self.0.push_str(&value.to_string());
        }
    }
}

/// Parts of a document.
#[derive(Default)]
struct DocumentParts {
    paths: GrowingObject,
    schemas: GrowingObject,
    parameters: GrowingObject,
}

impl DocumentParts {
    fn check(&self, most: usize) -> HttpResult<()> {
        let length = self.paths.0.len() + self.schemas.0.len() + self.parameters.0.len();
        if length <= most {
            return Ok(());
        }
        Err(HttpError::limit(format!("the document has more than {most} bytes"))
            .hint("expose fewer relations to this caller"))
    }
}

impl DocumentSource<'_> {
    /// Returns the text of the document.
    ///
    /// # Errors
    /// If it has more bytes than an answer may have.
    pub(crate) fn document(&self) -> HttpResult<String> {
        let most = self.exposure.limits.answer();
        let mut parts = DocumentParts::default();
        for relation in self.catalog.relations().filter(|one| one.schema == self.schema) {
            self.collection(relation, &mut parts);
            parts.check(most)?;
        }
        self.functions(&mut parts);
        let mut words = BTreeSet::new();
        if self.caller.right == CallerRight::Write && self.exposure.transactions.is_some() {
            words.insert("interactive");
        }
        if self.caller.name != ANONYMOUS {
            words.insert("known");
        }
        if self.catalog.relations().any(|one| self.is_searched(one)) {
            words.insert("searchable");
        }
        if self.monitored {
            words.insert("monitor");
        }
        for text in [include_str!("openapi/transactions.json"), include_str!("openapi/operations.json")] {
            parts.paths.add(&PathTemplate { text, name: "", is_collection: false }.paths(&words, &[]));
        }
        parts.check(most)?;
        Ok(self.joined(parts))
    }

    fn joined(&self, parts: DocumentParts) -> String {
        let known = template::parsed(include_str!("openapi/components.json"));
        let mut components: Vec<String> = vec![];
        for (name, own) in known {
            let mut members = GrowingObject::default();
            members.add(own.as_object().unwrap_or(&Map::new()));
            let further = match name.as_str() {
                "schemas" => &parts.schemas.0,
                "parameters" => &parts.parameters.0,
                _ => "",
            };
            let comma = if further.is_empty() { "" } else { "," };
            components.push(format!("\"{name}\":{{{}{comma}{further}}}", members.0));
        }
        let is_anonymous = self.caller.name == ANONYMOUS;
        let security = if is_anonymous { json!([{}]) } else { json!([{ "key": [] }]) };
        format!(
            "{{\"openapi\":\"3.1.0\",\"info\":{},\"servers\":{},\"security\":{security},\"paths\":{{{}}},\"components\":{{{}}}}}",
            self.info(),
            json!([{ "url": format!("/{}", self.service) }]),
            parts.paths.0,
            components.join(","),
        )
    }

    /// Returns `true` if a search of the caller reads the relation.
    fn is_searched(&self, relation: &ExposedRelation) -> bool {
        let Some((words, _)) = relation.search_column() else { return false };
        let may_read =
            |name: &str| self.privileges.columns(relation.oid, "SELECT").any(|column| column.name == name);
        relation.schema == self.schema
            && !is_reserved(&relation.name)
            && relation.is_searchable()
            && may_read(words)
            && relation.key.iter().all(|name| may_read(name))
    }

    fn info(&self) -> Value {
        let limits = &self.exposure.limits;
        json!({
            "title": self.service,
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "Rows of the schema {} of {}, as the caller {} may use them. Each request runs with a login of the database, which decides.",
                self.schema, self.service, self.caller.name
            ),
            "x-limits": {
                "rows": limits.rows(), "timeout_ms": limits.timeout.as_millis() as u64,
                "body_bytes": limits.most[ServeLimit::Body], "answer_bytes": limits.answer(),
                "depth": limits.most[ServeLimit::Depth], "conditions": limits.most[ServeLimit::Conditions],
                "values_of_in": limits.most[ServeLimit::Values], "columns": limits.most[ServeLimit::Columns],
                "steps": limits.most[ServeLimit::Steps], "cost": limits.cost,
                "requests_per_second": self.caller.rate, "cost_per_second": self.caller.cost,
            },
        })
    }
}

#[cfg(test)]
mod tests;
