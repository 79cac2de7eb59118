//! Outboxes: the event table of each service, its broker, and the login of its relay.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::event_target::DeclaredTarget;
use super::scope::Scope;
use super::unique::{ServerLogins, ServiceMap, check_login};
use crate::checked::ServerSpec;
use crate::raw::{RawDeadPolicy, RawDeadWord, RawOutbox, RawOutboxColumns, RawRedelivery};
use martydb_model::error::{Error, Result};
use martydb_model::sql::MAX_IDENTIFIER_BYTES;
use martydb_model::suggest::hint;
use martydb_model::units;
use martydb_model::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, DeadPolicy, DesiredService, EventTarget, Outbox,
    OutboxColumns, Redelivery, RoleName, SchemaName,
};

/// Connection limit: four relays in parallel, each with two sessions while it is busy, and interactive sessions.
const CONNECTIONS: i32 = 10;

const BATCH: u32 = 500;
const LARGEST_BATCH: u32 = 5000;

/// Adds the outbox to each service that declares one, and the login of its relay to the server.
pub(crate) fn all(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &mut ServiceMap,
    found: &mut ServerLogins,
) -> Result<()> {
    if scope.raw.defaults.outbox.is_some() {
        return Err(scope
            .error(["defaults", "outbox"], "an outbox belongs to one service")
            .hint("write it under the service"));
    }
    for (name, own) in &scope.raw.services {
        let Some(raw) = own.as_ref().and_then(|own| own.outbox.as_ref()) else { continue };
        let look = DeclaredOutbox { scope, name, raw };
        let Some(service) = services.values().find(|service| service.name.as_str() == name) else { continue };
        let outbox = look.outbox(service)?;
        check_login(scope, ["services", name, "outbox"], &outbox.relay, servers, services, found)?;
        let service = services.values_mut().find(|service| service.name.as_str() == name);
        let Some(service) = service else { continue };
        let extent = AccessExtent::Table(outbox.schema.clone(), outbox.table.clone());
        let grant = AccessGrant { role: outbox.relay.clone(), level: AccessLevel::Deliver, extent };
        let reason = format!("publishes the outbox of {}", service.name);
        let role = AccessRole::login(outbox.relay.clone(), CONNECTIONS, reason);
        found.entry(service.server.clone()).or_default().insert(role.name.clone(), role);
        service.access.push(grant);
        service.outbox = Some(outbox);
    }
    Ok(())
}

struct DeclaredOutbox<'a> {
    scope: &'a Scope<'a>,
    name: &'a str,
    raw: &'a RawOutbox,
}

impl DeclaredOutbox<'_> {
    fn outbox(&self, service: &DesiredService) -> Result<Outbox> {
        let relay = format!("{}_relay", self.name);
        let relay = RoleName::new(relay.clone())
            .map_err(|error| self.error(&[], format!("the login \"{relay}\" {error}")))?;
        let (schema, table) = self.table(service)?;
        let batch = self.raw.batch.unwrap_or(BATCH);
        if !(1..=LARGEST_BATCH).contains(&batch) {
            return Err(self.error(&["batch"], format!("{batch} is not from 1 to {LARGEST_BATCH}")));
        }
        let keep = self.raw.keep.as_deref().map(|text| self.time("keep", text)).transpose()?;
        Ok(Outbox {
            relay,
            schema,
            table,
            columns: self.columns(&self.raw.columns)?,
            to: self.target()?,
            batch,
            retry: self.retry(&self.raw.retry)?,
            dead: self.dead()?,
            keep,
        })
    }

    fn table(&self, service: &DesiredService) -> Result<(SchemaName, String)> {
        let Some(text) = &self.raw.table else {
            return Ok((service.schemas[0].clone(), format!("{}_outbox", self.name)));
        };
        let wrong = |why: &str| self.error(&["table"], format!("\"{text}\" {why}"));
        let Some((schema, table)) = text.split_once('.') else { return Err(wrong("is not a schema.table")) };
        if table.is_empty() || table.contains('.') || table.len() > MAX_IDENTIFIER_BYTES {
            return Err(wrong("is not a schema.table"));
        }
        let found = service.schemas.iter().find(|declared| declared.as_str() == schema);
        let declared: Vec<&str> = service.schemas.iter().map(SchemaName::as_str).collect();
        let none = || {
            let message = format!("service \"{}\" declares no schema \"{schema}\"", service.name);
            self.error(&["table"], message).hint(hint(schema, "schemas", &declared))
        };
        Ok((found.ok_or_else(none)?.clone(), table.to_owned()))
    }

    fn columns(&self, raw: &RawOutboxColumns) -> Result<OutboxColumns> {
        let named = |key: &str, own: &Option<String>| match own.as_deref() {
            None => Ok(key.to_owned()),
            Some("") => Err(self.error(&["columns", key], "the table needs this column")),
            Some(name) => self.column(key, name),
        };
        let optional = |key: &str, own: &Option<String>| match own.as_deref() {
            Some("") => Ok(None),
            _ => named(key, own).map(Some),
        };
        let columns = OutboxColumns {
            id: named("id", &raw.id)?,
            event_id: named("event_id", &raw.event_id)?,
            aggregate_type: named("aggregate_type", &raw.aggregate_type)?,
            aggregate_id: named("aggregate_id", &raw.aggregate_id)?,
            event_type: named("event_type", &raw.event_type)?,
            payload: named("payload", &raw.payload)?,
            headers: optional("headers", &raw.headers)?,
            occurred_at: optional("occurred_at", &raw.occurred_at)?,
            available_at: named("available_at", &raw.available_at)?,
            published_at: named("published_at", &raw.published_at)?,
            attempts: named("attempts", &raw.attempts)?,
            last_error: named("last_error", &raw.last_error)?,
        };
        let mut seen = BTreeSet::new();
        let twice = columns.all().find(|name| !seen.insert(*name)).map(str::to_owned);
        match twice {
            None => Ok(columns),
            Some(twice) => Err(self.error(&["columns"], format!("the column \"{twice}\" has two meanings"))),
        }
    }

    fn column(&self, key: &str, name: &str) -> Result<String> {
        if name.contains('\0') || name.len() > MAX_IDENTIFIER_BYTES {
            return Err(self.error(&["columns", key], "not a column name"));
        }
        Ok(name.to_owned())
    }

    fn retry(&self, raw: &RawRedelivery) -> Result<Redelivery> {
        let time = |key, text: &Option<String>, default: u64| match text {
            None => Ok(Duration::from_secs(default)),
            Some(text) => self.time(key, text),
        };
        let (from, to) = (time("retry.from", &raw.from, 1)?, time("retry.to", &raw.to, 300)?);
        let tries = raw.tries.unwrap_or(12);
        if tries == 0 {
            return Err(self.error(&["retry", "tries"], "0 attempts publish nothing"));
        }
        if from > to {
            return Err(self.error(&["retry"], "the first pause is longer than the longest"));
        }
        Ok(Redelivery { tries, from, to })
    }

    /// Parses a time of more than zero, and of at most what PostgreSQL adds to a timestamp.
    fn time(&self, key: &str, text: &str) -> Result<Duration> {
        let most = Duration::from_secs(100 * 366 * 24 * 3600);
        let time = units::duration(text).filter(|time| !time.is_zero() && *time <= most);
        let path: Vec<&str> = key.split('.').collect();
        time.ok_or_else(|| self.error(&path, format!("\"{text}\" is not a time such as 30s, 5m or 7d")))
    }

    fn target(&self) -> Result<EventTarget> {
        let Some(raw) = &self.raw.to else {
            let hint = "to: { nats: \"nats://localhost:4222\" }, { amqp: \"amqp://user@localhost\", exchange: NAME } or { http: \"https://host/path\" }";
            return Err(self.error(&[], "the broker of the events is missing").hint(hint));
        };
        DeclaredTarget { scope: self.scope, service: self.name, within: &["to"], raw }.resolve()
    }

    fn dead(&self) -> Result<DeadPolicy> {
        Ok(match &self.raw.dead {
            RawDeadPolicy::Word(RawDeadWord::Stop) => DeadPolicy::Stop,
            RawDeadPolicy::Word(RawDeadWord::Continue) => DeadPolicy::Continue,
            RawDeadPolicy::Target(target) => {
                let (within, raw) = (&["dead", "to"], &target.to);
                let target = DeclaredTarget { scope: self.scope, service: self.name, within, raw };
                DeadPolicy::To(target.resolve()?)
            }
        })
    }

    fn error(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        let path: Vec<&str> = ["services", self.name, "outbox"].iter().chain(path).copied().collect();
        self.scope.sources.error_at(&path, message)
    }
}
