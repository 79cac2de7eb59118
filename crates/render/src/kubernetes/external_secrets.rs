//! Secrets for the other objects, fetched by the External Secrets Operator:
//! <https://external-secrets.io/latest/api/externalsecret/>. Each has the keys of `secrets export --format
//! kubernetes`; the operator inserts the password.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Value, json};

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
    let secrets = StoredSecrets { plan, store };
    let mut taken = BTreeMap::new();
    let mut own = |key: String, whose: String| match taken.insert(key.clone(), whose.clone()) {
        None => Ok(key),
        Some(other) => Err(Error::manifest(format!("{other} and {whose} would share the secret \"{key}\""))
            .hint("write {role} and {server} into deploy: { secret_store: { key: … } }")),
    };
    let env = &plan.manifest.env;
    let mut all = vec![];
    let admins = plan.servers.iter().map(|one| (one.name, one.url.user.as_str(), one.admin_secret()));
    let on_redis = plan.redis.iter();
    let on_redis = on_redis.map(|one| (&*one.server.name, one.server.user.as_str(), one.admin_secret()));
    for (server, user, secret) in admins.chain(on_redis) {
        let key = fill(&store.admin_key, env, user, server, "");
        all.push(secrets.admin(&secret, user, own(key, format!("the admin of server \"{server}\""))?));
    }
    let mut login_entry = |key: &CredentialKey| {
        let (role, server) = (key.role.as_str(), &key.server);
        let entry = fill(&store.key, env, role, server, key.service.as_str());
        own(entry, format!("\"{role}\" on server \"{server}\""))
    };
    for login in redis::logins(plan.manifest) {
        let key = login_entry(&login.key)?;
        let values = redis::variables(login.server, &login.user, &SENTINEL.into());
        let data = values.map(|(name, value)| {
            let password = if name == redis::URL { IN_URL } else { AS_IT_IS };
            (name.to_owned(), filled(&value, password))
        });
        all.push(secrets.object(&login.key.secret_name(), "Opaque", data.into(), key));
    }
    for login in &plan.logins {
        let key = login_entry(&login.key)?;
        all.push(secrets.login(login, key)?);
    }
    if caller_keys::stored(plan).next().is_some() {
        all.push(secrets.caller_keys());
    }
    for listener in listener::deployed(plan) {
        let key = store.metrics_key.replace("{env}", env).replace("{program}", listener.program);
        let key = own(key, format!("the metrics of {}", listener.program))?;
        all.push(secrets.listener(listener, key));
    }
    Ok(all)
}

/// Secrets of the deployment, as the cluster fetches them from its store.
struct StoredSecrets<'a> {
    plan: &'a DeploymentPlan<'a>,
    store: &'a SecretStore,
}

impl StoredSecrets<'_> {
    /// Returns the object of the digests of callers' keys, each from an entry of its own.
    fn caller_keys(&self) -> RenderedObject {
        let StoredSecrets { plan, store } = self;
        let keys = caller_keys::stored(plan).map(|(caller, key)| {
            let (role, service) = (key.role.as_str(), key.service.as_str());
            (caller, fill(&store.key, &plan.manifest.env, role, &key.server, service))
        });
        // A caller may have no key, or none any more: a missing entry is not an error, and its digest does not stay.
        let target = json!({ "name": CALLER_KEYS, "creationPolicy": "Owner", "deletionPolicy": "Delete" });
        self.fetched(CALLER_KEYS, target, keys)
    }

    /// Returns the object of the users that may read a program's metrics: one, for Prometheus.
    fn listener(&self, listener: &PodListener, key: String) -> RenderedObject {
        let users = format!("{USER}:{AS_IT_IS}");
        let data = [("users", users), ("username", USER.to_owned()), ("password", AS_IT_IS.to_owned())];
        let data = data.map(|(name, value)| (name.to_owned(), value));
        self.object(listener.users, "Opaque", data.into(), key)
    }

    fn admin(&self, name: &str, user: &str, key: String) -> RenderedObject {
        let data = admin_data(user, SENTINEL).map(|(name, value)| (name, filled(&value, AS_IT_IS)));
        self.object(name, "kubernetes.io/basic-auth", data.into(), key)
    }

    fn login(&self, login: &LoginNode<'_>, key: String) -> Result<RenderedObject> {
        let password = SecretString::from(SENTINEL);
        let values = address(self.plan, login, login.key.role.as_str(), password).variables()?;
        let data = values.into_iter().map(|(name, value)| {
            let password = if name == "DATABASE_URL" { IN_URL } else { AS_IT_IS };
            (name, filled(&value, password))
        });
        Ok(self.object(&login.key.secret_name(), "Opaque", data.collect(), key))
    }

    /// Returns an object whose data are made from one password.
    fn object(&self, name: &str, kind: &str, data: BTreeMap<String, String>, key: String) -> RenderedObject {
        let template = json!({
            "engineVersion": "v2",
            "type": kind,
            "metadata": { "labels": labels(self.plan) },
            "data": data,
        });
        let target = json!({ "name": name, "creationPolicy": "Owner", "template": template });
        self.fetched(name, target, [("password", key)].into_iter())
    }

    /// Returns an object with these keys, each from an entry of the store.
    fn fetched<'k>(
        &self,
        name: &str,
        target: Value,
        keys: impl Iterator<Item = (&'k str, String)>,
    ) -> RenderedObject {
        let StoredSecrets { plan, store } = self;
        let one = |(secret_key, key)| json!({ "secretKey": secret_key, "remoteRef": { "key": key, "property": store.property } });
        let spec = json!({
            "refreshInterval": "1h",
            "secretStoreRef": { "kind": store.kind.name(), "name": store.name },
            "target": target,
            "data": keys.map(one).collect::<Vec<Value>>(),
        });
        object(("external-secrets.io/v1", "ExternalSecret"), plain_metadata(plan, name), spec)
    }
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
