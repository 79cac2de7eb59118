//! Secrets for the other objects, sealed for the cluster's controller:
//! <https://github.com/bitnami-labs/sealed-secrets>. Each has the keys of `secrets export --format kubernetes`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::addresses::{address, admin_data};
use super::objects::{RenderedObject, object, plain_metadata};
use super::sealing::{Sealer, Unsealed};
use crate::caller_keys::CALLER_KEYS;
use crate::deployment::{DeploymentPlan, PasswordsToSeal};
use crate::redis;
use martydb_model::error::{Error, Result};

/// Minimum length of one password. Passwords that martydb creates are longer, memorable ones are shorter.
const LONG: usize = 20;

/// A Secret before sealing.
struct PlainSecret {
    name: String,
    kind: &'static str,
    data: BTreeMap<String, SecretString>,
}

/// Returns the sealed Secrets.
///
/// # Errors
/// If the passwords were not read, or all of them are short enough to be guessed.
pub fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let Some(passwords) = &plan.passwords else {
        return Err(Error::operation("the passwords to be sealed were not read"));
    };
    check_length(passwords)?;
    let secrets = secrets(plan, passwords)?;
    let scopes: Vec<String> =
        secrets.iter().map(|secret| format!("{}/{}", plan.namespace, secret.name)).collect();
    let all: Vec<Vec<Unsealed<'_>>> =
        secrets.iter().zip(&scopes).map(|(secret, scope)| unsealed(secret, scope)).collect();
    let sealer = Sealer::new(&passwords.certificate, all.iter().flatten());
    secrets.iter().zip(&all).map(|(secret, values)| sealed_secret(plan, secret, values, &sealer)).collect()
}

/// Requires a long password: the seals' keys are derived from all passwords together, so one that cannot be guessed
/// protects the others.
fn check_length(passwords: &PasswordsToSeal) -> Result<()> {
    let all = passwords.logins.values().map(|(_, password)| password).chain(passwords.admins.values());
    if all.into_iter().any(|password| password.expose_secret().chars().count() >= LONG) {
        return Ok(());
    }
    Err(Error::usage(format!(
        "sealing needs at least one password of {LONG} characters: shorter ones can be guessed"
    ))
    .hint("let martydb create one: `martydb rotate --all`"))
}

fn secrets(plan: &DeploymentPlan<'_>, passwords: &PasswordsToSeal) -> Result<Vec<PlainSecret>> {
    let mut all = vec![];
    let servers = plan.servers.iter().map(|server| (server.name, server.admin_secret(), &server.url.user));
    let redis = plan.redis.iter();
    let redis = redis.map(|node| (&*node.server.name, node.admin_secret(), &node.server.user));
    for (server, name, user) in servers.chain(redis) {
        let data = secret(admin_data(user, passwords.admins[server].expose_secret()));
        all.push(PlainSecret { name, kind: "kubernetes.io/basic-auth", data });
    }
    if !passwords.caller_keys.is_empty() {
        let data = passwords.caller_keys.clone();
        all.push(PlainSecret { name: CALLER_KEYS.to_owned(), kind: "Opaque", data });
    }
    for login in redis::logins(plan.manifest) {
        // A user of martydb's own has a password only after it was made.
        let Some((_, password)) = passwords.logins.get(&login.key) else { continue };
        let values = redis::variables(login.server, &login.user, password);
        let data = secret(values.map(|(name, value)| (name.to_owned(), value)));
        all.push(PlainSecret { name: login.key.secret_name(), kind: "Opaque", data });
    }
    for login in &plan.logins {
        let (role, password) = &passwords.logins[&login.key];
        let values = address(plan, login, role.as_str(), password.clone()).variables()?;
        all.push(PlainSecret { name: login.key.secret_name(), kind: "Opaque", data: secret(values) });
    }
    Ok(all)
}

fn secret(values: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, SecretString> {
    values.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect()
}

fn unsealed<'v>(secret: &'v PlainSecret, scope: &'v str) -> Vec<Unsealed<'v>> {
    let one = |(key, value): (&'v String, &'v SecretString)| Unsealed {
        secret: scope,
        key,
        value: value.expose_secret(),
    };
    secret.data.iter().map(one).collect()
}

fn sealed_secret(
    plan: &DeploymentPlan<'_>,
    secret: &PlainSecret,
    values: &[Unsealed<'_>],
    sealer: &Sealer<'_>,
) -> Result<RenderedObject> {
    let sealed = values.iter().map(|one| Ok((one.key.to_owned(), STANDARD.encode(sealer.sealed(one)?))));
    let metadata = plain_metadata(plan, &secret.name);
    let spec = json!({
        "encryptedData": sealed.collect::<Result<BTreeMap<_, _>>>()?,
        "template": { "metadata": metadata, "type": secret.kind },
    });
    Ok(object(("bitnami.com/v1alpha1", "SealedSecret"), metadata, spec))
}
