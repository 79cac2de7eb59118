//! The Secrets that the other objects refer to, fetched by the External Secrets Operator: <https://external-secrets.io/latest/api/externalsecret/>.
//! Each has the keys that `secrets export --format kubernetes` gives it; the operator fills the password in.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Serialize;

use super::objects::{KubernetesObject, Labels, ObjectMeta};
use super::servers::{PASSWORD, admin_secret};
use crate::connection_string::Parts;
use crate::error::{Error, Result};
use crate::model::RoleKind;
use crate::model::deploy::SecretStore;
use crate::render::landscape::{Landscape, ServerNode, ServiceNode};
use crate::report::yaml_text;
use crate::secrets::CredentialKey;

/// Stands for the password until the template is written: nothing in it is escaped anywhere.
const SENTINEL: &str = "MARTYDB0PASSWORD0OF0THIS0LOGIN0";

/// In a URL all but letters, digits and `-._~` is escaped; Go's escaping for queries does that, but for the space:
/// <https://pkg.go.dev/net/url#QueryEscape>.
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

/// # Errors
/// If the manifest names no store that the secrets are fetched from.
pub fn documents(landscape: &Landscape<'_>) -> Result<String> {
    let Some(store) = &landscape.manifest.deploy.secret_store else {
        return Err(Error::manifest("the manifest does not say where the cluster fetches its secrets")
            .hint("name the store: deploy: { secret_store: { name: vault } }"));
    };
    let mut taken = BTreeMap::new();
    let mut own = |key: String, whose: String| match taken.insert(key.clone(), whose.clone()) {
        None => Ok(key),
        Some(other) => {
            Err(Error::manifest(format!("{other} and {whose} would both have the secret \"{key}\""))
                .hint("write {role} and {server} into deploy: { secret_store: { key: … } }"))
        }
    };
    let env = &landscape.manifest.env;
    let mut texts = vec![];
    for server in &landscape.servers {
        let key = fill(&store.admin_key, env, &server.url.user, server.name, "");
        let key = own(key, format!("the admin of server \"{}\"", server.name))?;
        texts.push(of_admin(landscape, store, server, key));
    }
    for node in &landscape.services {
        for kind in RoleKind::LOGINS {
            let service = node.service;
            let role = service.role(kind).as_str();
            let key = fill(&store.key, env, role, &service.server, service.name.as_str());
            let key = own(key, format!("\"{role}\" on server \"{}\"", service.server))?;
            texts.push(of_login(landscape, store, node, kind, key)?);
        }
    }
    Ok(texts.iter().map(|text| format!("---\n{text}")).collect())
}

/// As the operator CloudNativePG takes it too.
fn of_admin(landscape: &Landscape<'_>, store: &SecretStore, server: &ServerNode<'_>, key: String) -> String {
    let data =
        [("username".to_owned(), literal(&server.url.user)), (PASSWORD.to_owned(), AS_IT_IS.to_owned())];
    object(landscape, store, admin_secret(server), "kubernetes.io/basic-auth", data.into(), key)
}

fn of_login(
    landscape: &Landscape<'_>,
    store: &SecretStore,
    node: &ServiceNode<'_>,
    kind: RoleKind,
    key: String,
) -> Result<String> {
    let values = address(landscape, node, kind).variables()?;
    let data = values.into_iter().map(|(name, value)| {
        let password = if name == "DATABASE_URL" { IN_URL } else { AS_IT_IS };
        (name, literal(&value).replace(SENTINEL, password))
    });
    let name = CredentialKey::new(node.service, kind).secret_name();
    Ok(object(landscape, store, name, "Opaque", data.collect(), key))
}

/// Where applications connect with this login; migrations go straight to the server.
fn address(landscape: &Landscape<'_>, node: &ServiceNode<'_>, kind: RoleKind) -> Parts {
    let (manifest, service) = (landscape.manifest, node.service);
    let (user, database) = (service.role(kind).as_str(), service.database.as_str());
    let password = Some(SecretString::from(SENTINEL));
    let url = manifest.app_urls[&service.name].write.as_ref().filter(|_| kind != RoleKind::Migrator);
    match url {
        Some(url) => Parts::through(url, user, password, database),
        None => Parts::new(&landscape.server(&service.server).url.endpoint(), user, password, database),
    }
}

fn object(
    landscape: &Landscape<'_>,
    store: &SecretStore,
    name: String,
    kind: &'static str,
    data: BTreeMap<String, String>,
    key: String,
) -> String {
    let metadata = ObjectMeta::of(landscape, &name, None);
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
    yaml_text(&KubernetesObject { api_version, kind, metadata, spec: Some(spec) })
}

fn fill(template: &str, env: &str, role: &str, server: &str, service: &str) -> String {
    let all = [("{env}", env), ("{role}", role), ("{server}", server), ("{service}", service)];
    all.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// A text in which the template's engine fills nothing in.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}
