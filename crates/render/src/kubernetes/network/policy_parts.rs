//! Parts of network policies: peers, ports and rules.

use serde_json::{Value, json};

use crate::deployment::DeploymentPlan;
use crate::kubernetes::objects::{Labels, NAME, RenderedObject, object, plain_metadata, selector};
use martydb_model::error::{Error, Result};

/// Label with the name of a namespace:
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name>.
pub(crate) const NAMESPACE: &str = "kubernetes.io/metadata.name";

/// Function that returns the labels of the pods behind a server's host.
pub(crate) type PodLabels = fn(&str) -> Labels;

/// Pods through which clients connect to a server's databases.
#[derive(Clone, Copy)]
pub(crate) struct EntryPods {
    pub server: PodLabels,
    /// Pods behind a host at which only replicas are.
    pub replica: PodLabels,
    /// Pods of its pooler, if any. Only services connect through it.
    pub pooler: Option<PodLabels>,
}

pub(crate) fn policy(plan: &DeploymentPlan<'_>, name: &str, spec: Value) -> RenderedObject {
    object(("networking.k8s.io/v1", "NetworkPolicy"), plain_metadata(plan, name), spec)
}

/// Returns the peer that these labels select in the namespace.
pub(crate) fn pods(labels: &Labels) -> Value {
    json!({ "podSelector": selector(labels) })
}

/// Returns the labels of all pods of a program.
pub(crate) fn named(name: &str) -> Labels {
    [(NAME.to_owned(), name.to_owned())].into()
}

/// Returns the rule for a server's peers. `name` is the server, in words.
///
/// # Errors
/// If there are none: the server is external, and the manifest does not declare its networks.
pub(crate) fn to_peers(to: Vec<Value>, port: u16, name: &str, host: &str) -> Result<Value> {
    if to.is_empty() {
        let message = format!("{name} is at {host}, which is not deployed here");
        return Err(Error::manifest(message).hint(
            "name its networks, so that its clients may connect to it: deploy: { cidrs: [10.20.0.0/24] }",
        ));
    }
    Ok(json!({ "to": to, "ports": [tcp(port)] }))
}

/// Returns the networks of an external server.
pub(crate) fn networks(cidrs: &[String]) -> impl Iterator<Item = Value> {
    cidrs.iter().map(|cidr| json!({ "ipBlock": { "cidr": cidr } }))
}

/// Returns a rule for any peer.
pub(crate) fn to_port(port: Value) -> Value {
    json!({ "ports": [port] })
}

pub(crate) fn tcp(port: u16) -> Value {
    json!({ "protocol": "TCP", "port": port })
}
