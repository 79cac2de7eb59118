//! Entry of an adopted service in the manifest, as YAML values.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use super::{AdoptedRole, ServiceKeys};
use martydb_manifest::raw::RawAccess;
use martydb_model::{DbName, DesiredExtension};

/// Entries of further roles that the manifest already has.
pub type AccessEntries = BTreeMap<String, RawAccess>;

/// New keys of the service; those that are `None` or empty keep their value.
#[derive(Debug, Clone, Default)]
pub struct ServiceEntry {
    pub server: Option<String>,
    pub database: Option<String>,
    schemas: Option<Vec<String>>,
    extensions: Option<Vec<DesiredExtension>>,
    settings: BTreeMap<String, String>,
    database_settings: BTreeMap<String, String>,
    connection_limit: Option<i32>,
    pub access: BTreeMap<String, Mapping>,
}

impl ServiceEntry {
    pub fn with_keys(self, keys: &ServiceKeys) -> ServiceEntry {
        let ServiceKeys { schemas, extensions, settings, database_settings, connection_limit, .. } =
            keys.clone();
        ServiceEntry { schemas, extensions, settings, database_settings, connection_limit, ..self }
    }

    /// Adds the roles that are not declared. One that another service declares gets the same entry.
    pub fn with_access(
        mut self,
        roles: &[AdoptedRole],
        declared: &AccessEntries,
        database: &DbName,
    ) -> ServiceEntry {
        let reason = format!("found in database {database} on {}", today());
        for person in roles.iter().filter(|person| !person.declared) {
            let raw = declared.get(&person.role);
            self.access.insert(person.role.clone(), access(person, raw, &reason));
        }
        self
    }

    pub fn mapping(&self) -> Mapping {
        let mut map = Mapping::new();
        let mut put = |key: &str, value: Option<Value>| {
            value.map(|value| map.insert(key.into(), value));
        };
        put("server", self.server.as_deref().map(text));
        put("database", self.database.as_deref().map(text));
        put("schemas", self.schemas.as_deref().map(list));
        put(
            "extensions",
            self.extensions.as_deref().map(|all| Value::Sequence(all.iter().map(extension).collect())),
        );
        put("settings", some_map(texts(&self.settings)));
        put("parameters", some_map(self.parameters()));
        let access = self.access.iter().map(|(role, entry)| (role.as_str().into(), entry.clone().into()));
        put("access", some_map(access.collect()));
        map
    }

    fn parameters(&self) -> Mapping {
        let limit = self.connection_limit.map(|limit| ("connection_limit".into(), limit.into()));
        let settings = some_map(texts(&self.database_settings)).map(|map| ("settings".into(), map));
        limit.into_iter().chain(settings).collect()
    }
}

fn texts(map: &BTreeMap<String, String>) -> Mapping {
    map.iter().map(|(name, value)| (name.as_str().into(), text(value))).collect()
}

fn some_map(map: Mapping) -> Option<Value> {
    (!map.is_empty()).then_some(Value::Mapping(map))
}

/// Doubles each dollar sign, which would begin a variable.
fn text(text: &str) -> Value {
    text.replace('$', "$$").into()
}

/// Returns an extension as its name, or with its schema.
fn extension(of: &DesiredExtension) -> Value {
    let Some(schema) = &of.schema else { return text(&of.name) };
    let pair = [("name".into(), text(&of.name)), ("schema".into(), text(schema.as_str()))];
    Value::Mapping(pair.into_iter().collect())
}

fn list(items: &[String]) -> Value {
    Value::Sequence(items.iter().map(|item| text(item)).collect())
}

fn access(person: &AdoptedRole, raw: Option<&RawAccess>, reason: &str) -> Mapping {
    let mut map = Mapping::new();
    map.insert(if person.login { "login" } else { "group" }.into(), true.into());
    let members = raw.map_or(&person.members, |raw| &raw.members);
    for (key, items) in
        [("members", members), ("connect", &person.connect), ("read", &person.read), ("write", &person.write)]
    {
        if !items.is_empty() {
            map.insert(key.into(), list(items));
        }
    }
    if let Some(limit) = raw.and_then(|raw| raw.connection_limit) {
        map.insert("connection_limit".into(), limit.into());
    }
    if let Some(until) = raw.and_then(|raw| raw.until.as_deref()) {
        map.insert("until".into(), text(until));
    }
    let reason = raw.and_then(|raw| raw.reason.as_deref()).unwrap_or(reason);
    map.insert("reason".into(), text(reason));
    map
}

fn today() -> String {
    let now = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", now.year(), u8::from(now.month()), now.day())
}
