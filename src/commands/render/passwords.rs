//! Input of `render sealed-secrets`: the passwords of the store and of the admins, and the certificate that they are
//! sealed for.

use std::collections::BTreeMap;

use secrecy::SecretString;
use time::OffsetDateTime;

use martydb_model::environment::Environment;
use martydb_model::error::{Error, Result};
use martydb_model::{RoleName, ServerName};
use martydb_render::{DeploymentPlan, PasswordsToSeal, RedisNode, SealingKey, redis_logins, stored_callers};
use martydb_secrets::credentials;
use martydb_secrets::{CredentialKey, Store};

/// # Errors
/// If the manifest has no certificate, or an expired one, or if a password is missing.
pub async fn read(plan: &DeploymentPlan<'_>, environment: &Environment) -> Result<PasswordsToSeal> {
    Ok(PasswordsToSeal {
        certificate: certificate(plan)?,
        logins: logins(plan, environment).await?,
        admins: admins(plan, environment)?,
        caller_keys: caller_keys(plan, environment).await?,
    })
}

/// Returns the digests of the callers' keys. A caller may have none yet.
async fn caller_keys(
    plan: &DeploymentPlan<'_>,
    environment: &Environment,
) -> Result<BTreeMap<String, SecretString>> {
    let (names, keys): (Vec<_>, Vec<_>) = stored_callers(plan).unzip();
    let found = Store::open(plan.manifest, environment).read_present(&keys).await?;
    let digests = names.into_iter().zip(&keys);
    let digests =
        digests.map(|(name, key)| Some((name.to_owned(), found.get(&key.server, &key.role)?.clone())));
    Ok(digests.flatten().collect())
}

fn certificate(plan: &DeploymentPlan<'_>) -> Result<SealingKey> {
    let Some(path) = &plan.manifest.deploy.sealing_certificate else {
        return Err(Error::manifest("the manifest has no certificate of a Sealed Secrets controller").hint(
            "write deploy: { sealed_secrets: { certificate: FILE } }, with a file that kubeseal --fetch-cert printed",
        ));
    };
    let pem = std::fs::read(path)
        .map_err(|error| Error::manifest(format!("cannot read {}", path.display())).cause(error))?;
    let key = SealingKey::parse(&pem)?;
    if key.until < OffsetDateTime::now_utc().unix_timestamp() {
        return Err(Error::manifest(format!("the certificate {} has expired", path.display()))
            .hint("the controller has a newer one: kubeseal --fetch-cert prints it"));
    }
    Ok(key)
}

async fn logins(
    plan: &DeploymentPlan<'_>,
    environment: &Environment,
) -> Result<BTreeMap<CredentialKey, (RoleName, SecretString)>> {
    let store = Store::open(plan.manifest, environment);
    let keys: Vec<CredentialKey> = plan.logins.iter().map(|login| login.key.clone()).collect();
    let mut all = BTreeMap::new();
    for kept in store.settled(&keys).await? {
        let Some(login) = kept.logins().into_iter().find(|login| login.in_use) else {
            // The store reports why it has no password.
            let found = store.read(std::slice::from_ref(&kept.key)).await?;
            found.require(&kept.key.server, &kept.key.role)?;
            continue;
        };
        all.insert(kept.key.clone(), (login.login, login.password));
    }
    let users: Vec<CredentialKey> = redis_logins(plan.manifest).map(|login| login.key).collect();
    let found = store.read(&users).await?;
    for key in users {
        // A user of martydb's own has a password only after it was made.
        if key.further && found.lacks(&key) {
            continue;
        }
        let (_, password) = found.require(&key.server, &key.role)?;
        all.insert(key.clone(), (key.role.clone(), password.clone()));
    }
    Ok(all)
}

fn admins(
    plan: &DeploymentPlan<'_>,
    environment: &Environment,
) -> Result<BTreeMap<ServerName, SecretString>> {
    let only = plan.servers.len() == 1;
    let one = |server: &martydb_render::ServerNode<'_>| {
        let password = credentials::admin_password(environment, server.url, only).ok_or_else(|| {
            let message = format!("no password for the admin of server \"{}\"", server.name);
            Error::manifest(message).hint(format!("set the variable {}", server.password_variable))
        });
        Ok((server.name.to_owned(), password?))
    };
    let redis = |node: &RedisNode<'_>| {
        let password = credentials::redis_password(environment, node.server)?.ok_or_else(|| {
            let message = format!("no password for the admin of server \"{}\"", node.server.name);
            Error::manifest(message).hint(format!("set the variable {}", node.password_variable))
        });
        Ok((node.server.name.clone(), password?))
    };
    plan.servers.iter().map(one).chain(plan.redis.iter().map(redis)).collect()
}
