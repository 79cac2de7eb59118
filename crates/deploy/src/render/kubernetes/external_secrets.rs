//! Secrets for the other objects, fetched by the External Secrets Operator:
//! <https://external-secrets.io/latest/api/externalsecret/>. Each has the keys of `secrets export --format
//! kubernetes`; the operator inserts the password.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Serialize;

use super::addresses::{address, admin_data};
use super::objects::{KubernetesObject, Labels, ObjectMeta, RenderedObject};
use crate::render::deployment::{DeploymentPlan, LoginNode, ServerNode};
use martydb_model::deploy::SecretStore;
use martydb_model::error::{Error, Result};

/// Placeholder for the password in the template; it contains no character that is escaped anywhere.
const SENTINEL: &str = "MARTYDB0PASSWORD0OF0THIS0LOGIN0";

/// Template for the password in a URL, which has to escape all but letters, digits and `-._~`. Go's escaping of
/// queries does that, except for the space: <https://pkg.go.dev/net/url#QueryEscape>.
const IN_URL: &str = "{{ .password | urlquery | replace \"+\" \"%20\" }}";

const AS_IT_IS: &str = "{{ .password }}";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalSecretSpec {
    refresh_interval: &'static str,
    secret_store_ref: StoreRef,
    target: SecretTarget,
    data: Vec<FetchedValue>,
}

#[derive(Serialize)]
struct StoreRef {
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretTarget {
    name: String,
    creation_policy: &'static str,
    template: SecretTemplate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretTemplate {
    engine_version: &'static str,
    r#type: &'static str,
    metadata: TemplateLabels,
    data: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct TemplateLabels {
    labels: Labels,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FetchedValue {
    secret_key: &'static str,
    remote_ref: RemoteRef,
}

#[derive(Serialize)]
struct RemoteRef {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<String>,
}

/// Returns the objects.
///
/// # Errors
/// If the manifest names no secret store.
pub fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
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
        all.push(of_admin(plan, store, server, key));
    }
    for login in &plan.logins {
        let (role, server) = (login.key.role.as_str(), &login.key.server);
        let key = fill(&store.key, env, role, server, login.key.service.as_str());
        let key = own(key, format!("\"{role}\" on server \"{server}\""))?;
        all.push(of_login(plan, store, login, key)?);
    }
    Ok(all)
}

fn of_admin(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    server: &ServerNode<'_>,
    key: String,
) -> RenderedObject {
    let data = admin_data(server, SENTINEL).map(|(name, value)| (name, filled(&value, AS_IT_IS)));
    object(plan, store, server.admin_secret(), "kubernetes.io/basic-auth", data.into(), key)
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
    Ok(object(plan, store, login.key.secret_name(), "Opaque", data.collect(), key))
}

fn object(
    plan: &DeploymentPlan<'_>,
    store: &SecretStore,
    name: String,
    kind: &'static str,
    data: BTreeMap<String, String>,
    key: String,
) -> RenderedObject {
    let metadata = ObjectMeta::new(plan, &name, None);
    let spec = ExternalSecretSpec {
        refresh_interval: "1h",
        secret_store_ref: StoreRef { kind: store.kind.name(), name: store.name.clone() },
        target: SecretTarget {
            name,
            creation_policy: "Owner",
            template: SecretTemplate {
                engine_version: "v2",
                r#type: kind,
                metadata: TemplateLabels { labels: metadata.labels.clone() },
                data,
            },
        },
        data: vec![FetchedValue {
            secret_key: "password",
            remote_ref: RemoteRef { key, property: store.property.clone() },
        }],
    };
    let (api_version, kind) = ("external-secrets.io/v1", "ExternalSecret");
    KubernetesObject { api_version, kind, metadata, spec: Some(spec) }.rendered()
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
