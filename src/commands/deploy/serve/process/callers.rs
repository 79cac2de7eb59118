//! Callers of the process: keys of the store and of variables, and the keys of tokens.

use crate::app::App;
use crate::commands::deploy::serve::stored_keys::stored;
use martydb_model::error::{Error, Result};
use martydb_model::hex;
use martydb_model::{
    ANONYMOUS, DeclaredCaller, DeclaredTokens, DesiredService, ServeLimit, ServiceExposure, TokenKeys,
};
use martydb_os::read_named_text;
use martydb_serve::{
    CallerRight, CallerShare, Callers, KeyDigest, ServeCaller, TokenKey, TokenRules, parse_keys,
};

/// Returns the callers with the digests of their keys, and the rules of tokens.
pub(crate) async fn callers(app: &App, services: &[(DesiredService, ServiceExposure)]) -> Result<Callers> {
    let mut book = Callers::default();
    for (name, caller) in app.manifest.serve.all_callers() {
        let Some((service, _)) = services.iter().find(|(service, _)| service.name == caller.service) else {
            continue;
        };
        let digests = if name == ANONYMOUS { vec![] } else { digests(app, service, name, caller).await? };
        let share = share(app, services, caller);
        let declared = ServeCaller { share, ..served_caller(name, caller) };
        if let Some(san) = &caller.san {
            book.accept_certificate(san.clone(), declared.clone());
        }
        book.add(declared, digests);
    }
    book.accept_origins(app.manifest.serve.origins.clone());
    if let Some(declared) = &app.manifest.serve.tokens {
        book.accept_tokens(tokens(app, declared)?);
    }
    Ok(book)
}

/// Returns a caller as the data service knows it.
pub(crate) fn served_caller(name: &str, caller: &DeclaredCaller) -> ServeCaller {
    ServeCaller {
        name: name.to_owned(),
        service: caller.service.to_string(),
        right: if caller.writes { CallerRight::Write } else { CallerRight::Read },
        login: caller.login.as_ref().map(ToString::to_string),
        rate: caller.rate,
        cost: caller.cost,
        share: CallerShare::default(),
    }
}

/// Returns the share of a caller in its service.
fn share(app: &App, services: &[(DesiredService, ServiceExposure)], caller: &DeclaredCaller) -> CallerShare {
    let is_alone = app.manifest.serve.callers_of(&caller.service).count() == 1;
    let found = services.iter().find(|(service, _)| service.name == caller.service);
    found.map_or_else(CallerShare::default, |(_, exposure)| {
        let streams = exposure.limits.size(ServeLimit::Streams);
        CallerShare::new(usize::from(exposure.connections), streams, is_alone)
    })
}

/// Returns the rules of tokens, with the keys as they are now.
fn tokens(app: &App, declared: &DeclaredTokens) -> Result<TokenRules> {
    let keys = match &declared.keys {
        TokenKeys::Set(path) => {
            let wrong =
                || Error::manifest(format!("the keys of tokens in {} cannot be used", path.display()));
            let text = read_named_text(path).map_err(|error| wrong().cause(error))?;
            parse_keys(&text).map_err(|error| wrong().cause(error))?
        }
        TokenKeys::Secret(variable) => {
            let secret = app.environment.get(variable).filter(|secret| !secret.is_empty());
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
    app: &App,
    service: &DesiredService,
    name: &str,
    caller: &DeclaredCaller,
) -> Result<Vec<KeyDigest>> {
    if let Some(variable) = &caller.key_env {
        let key = app.environment.get(variable).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            Error::manifest(format!("the variable {variable} with the key of caller \"{name}\" is not set"))
        })?;
        return Ok(vec![martydb_serve::digest(key)]);
    }
    Ok(stored(app, service, name).await?.iter().filter_map(|digest| parsed(digest)).collect())
}

/// Parses a digest in hexadecimal.
fn parsed(text: &str) -> Option<KeyDigest> {
    hex::decode(text)?.try_into().ok()
}
