//! The Secrets that the other objects refer to, sealed for the cluster's controller: <https://github.com/bitnami-labs/sealed-secrets>. Each has
//! the keys that `secrets export --format kubernetes` gives it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::addresses::{address, admin_data};
use super::objects::{KubernetesObject, ObjectMeta};
use super::sealing::{Sealer, Unsealed};
use crate::render::landscape::{Landscape, PasswordsToSeal};
use martydb_model::error::{Error, Result};
use martydb_ui::report::yaml_text;

/// No password that a person remembers has as many characters; those that martydb makes have more.
const LONG: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SealedSecretSpec {
    encrypted_data: BTreeMap<String, String>,
    template: SealedTemplate,
}

#[derive(Serialize)]
struct SealedTemplate {
    metadata: ObjectMeta,
    r#type: &'static str,
}

/// A Secret before it is sealed.
struct PlainSecret {
    name: String,
    kind: &'static str,
    data: BTreeMap<String, SecretString>,
}

/// # Errors
/// If the passwords were not read, or do not hide each other.
pub fn documents(landscape: &Landscape<'_>) -> Result<String> {
    let Some(passwords) = &landscape.passwords else {
        return Err(Error::operation("the passwords to be sealed were not read"));
    };
    check_length(passwords)?;
    let secrets = secrets(landscape, passwords)?;
    let scopes: Vec<String> =
        secrets.iter().map(|secret| format!("{}/{}", landscape.namespace, secret.name)).collect();
    let all: Vec<Vec<Unsealed<'_>>> =
        secrets.iter().zip(&scopes).map(|(secret, scope)| unsealed(secret, scope)).collect();
    let sealer = Sealer::of(&passwords.certificate, all.iter().flatten());
    let texts = secrets.iter().zip(&all).map(|(secret, values)| object(landscape, secret, values, &sealer));
    texts.map(|text| Ok(format!("---\n{}", text?))).collect()
}

/// The keys of the seals come from all passwords together: one that cannot be guessed hides the others.
fn check_length(passwords: &PasswordsToSeal) -> Result<()> {
    let all = passwords.logins.values().map(|(_, password)| password).chain(passwords.admins.values());
    if all.into_iter().any(|password| password.expose_secret().chars().count() >= LONG) {
        return Ok(());
    }
    Err(Error::usage(format!("no password has {LONG} characters, so that what is sealed could be guessed"))
        .hint("let martydb make one: `martydb rotate --all`"))
}

fn secrets(landscape: &Landscape<'_>, passwords: &PasswordsToSeal) -> Result<Vec<PlainSecret>> {
    let mut all = vec![];
    for server in &landscape.servers {
        let password = passwords.admins[server.name].expose_secret();
        all.push(PlainSecret {
            name: server.admin_secret(),
            kind: "kubernetes.io/basic-auth",
            data: secret(admin_data(server, password)),
        });
    }
    for login in &landscape.logins {
        let (role, password) = &passwords.logins[&login.key];
        let values = address(landscape, login, role.as_str(), password.clone()).variables()?;
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

fn object(
    landscape: &Landscape<'_>,
    secret: &PlainSecret,
    values: &[Unsealed<'_>],
    sealer: &Sealer<'_>,
) -> Result<String> {
    let sealed = values.iter().map(|one| Ok((one.key.to_owned(), STANDARD.encode(sealer.sealed(one)?))));
    let metadata = ObjectMeta::of(landscape, &secret.name, None);
    let spec = SealedSecretSpec {
        encrypted_data: sealed.collect::<Result<_>>()?,
        template: SealedTemplate { metadata: metadata.clone(), r#type: secret.kind },
    };
    let (api_version, kind) = ("bitnami.com/v1alpha1", "SealedSecret");
    Ok(yaml_text(&KubernetesObject { api_version, kind, metadata, spec: Some(spec) }))
}
