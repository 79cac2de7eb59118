//! Secrets for the other objects, fetched by the External Secrets Operator:
//! <https://external-secrets.io/latest/api/externalsecret/>. Each has the keys of `secrets export --format
//! kubernetes`; the operator inserts the password.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::json;

use super::listener::{self, PodListener, USER};
use super::objects::{RenderedObject, labels, object, plain_metadata};
use crate::caller_keys::{self, CALLER_KEYS};
use crate::deployment::{DeploymentPlan, LoginNode};
use crate::kubernetes::network::addresses::{address, admin_data};
use crate::redis;
use martydb_model::deploy::SecretStore;
use martydb_model::error::{Error, Result};
use martydb_secrets::CredentialKey;

/// Placeholder for the password in the template; it contains no character that is escaped anywhere.
const SENTINEL: &str = "MARTYDB0PASSWORD0OF0THIS0LOGIN0";

/// Template for the password in a URL, which has to escape all but letters, digits and `-._~`. Go's escaping of
/// queries does that, except for the space: <https://pkg.go.dev/net/url#QueryEscape>.
const IN_URL: &str = "{{ .password | urlquery | replace \"+\" \"%20\" }}";

const AS_IT_IS: &str = "{{ .password }}";

/// Returns the objects.
///
/// # Errors
/// If the manifest names no secret store.
pub(crate) fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let Some(store) = &plan.manifest.deploy.secret_store else {
        return Err(Error::manifest("the manifest names no secret store of the cluster")
            .hint("name the store: deploy: { secret_store: { name: vault } }"));
    };
    let mut taken = BTreeMap::new();
    let mut own = |key: String, whose: String| match taken.insert(key.clone(), whose.clone()) {
        None => Ok(key),
        Some(other) => Err(Error::manifest(format!("{other} and {whose} would share the secret \"{key}\""))
            .hint("write {role} and {server} into deploy: { secret_store: { key: … } }")),
    };
    let env = &plan.manifest.env;
    let mut all = vec![];
    for server in &plan.servers {
        let key = fill(&store.admin_key, env, &server.url.user, server.name, "");
        let key = own(key, format!("the admin of server \"{}\"", server.name))?;
        all.push(of_admin(plan, store, &server.admin_secret(), &server.url.user, key));
    }
    for node in &plan.redis {
        let (name, user) = (&node.server.name, &node.server.user);
        let key =
            own(fill(&store.admin_key, env, user, name, ""), format!("the admin of server \"{name}\""))?;
        all.push(of_admin(plan, store, &node.admin_secret(), user, key));
    }
    for login in redis::logins(plan.manifest) {
        let (role, server) = (login.key.role.as_str(), &login.key.server);
        let key = fill(&store.key, env, role, server, login.key.service.as_str());
        let key = own(key, format!("\"{role}\" on server \"{server}\""))?;
        let values = redis::variables(login.server, &login.user, &SENTINEL.into());
        let data = values.map(|(name, value)| {
            let password = if name == redis::URL { IN_URL } else { AS_IT_IS };
            (name.to_owned(), filled(&value, password))
        });
        all.push(external_secret(plan, store, &login.key.secret_name(), "Opaque", data.into(), key));
    }
    for login in &plan.logins {
        let (role, server) = (login.key.role.as_str(), &login.key.server);
        let key = fill(&store.key, env, role, server, login.key.service.as_str());
        let key = own(key, format!("\"{role}\" on server \"{server}\""))?;
        all.push(of_login(plan, store, login, key)?);
    }
    if caller_keys::stored(plan).next().is_some() {
        all.push(of_caller_keys(plan, store));
    }
    for listener in listener::deployed(plan) {
        let key = store.metrics_key.replace("{env}", env).replace("{program}", listener.program);
        let key = own(key, format!("the metrics of {}", listener.program))?;
        all.push(of_listener(plan, store, listener, key));
    }
    Ok(all)
}

/// Returns the object of the digests of callers' keys, each from an entry of its own.
fn of_caller_keys(plan: &DeploymentPlan<'_>, store: &SecretStore) -> RenderedObject {
    let one = |(caller, key): (&str, CredentialKey)| {
        let key = fill(&store.key, &plan.manifest.env, key.role.as_str(), &key.server, key.service.as_str());
        json!({ "secretKey": caller, "remoteRef": { "key": key, "property": store.property } })
    };
    let spec = json!({
        "refreshInterval": "1h",
        "secretStoreRef": { "kind": store.kind.name(), "name": store.name },
        // A caller may have no key, or none any more: a missing entry is no error, and its digest does not stay.
        "target": { "name": CALLER_KEYS, "creationPolicy": "Owner", "deletionPolicy": "Delete" },
        "data": caller_keys::stored(plan).map(one).collect::<Vec<_>>(),
    });
    object(("external-secrets.io/v1", "ExternalSecret"), plain_metadata(plan, CALLER_KEYS), spec)
}

/// Returns the object of the users that may read a program's metrics: one, for Prometheus.
fn of_listener(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    listener: &PodListener,
    key: String,
) -> RenderedObject {
    let users = format!("{USER}:{AS_IT_IS}");
    let data = [("users", users), ("username", USER.to_owned()), ("password", AS_IT_IS.to_owned())];
    let data = data.map(|(name, value)| (name.to_owned(), value));
    external_secret(plan, store, listener.users, "Opaque", data.into(), key)
}

fn of_admin(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    name: &str,
    user: &str,
    key: String,
) -> RenderedObject {
    let data = admin_data(user, SENTINEL).map(|(name, value)| (name, filled(&value, AS_IT_IS)));
    external_secret(plan, store, name, "kubernetes.io/basic-auth", data.into(), key)
}

fn of_login(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    login: &LoginNode<'_>,
    key: String,
) -> Result<RenderedObject> {
    let password = SecretString::from(SENTINEL);
    let values = address(plan, login, login.key.role.as_str(), password).variables()?;
    let data = values.into_iter().map(|(name, value)| {
        let password = if name == "DATABASE_URL" { IN_URL } else { AS_IT_IS };
        (name, filled(&value, password))
    });
    Ok(external_secret(plan, store, &login.key.secret_name(), "Opaque", data.collect(), key))
}

fn external_secret(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    name: &str,
    kind: &str,
    data: BTreeMap<String, String>,
    key: String,
) -> RenderedObject {
    let template = json!({
        "engineVersion": "v2",
        "type": kind,
        "metadata": { "labels": labels(plan) },
        "data": data,
    });
    let spec = json!({
        "refreshInterval": "1h",
        "secretStoreRef": { "kind": store.kind.name(), "name": store.name },
        "target": { "name": name, "creationPolicy": "Owner", "template": template },
        "data": [{ "secretKey": "password", "remoteRef": { "key": key, "property": store.property } }],
    });
    object(("external-secrets.io/v1", "ExternalSecret"), plain_metadata(plan, name), spec)
}

fn fill(template: &str, env: &str, role: &str, server: &str, service: &str) -> String {
    let all = [("{env}", env), ("{role}", role), ("{server}", server), ("{service}", service)];
    all.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn filled(value: &str, password: &str) -> String {
    literal(value).replace(SENTINEL, password)
}

/// Escapes a text so that the template engine expands nothing in it.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}
