//! The data service: exposure, logins and callers.

mod callers;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::scope::Scope;
use super::unique::{ServerLogins, ServiceMap, check_login};
use crate::checked::ServerSpec;
use crate::raw::{RawAudit, RawAuditExtent, RawAuditedRequests, RawExposure, RawServe};
use callers::ResolvedCallers;
use martydb_model::error::{Error, Result};
use martydb_model::suggest::hint;
use martydb_model::units;
use martydb_model::{
    AccessExtent, AccessGrant, AccessLevel, AccessRole, DeclaredAudit, DeclaredTokens, DesiredService,
    LimitRow, ListenerFiles, RoleName, SERVE_LIMITS, SchemaName, ServeLimit, ServeLimits, ServeSettings,
    ServiceExposure, TokenKeys, TransactionTimes,
};

/// Connections of a process with each login.
const CONNECTIONS: u16 = 10;

/// Processes at a time: one that runs, and one that replaces it.
const PROCESSES: u16 = 2;

/// Adds the exposure and its two logins to each service with `serve:`.
pub(crate) fn all(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &mut ServiceMap,
    found: &mut ServerLogins,
) -> Result<()> {
    if scope.raw.defaults.serve.is_some() {
        return Err(scope
            .error(["defaults", "serve"], "the exposure belongs to one service")
            .hint("write it under the service"));
    }
    for (name, own) in &scope.raw.services {
        let Some(raw) = own.as_ref().and_then(|own| own.serve.as_ref()) else { continue };
        let declared = DeclaredExposure { scope, name, raw };
        let Some(service) = services.values().find(|service| service.name.as_str() == name) else { continue };
        let exposure = declared.exposure(service)?;
        let logins = [(&exposure.writer, AccessLevel::Write), (&exposure.reader, AccessLevel::Read)];
        for (role, _) in logins {
            check_login(scope, ["services", name, "serve"], role, servers, services, found)?;
        }
        let Some(service) = services.values_mut().find(|service| service.name.as_str() == name) else {
            continue;
        };
        let processes = i32::from(raw.pool.processes.unwrap_or(PROCESSES));
        for (role, level) in logins {
            // Each process has one connection more that reads, for the catalogs.
            let own = i32::from(level == AccessLevel::Read);
            let limit = (declared.connections() + own) * processes;
            let login =
                AccessRole::login(role.clone(), limit, format!("the data service of {}", service.name));
            let login = AccessRole { of: Some(service.name.clone()), ..login };
            found.entry(service.server.clone()).or_default().insert(role.clone(), login);
            service.access.push(AccessGrant { role: role.clone(), level, extent: AccessExtent::Whole });
        }
        service.serve = Some(exposure);
    }
    Ok(())
}

fn audit(raw: RawAudit) -> DeclaredAudit {
    match raw {
        RawAudit::Requests(which) => DeclaredAudit {
            writes: which != RawAuditedRequests::None,
            reads: which == RawAuditedRequests::All,
            backup: false,
        },
        RawAudit::Settings(settings) => DeclaredAudit {
            writes: settings.writes != Some(RawAuditExtent::None),
            reads: settings.reads == Some(RawAuditExtent::All),
            backup: settings.backup,
        },
    }
}

/// Adds to each exposure the logins of `access` that its callers use: they write to the service's records too.
pub(crate) fn further_logins(settings: &ServeSettings, services: &mut ServiceMap) {
    for (_, caller) in settings.all_callers() {
        let service = services.values_mut().find(|service| service.name == caller.service);
        let exposure = service.and_then(|service| service.serve.as_mut());
        let (Some(exposure), Some(login)) = (exposure, &caller.login) else { continue };
        let logins =
            if caller.writes { &mut exposure.further_writers } else { &mut exposure.further_readers };
        logins.insert(login.clone());
    }
}

struct DeclaredExposure<'a> {
    scope: &'a Scope<'a>,
    name: &'a str,
    raw: &'a RawExposure,
}

impl DeclaredExposure<'_> {
    fn connections(&self) -> i32 {
        i32::from(self.raw.pool.max.unwrap_or(CONNECTIONS))
    }

    fn exposure(&self, service: &DesiredService) -> Result<ServiceExposure> {
        let login = |suffix: &str| {
            let name = format!("{}_{suffix}", self.name);
            RoleName::new(name.clone())
                .map_err(|error| self.error(&[], format!("the login \"{name}\" {error}")))
        };
        let connections = self.raw.pool.max.unwrap_or(CONNECTIONS);
        if connections == 0 || self.raw.pool.processes == Some(0) {
            return Err(self.error(&["pool"], "0 connections serve nothing"));
        }
        Ok(ServiceExposure {
            reader: login("serve_ro")?,
            writer: login("serve")?,
            schemas: self.schemas(service)?,
            only: self.raw.only.iter().cloned().collect(),
            hide: self.raw.hide.iter().cloned().collect(),
            connections,
            wait: self.time(&["pool", "wait"], self.raw.pool.wait.as_deref(), Duration::from_millis(500))?,
            limits: self.limits()?,
            timeout: self.time(
                &["limits", "timeout"],
                self.raw.limits.timeout.as_deref(),
                Duration::from_secs(5),
            )?,
            slow: self.time(&["limits", "slow"], self.raw.limits.slow.as_deref(), Duration::from_secs(1))?,
            functions: self.raw.limits.functions.iter().cloned().collect(),
            aggregates: self.raw.limits.aggregates,
            cost: self.raw.limits.cost,
            transactions: self.transactions()?,
            rollback: self.raw.rollback,
            claims: self.raw.claims,
            audit: audit(self.raw.audit),
            cache: self.cache()?,
            further_writers: BTreeSet::new(),
            further_readers: BTreeSet::new(),
        })
    }

    fn limits(&self) -> Result<ServeLimits> {
        filled(&self.raw.limits.given(), |key, message| self.error(&["limits", key], message))
    }

    /// Returns the tables whose answers are kept, each with its time.
    fn cache(&self) -> Result<BTreeMap<String, Duration>> {
        let one = |(table, time): (&String, &String)| {
            let (only, hide) = (&self.raw.only, &self.raw.hide);
            if hide.contains(table) || !only.is_empty() && !only.contains(table) {
                return Err(self.error(&["cache", table], format!("\"{table}\" is not exposed")));
            }
            let time = self.time(&["cache", table], Some(time), Duration::ZERO)?;
            Ok((table.clone(), time))
        };
        self.raw.cache.iter().map(one).collect()
    }

    fn transactions(&self) -> Result<Option<TransactionTimes>> {
        let raw = &self.raw.transactions;
        let time = |key: &str, text: Option<&str>, default: u64, most: u64| {
            let path = ["transactions", key];
            let time = self.time(&path, text, Duration::from_secs(default))?;
            match time <= Duration::from_secs(most) {
                true => Ok(time),
                false => Err(self.error(&path, format!("a transaction holds locks: at most {most}s"))),
            }
        };
        let idle = time("idle", raw.idle.as_deref(), 5, 30)?;
        let total = time("total", raw.total.as_deref(), 30, 120)?;
        Ok(raw.interactive.then_some(TransactionTimes { idle, total }))
    }

    fn schemas(&self, service: &DesiredService) -> Result<Vec<SchemaName>> {
        let Some(names) = &self.raw.schemas else { return Ok(vec![service.schemas[0].clone()]) };
        let declared: Vec<&str> = service.schemas.iter().map(SchemaName::as_str).collect();
        let one = |name: &String| {
            let found = service.schemas.iter().find(|schema| schema.as_str() == name);
            let none = || {
                let message = format!("service \"{}\" declares no schema \"{name}\"", service.name);
                self.error(&["schemas"], message).hint(hint(name, "schemas", &declared))
            };
            found.cloned().ok_or_else(none)
        };
        match names.is_empty() {
            true => Err(self.error(&["schemas"], "no schema is exposed").hint("leave out `serve`")),
            false => names.iter().map(one).collect(),
        }
    }

    fn time(&self, path: &[&str], text: Option<&str>, default: Duration) -> Result<Duration> {
        let Some(text) = text else { return Ok(default) };
        let longest = Duration::from_secs(3600);
        let time = units::duration(text).filter(|time| !time.is_zero() && *time <= longest);
        time.ok_or_else(|| {
            self.error(path, format!("\"{text}\" is not a time such as 500ms or 5s, at most 1h"))
        })
    }

    fn error(&self, path: &[&str], message: impl std::fmt::Display) -> Error {
        let path: Vec<&str> = ["services", self.name, "serve"].iter().chain(path).copied().collect();
        self.scope.sources.error_at(&path, message)
    }
}

/// Returns the limits with those that were given.
fn filled(given: &[(ServeLimit, Option<u64>)], error: impl Fn(&str, String) -> Error) -> Result<ServeLimits> {
    let mut limits = ServeLimits::default();
    for (limit, value) in given {
        let row: &LimitRow = &SERVE_LIMITS[*limit as usize];
        let Some(value) = *value else { continue };
        if !(1..=row.largest).contains(&value) {
            return Err(error(row.key, format!("{value} is no limit: from 1 to {}", row.largest)));
        }
        limits.set(*limit, value);
    }
    Ok(limits)
}

/// Returns the limits of the process.
fn process_limits(scope: &Scope, raw: &RawServe) -> Result<ServeLimits> {
    let wrong = |key: &str, message: String| scope.error(["serve", key], message);
    let seconds = |text: &String| {
        let time = units::duration(text).filter(|time| time.subsec_nanos() == 0).map(|time| time.as_secs());
        time.ok_or_else(|| wrong("progress", format!("\"{text}\" is not a time in seconds such as 10s")))
    };
    let given = [
        (ServeLimit::Connections, raw.connections),
        (ServeLimit::PerAddress, raw.per_address),
        (ServeLimit::Requests, raw.requests),
        (ServeLimit::InFlight, raw.in_flight.map(|count| count.0)),
        (ServeLimit::Progress, raw.progress.as_ref().map(seconds).transpose()?),
    ];
    filled(&given, wrong)
}

/// Returns the settings of the listener and its callers.
pub(crate) fn settings(scope: &Scope, services: &ServiceMap, logins: &ServerLogins) -> Result<ServeSettings> {
    let Some(raw) = &scope.raw.serve else { return Ok(ServeSettings::default()) };
    let listen = raw.listen.unwrap_or(ServeSettings::default().listen);
    if !listen.ip().is_loopback() && raw.tls.is_none() {
        let message =
            format!("{listen} can be reached from other machines: there the data service needs TLS");
        return Err(scope.error(["serve", "listen"], message).hint("tls: { certificate: FILE, key: FILE }"));
    }
    let place = |file: &String| scope.home.join(file);
    let tls = raw.tls.as_ref().map(|tls| ListenerFiles {
        certificate: place(&tls.certificate),
        key: place(&tls.key),
        client_authority: tls.client_ca.as_ref().map(place),
    });
    let docs = raw.docs.as_ref().map(place);
    let ResolvedCallers { named, anonymous } = callers::all(scope, &raw.callers, services, logins)?;
    let (tokens, origins) = (tokens(scope, raw)?, origins(scope, raw)?);
    let limits = process_limits(scope, raw)?;
    Ok(ServeSettings { listen, tls, tokens, origins, docs, limits, callers: named, anonymous })
}

/// Returns the origins of pages, as browsers write them (RFC 6454, section 6.2).
fn origins(scope: &Scope, raw: &RawServe) -> Result<Vec<String>> {
    let wrong = |origin: &String| {
        scope
            .error(["serve", "origins"], format!("\"{origin}\" is not an origin of pages"))
            .hint("a scheme, a host, and a port that is not the scheme's own: https://app.example, http://localhost:5173")
    };
    let one = |origin: &String| if is_origin(origin) { Ok(origin.clone()) } else { Err(wrong(origin)) };
    raw.origins.iter().map(one).collect()
}

fn is_origin(text: &str) -> bool {
    let host = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let own_port = if text.starts_with("https") { ":443" } else { ":80" };
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]_".contains(c);
    text == "*"
        || host.is_some_and(|host| !host.is_empty() && host.chars().all(is_part) && !host.ends_with(own_port))
}

fn tokens(scope: &Scope, raw: &RawServe) -> Result<Option<DeclaredTokens>> {
    let Some(raw) = &raw.jwt else { return Ok(None) };
    let wrong = |key: &str, message: &str| scope.error(["serve", "jwt", key], message);
    let keys = match (&raw.jwks, &raw.secret_env) {
        (Some(file), None) => TokenKeys::Set(scope.home.join(file)),
        (None, Some(variable)) => TokenKeys::Secret(variable.clone()),
        _ => return Err(wrong("jwks", "tokens need either `jwks` or `secret_env`")),
    };
    if raw.audience.is_empty() {
        return Err(wrong("audience", "without an audience, tokens for other services would be accepted"));
    }
    let caller_claim = raw.caller_claim.clone().unwrap_or_else(|| "sub".into());
    Ok(Some(DeclaredTokens { keys, audience: raw.audience.clone(), caller_claim }))
}
