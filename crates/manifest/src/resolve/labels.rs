//! Labels of servers and services, by which commands choose services.

use std::collections::BTreeMap;

use super::scope::Scope;
use martydb_model::error::Result;
use martydb_model::{DesiredService, ServiceName};

/// Longest key or value.
const MOST_CHARACTERS: usize = 63;

type LabelMap = BTreeMap<String, String>;

/// Returns the labels of each service: the defaults', its server's over them, and its own over both.
pub(crate) fn all(
    scope: &Scope,
    services: &BTreeMap<ServiceName, DesiredService>,
) -> Result<BTreeMap<ServiceName, LabelMap>> {
    check(scope, &["defaults"], &scope.raw.defaults.labels)?;
    for (name, server) in &scope.raw.servers {
        check(scope, &["servers", name], &server.labels)?;
    }
    let of_service = |service: &DesiredService| {
        let name = service.name.as_str();
        let own = scope.raw.services.get(name).and_then(Option::as_ref).map(|raw| &raw.labels);
        check(scope, &["services", name], own.unwrap_or(&LabelMap::new()))?;
        let of_server = scope.raw.servers.get(&service.server).map(|server| &server.labels);
        let layers = [Some(&scope.raw.defaults.labels), of_server, own];
        let all = layers.into_iter().flatten().flatten();
        Ok((service.name.clone(), all.map(|(key, value)| (key.clone(), value.clone())).collect()))
    };
    services.values().map(of_service).collect()
}

fn check(scope: &Scope, owner: &[&str], labels: &LabelMap) -> Result<()> {
    for (key, value) in labels {
        for (what, text) in [("key", key), ("value", value)] {
            if !is_word(text) {
                let path = [owner, &["labels", key]].concat();
                let message =
                    format!("the {what} \"{text}\" of a label is no word of letters, digits, -, _ and .");
                return Err(scope
                    .sources
                    .error_at(&path, message)
                    .hint("labels: { region: eu-west, stage: canary }"));
            }
        }
    }
    Ok(())
}

/// Returns `true` for a text that needs no quotes on a command line, and that a list with commas may hold.
fn is_word(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    (1..=MOST_CHARACTERS).contains(&text.len()) && text.chars().all(is_allowed)
}
