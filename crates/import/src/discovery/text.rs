//! A proposal as the text of a manifest.

use super::proposal::{Proposal, ProposedService};
use super::servers::{ProposedServer, ServerChoice};

/// Returns the lines above the services. `schema` is the file that editors use to complete and check the manifest.
fn head(schema: &str) -> String {
    format!(
        "# yaml-language-server: $schema={schema}\n\
         # A database for each service, with roles of its own. Every key but these has a default: `martydb config` shows them.\n\
         version: 1\n"
    )
}

/// Returns the whole manifest.
pub fn manifest(proposal: &Proposal, schema: &str) -> String {
    let servers: String = proposal.servers.iter().map(|(name, one)| server(name, one)).collect();
    let services: String =
        proposal.services.iter().map(|(name, one)| format!("  {name}:{}\n", service(one))).collect();
    format!("{}\nservers:\n{servers}\nservices:\n{services}", head(schema))
}

fn server(name: &str, server: &ProposedServer) -> String {
    let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
    let (user, port) = (&server.user, server.port);
    let (why, place) = match server.choice {
        ServerChoice::Chosen => (
            "martydb runs a server of its own, unless DB_HOST names one that exists.",
            format!("${{DB_HOST:-{host}}}:${{DB_PORT:-{port}}}"),
        ),
        ServerChoice::Elsewhere => {
            ("An embedded server replaces it until DB_HOST is set, to any value.", format!("{host}:{port}"))
        }
        ServerChoice::Container(port) => {
            let port = port.map_or_else(String::new, |port| format!(", port: {port}"));
            return format!("  # In place of the container {host}.\n  {name}: {{ embedded: true{port} }}\n");
        }
    };
    let url = url(&format!("postgresql://${{DB_USER:-{user}}}@{place}/postgres?sslmode=prefer"));
    format!("  {name}:\n    # {why}\n    embedded: auto\n    url: {url}\n")
}

fn service(service: &ProposedService) -> String {
    let keys = [("server", &service.server), ("database", &service.database)];
    let keys =
        keys.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", scalar(value.as_deref()?))));
    let migrations =
        service.migrations.as_deref().map(|path| format!("migrations: {}", migrations(path, service)));
    let keys: Vec<String> = keys.chain(migrations).collect();
    if keys.is_empty() { String::new() } else { format!(" {{ {} }}", keys.join(", ")) }
}

/// Returns the folder of migrations, with the rule for down files and the origin where they differ from the defaults.
fn migrations(path: &str, service: &ProposedService) -> String {
    let mut keys = vec![format!("path: {}", scalar(path))];
    if service.is_up_alone {
        keys.push("down: optional".into());
    }
    if let Some((tool, folder)) = &service.import {
        keys.push(format!("source: {{ tool: {}, path: {} }}", scalar(tool.name()), scalar(folder)));
    }
    if keys.len() == 1 { scalar(path) } else { format!("{{ {} }}", keys.join(", ")) }
}

/// Returns a YAML scalar for a text.
pub(crate) fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    // A dollar sign begins a variable in a manifest.
    if plain { text.into() } else { quoted(&text.replace('$', "$$")) }
}

/// Returns a YAML scalar for a URL whose `${…}` are variables of the manifest.
pub(crate) fn url(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@${}[]?=".contains(c));
    if is_plain && text.starts_with("postgresql://") { text.into() } else { quoted(text) }
}

/// Quotes a text: a JSON string is a YAML string, but for characters that end a line in YAML 1.1 only:
/// <https://yaml.org/spec/1.1/#id871136>.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']
        .iter()
        .fold(json, |json, c| json.replace(*c, &format!("\\u{:04x}", u32::from(*c))))
}
