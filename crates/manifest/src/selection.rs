//! Choice of services by their server and their labels.

use std::collections::{BTreeMap, BTreeSet};

use crate::checked::Manifest;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::{DesiredService, Label, ServiceFilter};

impl Manifest {
    /// Leaves the services that fulfil the conditions.
    ///
    /// # Errors
    /// If no service has such a label, there is no such server, or no service is left.
    pub fn narrow(
        &self,
        services: Vec<DesiredService>,
        filter: ServiceFilter<'_>,
    ) -> Result<Vec<DesiredService>> {
        if filter.is_empty() {
            return Ok(services);
        }
        self.check_servers(filter.servers)?;
        self.check_labels(filter.labels)?;
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for label in filter.labels {
            wanted.entry(&label.key).or_default().insert(&label.value);
        }
        let is_chosen = |service: &DesiredService| {
            let labels = self.labels.get(&service.name);
            let value = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
            (filter.servers.is_empty() || filter.servers.contains(&service.server))
                && wanted.iter().all(|(key, values)| value(key).is_some_and(|value| values.contains(value)))
        };
        let all: Vec<String> = services.iter().map(|service| service.name.to_string()).collect();
        let chosen: Vec<DesiredService> = services.into_iter().filter(is_chosen).collect();
        match chosen.is_empty() {
            true => Err(Error::usage(format!("no service has {}", filter.in_words()))
                .hint(format!("services: {}", all.join(", ")))),
            false => Ok(chosen),
        }
    }

    fn check_servers(&self, named: &[String]) -> Result<()> {
        let known: Vec<&str> = self.servers.keys().map(String::as_str).collect();
        let unknown = named.iter().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| {
            Err(Error::usage(format!("unknown server \"{name}\"")).hint(hint(name, "servers", &known)))
        })
    }

    fn check_labels(&self, named: &[Label]) -> Result<()> {
        let known = self.all_labels();
        let unknown = named.iter().find(|label| !known.contains(label));
        unknown.map_or(Ok(()), |label| {
            let label = label.to_string();
            let known: Vec<String> = known.iter().map(Label::to_string).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Err(Error::usage(format!("no service has the label {label}"))
                .hint(hint(&label, "labels", &known)))
        })
    }

    /// Returns each label that a service has.
    pub fn all_labels(&self) -> BTreeSet<Label> {
        let all = self.labels.values().flatten();
        all.map(|(key, value)| Label { key: key.clone(), value: value.clone() }).collect()
    }
}
