//! `adopt --redis`: clients and prefixes of keys that a Redis server has now, proposed as services. The manifest and the
//! server are only read.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::app::App;
use crate::commands::support::companions::companion;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::units::counted;
use martydb_model::{RedisClients, RedisPrefix, RedisUse};
use martydb_ui::report::{Cell, Report, ReportColumn, Style, printable};

pub(crate) async fn run(app: &App, server: Option<&str>) -> Result<RedisUseReport> {
    let servers: Vec<&str> = app.manifest.redis.servers.keys().map(String::as_str).collect();
    let server = match (server, servers.as_slice()) {
        (Some(named), all) if all.contains(&named) => named,
        (Some(named), all) => {
            let unknown = Error::usage(format!("unknown Redis server \"{named}\""));
            return Err(unknown.hint(hint(named, "Redis servers", all)));
        }
        (None, [only]) => only,
        (None, []) => {
            return Err(Error::usage("the manifest has no Redis server")
                .hint("add one: servers: { cache: { url: \"redis://HOST:6379\" } }"));
        }
        (None, all) => {
            return Err(Error::usage("there are several Redis servers")
                .hint(format!("choose one with --server: {}", all.join(", "))));
        }
    };
    let found = companion(app, &app.manifest.redis.servers[server], vec![])?.usage().await?;
    Ok(RedisUseReport::new(app, server, found))
}

/// Prefix of keys, with the service that has it or could have it.
#[derive(Serialize)]
struct PrefixRow {
    prefix: String,
    keys: usize,
    /// Service of the manifest that has the prefix.
    declared: Option<String>,
    /// Service that could have it.
    proposed: Option<String>,
}

#[derive(Serialize)]
pub struct RedisUseReport {
    server: String,
    clients: Vec<RedisClients>,
    prefixes: Vec<PrefixRow>,
    /// Keys without a prefix that a service could have, and one of them.
    others: usize,
    example: Option<String>,
    looked_at: usize,
    complete: bool,
    /// Part of a manifest that declares the proposed services.
    manifest: String,
}

impl RedisUseReport {
    fn new(app: &App, server: &str, found: RedisUse) -> RedisUseReport {
        let part = &app.manifest.redis;
        let mut names: BTreeSet<String> = part.services.keys().map(ToString::to_string).collect();
        let mut manifest = String::new();
        let row = |RedisPrefix { prefix, keys, service }: RedisPrefix| {
            let name = service.to_string();
            let declared =
                part.on(server).find(|one| one.prefix == prefix).map(|one| one.service.to_string());
            // A service has one prefix.
            let proposed = (declared.is_none() && names.insert(name.clone())).then_some(name);
            if let Some(name) = &proposed {
                let keys = format!("{{ server: {server}, prefix: \"{prefix}\" }}");
                manifest += &format!("  {name}:\n    redis: {keys}\n");
            }
            PrefixRow { prefix, keys, declared, proposed }
        };
        let prefixes: Vec<PrefixRow> = found.prefixes.into_iter().map(row).collect();
        if !manifest.is_empty() {
            manifest.insert_str(0, "services:\n");
        }
        RedisUseReport {
            server: server.to_owned(),
            clients: found.clients,
            prefixes,
            others: found.others,
            example: found.example,
            looked_at: found.looked_at,
            complete: found.complete,
            manifest,
        }
    }

    fn clients_text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&RedisClients>> = vec![
            ReportColumn::shown("user", |one, _| one.user.as_str().into()),
            ReportColumn::shown("client", |one, _| if one.name.is_empty() { "-" } else { &one.name }.into()),
            ReportColumn::shown("from", |one, _| one.host.as_str().into()),
            ReportColumn::shown("connections", |one, _| Cell::number(one.count)),
        ];
        let table = ReportColumn::table(columns, &[], &self.clients, style);
        match table.is_empty() {
            true => "No client is connected.\n".into(),
            false => table.render(style) + "\n",
        }
    }

    fn prefixes_text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&PrefixRow>> = vec![
            ReportColumn::shown("prefix", |row, _| row.prefix.as_str().into()),
            ReportColumn::shown("keys", |row, _| Cell::number(row.keys)),
            ReportColumn::shown("service", |row, _| match (&row.declared, &row.proposed) {
                (Some(name), _) => format!("{name} (declared)").into(),
                (None, Some(name)) => format!("{name} (proposed)").into(),
                (None, None) => "- (its name has another prefix)".into(),
            }),
        ];
        let table = ReportColumn::table(columns, &[], &self.prefixes, style);
        if table.is_empty() { String::new() } else { format!("\n{}\n", table.render(style)) }
    }
}

impl Report for RedisUseReport {
    fn text(&self, style: &Style) -> String {
        let looked = counted(self.looked_at, "key");
        let all = if self.complete { "all were" } else { "the server has more; so many were" };
        let mut text = format!("Redis server {}: {looked}, {all} looked at\n\n", self.server);
        text += &self.clients_text(style);
        text += &self.prefixes_text(style);
        if let Some(example) = &self.example {
            let others = counted(self.others, "key");
            text += &printable(&format!(
                "{others} without a prefix that a service could have, such as {example}"
            ));
            text += "\n";
        }
        if self.manifest.is_empty() {
            return text + "\nNothing was changed; no service is proposed.\n";
        }
        text + "\nNothing was changed. Add to the manifest those that are services, each with its database:\n\n"
            + &self.manifest
            + "\nThen `martydb apply --all` gives each its users. It leaves the user default on while clients use it.\n"
    }
}
