//! The process of the data service: pools, callers and listener, until a signal ends it. SIGHUP reloads the keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::listener::ListenerFlags;
use super::selected::{ExposedObjects, FunctionRow, RelationRow, exposed};
use super::stored_keys::stored;
use martydb_config::secrets::CredentialKey;
use martydb_deploy::http::HttpListener;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{DeclaredCaller, DeclaredTokens, DesiredService, RoleName, ServiceExposure, TokenKeys};
use martydb_provision::run::Run;
use martydb_serve::callers::{ANONYMOUS, CallerBook, CallerRight, KeyDigest, ServeCaller};
use martydb_serve::guard::ServerBreaker;
use martydb_serve::listener::{ServedProcess, bind};
use martydb_serve::serving::{ServedDatabase, ServedService};
use martydb_serve::session::{LoginTarget, ServerWay};
use martydb_serve::settings::{ExposedFunctions, KeptRecords, RequestLimits, ServedExposure};
use martydb_serve::token::{TokenKey, TokenRules, parse_keys};
use martydb_ui::flags::Select;
use martydb_ui::reload;

/// Serves until a signal arrives, and then until the last answers are sent.
pub async fn serve(
    run: &Run,
    services: &[(DesiredService, ServiceExposure)],
    select: &Select,
    flags: &ListenerFlags,
) -> Result<()> {
    let listener = listener(run, flags)?;
    let mut served = vec![];
    let mut servers = BTreeMap::new();
    for (service, exposure) in services {
        if !servers.contains_key(&service.server) {
            servers.insert(service.server.clone(), server(run, service).await?);
        }
        let server = &servers[&service.server];
        served.push(ServedService::new(database(run, service, exposure, server).await?)?);
    }
    futures_util::future::try_join_all(served.iter().map(ServedService::check_way)).await?;
    let process = Arc::new(ServedProcess::new(served, callers(run, services).await?));
    let bound = bind(&listener, process.clone())?;
    run.out.serves();
    reload::accept();
    let names: Vec<&str> = services.iter().map(|(service, _)| service.name.as_str()).collect();
    run.out.note(&bound.greeting(""));
    run.out.note(&format!("serving rows of {}", names.join(", ")));
    let following = process.follow();
    tokio::select! {
        ended = bound.serve() => ended?,
        () = reload_on_request(run, select, &process) => {}
    }
    following.iter().for_each(tokio::task::JoinHandle::abort);
    run.out.note("stopped: no request is in progress");
    Ok(())
}

/// Returns the listener of the manifest, or of the flags.
fn listener(run: &Run, flags: &ListenerFlags) -> Result<HttpListener> {
    let settings = &run.manifest.serve;
    let (address, tls) = (flags.listen.unwrap_or(settings.listen), flags.tls(settings.tls.as_ref()));
    if !address.ip().is_loopback() && tls.is_none() {
        let message =
            format!("{address} can be reached from other machines: there the data service needs TLS");
        return Err(
            Error::usage(message).hint("give --tls-certificate and --tls-key, or listen on 127.0.0.1")
        );
    }
    let flag = if flags.listen.is_some() { "--listen" } else { "serve.listen of the manifest" };
    let (certificate, key, client_authority) =
        tls.map_or((None, None, None), |tls| (Some(tls.certificate), Some(tls.key), tls.client_authority));
    Ok(HttpListener { address, flag, certificate, key, client_authority, users: flags.users.clone() })
}

/// Replaces the callers for each request. An invalid manifest changes nothing.
async fn reload_on_request(run: &Run, select: &Select, process: &ServedProcess) {
    loop {
        reload::requested().await;
        match reloaded(run, select).await {
            Ok(callers) => {
                process.set_callers(callers);
                run.out.note("reloaded the callers and their keys");
            }
            Err(error) => {
                run.out
                    .note(&format!("the callers were not reloaded, the former ones stay in force: {error}"));
            }
        }
    }
}

async fn reloaded(run: &Run, select: &Select) -> Result<CallerBook> {
    let fresh = run.in_environment(&run.manifest.env)?;
    let services = exposed(&fresh, select)?;
    callers(&fresh, &services).await
}

async fn callers(run: &Run, services: &[(DesiredService, ServiceExposure)]) -> Result<CallerBook> {
    let mut book = CallerBook::default();
    for (name, caller) in &run.manifest.serve.callers {
        let Some((service, _)) = services.iter().find(|(service, _)| service.name == caller.service) else {
            continue;
        };
        let right = if caller.writes { CallerRight::Write } else { CallerRight::Read };
        let digests = digests(run, service, name, caller).await?;
        let declared = ServeCaller {
            name: name.clone(),
            service: service.name.to_string(),
            right,
            login: caller.login.as_ref().map(ToString::to_string),
            rate: caller.rate,
            cost: caller.cost,
        };
        if name != ANONYMOUS {
            book.accept_certificate(caller.san.clone(), declared.clone());
        }
        book.add(declared, digests);
    }
    if let Some(declared) = &run.manifest.serve.tokens {
        book.accept_tokens(tokens(run, declared)?);
    }
    Ok(book)
}

/// Most bytes of a file of keys, which others may have fetched.
const LARGEST_KEYS: u64 = 1 << 20;

fn read_keys(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST_KEYS).read_to_string(&mut text)?;
    Ok(text)
}

/// Returns the rules of tokens, with the keys as they are now.
fn tokens(run: &Run, declared: &DeclaredTokens) -> Result<TokenRules> {
    let keys = match &declared.keys {
        TokenKeys::Set(path) => {
            let wrong =
                || Error::manifest(format!("the keys of tokens in {} cannot be used", path.display()));
            let text = read_keys(path).map_err(|error| wrong().cause(error))?;
            parse_keys(&text).map_err(|error| wrong().cause(error))?
        }
        TokenKeys::Secret(variable) => {
            let secret = run.environment.get(variable).filter(|secret| !secret.is_empty());
            let secret = secret.ok_or_else(|| {
                Error::manifest(format!("the variable {variable} with the secret of tokens is not set"))
            })?;
            let key = TokenKey::of_secret(secret);
            vec![key.ok_or_else(|| {
                Error::manifest(format!("the secret of tokens in {variable} has fewer than 32 bytes"))
            })?]
        }
    };
    let (audience, caller_claim) = (declared.audience.clone(), declared.caller_claim.clone());
    Ok(TokenRules { keys, audience, caller_claim, lenient: false })
}

async fn digests(
    run: &Run,
    service: &DesiredService,
    name: &str,
    caller: &DeclaredCaller,
) -> Result<Vec<KeyDigest>> {
    if let Some(variable) = &caller.key_env {
        let key = run.environment.get(variable).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            Error::manifest(format!("the variable {variable} with the key of caller \"{name}\" is not set"))
        })?;
        return Ok(vec![martydb_serve::callers::digest(key)]);
    }
    let stored = stored(run, service, name).await?;
    Ok(stored.iter().filter_map(|digest| parsed(digest)).collect())
}

/// Parses a digest in hexadecimal.
fn parsed(text: &str) -> Option<KeyDigest> {
    let mut digest = KeyDigest::default();
    if text.len() != 2 * digest.len() {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Returns the digest of a key in hexadecimal.
pub fn digest(key: &str) -> String {
    martydb_serve::callers::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server, as all its services share it: what one finds out, the others need not try.
struct SharedServer {
    way: ServerWay,
    breaker: Arc<ServerBreaker>,
}

async fn server(run: &Run, service: &DesiredService) -> Result<SharedServer> {
    let endpoint = run.access(&service.server).await?.endpoint;
    Ok(SharedServer { way: ServerWay::to(&endpoint)?, breaker: Arc::default() })
}

async fn database(
    run: &Run,
    service: &DesiredService,
    exposure: &ServiceExposure,
    server: &SharedServer,
) -> Result<ServedDatabase> {
    let further = further_logins(run, service);
    let passwords = passwords(run, service, exposure, &further).await?;
    let target = |role: &RoleName, reads_only: bool| LoginTarget {
        way: server.way.clone(),
        database: service.database.to_string(),
        role: role.to_string(),
        password: passwords.get(role).cloned(),
        schemas: exposure.schemas.iter().chain(&service.schemas).map(ToString::to_string).collect(),
        timeout: exposure.timeout,
        reads_only,
        connections: usize::from(exposure.connections),
        wait: exposure.wait,
        breaker: server.breaker.clone(),
    };
    let mut hide = exposure.hide.clone();
    // Events are the relay's, and no rows of the service.
    hide.extend(service.outbox.as_ref().map(|outbox| outbox.table.clone()));
    let limits = RequestLimits {
        rows: i64::from(exposure.rows),
        timeout: exposure.timeout,
        aggregates: exposure.aggregates,
        cost: exposure.cost,
        ..RequestLimits::default()
    };
    let settings = ServedExposure {
        schemas: exposure.schemas.iter().map(ToString::to_string).collect(),
        only: exposure.only.clone(),
        hide,
        functions: ExposedFunctions::Listed(exposure.functions.clone()),
        limits,
        transactions: exposure.transactions,
        rollback: exposure.rollback,
        unfiltered_writes: false,
        volatile_reads: false,
        unchecked_rights: false,
        claims: exposure.claims,
        records: KeptRecords { writes: exposure.audit.writes, reads: exposure.audit.reads, keys: true },
    };
    let (read, write) = (target(&exposure.reader, true), target(&exposure.writer, false));
    // Reads must not write; a write begins its transaction with READ WRITE.
    let further = further.iter().map(|login| target(login, true)).collect();
    Ok(ServedDatabase { name: service.name.to_string(), exposure: settings, read, write, further })
}

/// Returns the logins of `access` that callers of the service get.
fn further_logins(run: &Run, service: &DesiredService) -> BTreeSet<RoleName> {
    let own = run.manifest.serve.callers.values().filter(|caller| caller.service == service.name);
    own.filter_map(|caller| caller.login.clone()).collect()
}

async fn passwords(
    run: &Run,
    service: &DesiredService,
    exposure: &ServiceExposure,
    further: &BTreeSet<RoleName>,
) -> Result<BTreeMap<RoleName, SecretString>> {
    let desired = run.manifest.desired(&service.server);
    let mut passwords = BTreeMap::new();
    for role in exposure.own_logins().into_iter().chain(further) {
        let key = desired.access.get(role).and_then(|login| CredentialKey::of_access(&service.server, login));
        let secrets = run.store.read(key.as_slice()).await?;
        let password =
            secrets.get(&service.server, role).filter(|password| !password.expose_secret().is_empty());
        let password = password.cloned().ok_or_else(|| {
            let message = format!("the secret store has no password of {role}");
            Error::new(Kind::Unreachable, message)
                .hint(format!("run `martydb apply --service {}`: it creates the login", service.name))
        })?;
        passwords.insert(role.clone(), password);
    }
    Ok(passwords)
}

/// Returns what a service exposes, as its reading login sees it.
pub async fn objects(
    run: &Run,
    service: &DesiredService,
    exposure: &ServiceExposure,
) -> Result<ExposedObjects> {
    let server = server(run, service).await?;
    let served = ServedService::new(database(run, service, exposure, &server).await?)?;
    served.check_way().await?;
    let catalog = served.catalog().await.map_err(|fault| {
        Error::new(Kind::Unreachable, format!("the catalogs of {} cannot be read", service.name))
            .cause(fault.message)
    })?;
    let row = |relation: &martydb_serve::catalog::ExposedRelation| RelationRow {
        service: service.name.to_string(),
        relation: format!("{}.{}", relation.schema, relation.name),
        columns: relation.columns.len(),
        key: relation.key.clone(),
        writable: relation.insertable && relation.updatable && relation.deletable,
        is_view: relation.is_view,
        reserved: martydb_serve::face::api::is_reserved(&relation.name),
    };
    let function = |function: &martydb_serve::catalog::ExposedFunction| FunctionRow {
        service: service.name.to_string(),
        function: function.signature(),
        reads: function.only_reads(),
        as_owner: function.as_owner,
        name: function.name.clone(),
    };
    Ok(ExposedObjects {
        relations: catalog.relations().map(row).collect(),
        functions: catalog.functions().map(function).collect(),
    })
}
