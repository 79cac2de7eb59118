//! Network policies: nothing by default, then one policy for each server and each service, derived from the same
//! pairs as the databases' privileges. <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

use serde::Serialize;

use super::objects::{
    KubernetesObject, LabelSelector, Labels, MARTYDB, NAME, ObjectMeta, RELAY, RenderedObject, workload,
};
use crate::render::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use martydb_model::error::{Error, Result};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySpec {
    pub pod_selector: LabelSelector,
    pub policy_types: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<PolicyRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<PolicyRule>,
}

/// Peers and ports of a rule. Without peers it matches every peer, without ports every port.
#[derive(Serialize, Default)]
pub struct PolicyRule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Peer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Peer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PolicyPort>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    #[serde(untagged)]
    Pods {
        #[serde(rename = "podSelector")]
        pods: LabelSelector,
    },
    #[serde(untagged)]
    Elsewhere {
        #[serde(rename = "namespaceSelector")]
        namespace: LabelSelector,
        #[serde(rename = "podSelector")]
        pods: LabelSelector,
    },
    #[serde(untagged)]
    Network {
        #[serde(rename = "ipBlock")]
        block: IpBlock,
    },
}

#[derive(Serialize)]
pub struct IpBlock {
    pub cidr: String,
}

#[derive(Serialize)]
pub struct PolicyPort {
    pub protocol: &'static str,
    pub port: u16,
}

/// Label with the name of a namespace:
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name>.
pub const NAMESPACE: &str = "kubernetes.io/metadata.name";

pub const INGRESS: &str = "Ingress";
pub const EGRESS: &str = "Egress";

/// Function that returns the labels of the pods behind a server's host.
pub type PodLabels = fn(&str) -> Labels;

/// Pods through which clients connect to a server's databases.
#[derive(Clone, Copy)]
pub struct EntryPods {
    pub server: PodLabels,
    /// Pods of its pooler, if any. Only services connect through it.
    pub pooler: Option<PodLabels>,
}

/// Returns all policies.
///
/// # Errors
/// If a server is external and the manifest does not declare its networks.
pub fn all(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<Vec<RenderedObject>> {
    let everything = || LabelSelector::default();
    let deny = PolicySpec {
        pod_selector: everything(),
        policy_types: vec![INGRESS, EGRESS],
        ingress: vec![],
        egress: vec![],
    };
    let dns = PolicySpec {
        pod_selector: everything(),
        policy_types: vec![EGRESS],
        ingress: vec![],
        egress: vec![name_servers()],
    };
    let mut all = vec![policy(plan, "default-deny", deny), policy(plan, "allow-dns", dns)];
    for server in &plan.servers {
        all.extend(server.host.as_deref().map(|host| of_server(plan, host, server, doors)));
    }
    for service in &plan.services {
        all.push(of_service(plan, service, doors)?);
    }
    all.push(of_martydb(plan, doors)?);
    Ok(all)
}

pub fn policy(plan: &DeploymentPlan<'_>, name: &str, spec: PolicySpec) -> RenderedObject {
    let metadata = ObjectMeta::new(plan, name, None);
    KubernetesObject {
        api_version: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata,
        spec: Some(spec),
    }
    .rendered()
}

/// Returns the rule for the cluster's DNS.
fn name_servers() -> PolicyRule {
    let namespace = [(NAMESPACE.to_owned(), "kube-system".to_owned())];
    let pods = [("k8s-app".to_owned(), "kube-dns".to_owned())];
    PolicyRule {
        to: vec![Peer::Elsewhere {
            namespace: LabelSelector::new(namespace.into()),
            pods: LabelSelector::new(pods.into()),
        }],
        ports: vec![PolicyPort { protocol: "UDP", port: 53 }, PolicyPort { protocol: "TCP", port: 53 }],
        ..PolicyRule::default()
    }
}

fn of_server(
    plan: &DeploymentPlan<'_>,
    host: &str,
    server: &ServerNode<'_>,
    doors: EntryPods,
) -> RenderedObject {
    let clients = plan.services.iter().filter(|node| server.clients.contains(&node.service.name));
    let relay = plan.has_outbox(server).then(|| named(RELAY));
    let clients = clients.map(|node| node.pods.selector.clone()).chain([named(MARTYDB)]).chain(relay);
    let clients = clients.chain(doors.pooler.map(|pods| pods(host)));
    let spec = PolicySpec {
        pod_selector: LabelSelector::new((doors.server)(host)),
        policy_types: vec![INGRESS],
        ingress: vec![PolicyRule {
            from: clients.map(|labels| Peer::Pods { pods: LabelSelector::new(labels) }).collect(),
            ports: vec![tcp(server.url.port)],
            ..PolicyRule::default()
        }],
        egress: vec![],
    };
    policy(plan, workload(host), spec)
}

/// Returns the policy of a service: its programs may connect to its databases and the other services. Further
/// clients need policies of their own.
fn of_service(plan: &DeploymentPlan<'_>, node: &ServiceNode<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let databases =
        plan.servers_of(node).map(|server| to_server(server, doors)).collect::<Result<Vec<_>>>()?;
    let others = plan.services.iter().filter(|other| other.label != node.label);
    let others = others.filter_map(|other| {
        let pods = LabelSelector::new(other.pods.selector.clone());
        Some(PolicyRule {
            to: vec![Peer::Pods { pods }],
            ports: vec![tcp(other.pods.port?)],
            ..PolicyRule::default()
        })
    });
    let own = node.pods.port.map(|port| PolicyRule { ports: vec![tcp(port)], ..PolicyRule::default() });
    let spec = PolicySpec {
        pod_selector: LabelSelector::new(node.pods.selector.clone()),
        policy_types: [own.is_some().then_some(INGRESS), Some(EGRESS)].into_iter().flatten().collect(),
        ingress: own.into_iter().collect(),
        egress: databases.into_iter().chain(others).collect(),
    };
    Ok(policy(plan, &format!("service-{}", node.label), spec))
}

fn of_martydb(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let straight = EntryPods { pooler: None, ..doors };
    let spec = PolicySpec {
        pod_selector: LabelSelector::new(named(MARTYDB)),
        policy_types: vec![EGRESS],
        ingress: vec![],
        egress: plan.servers.iter().map(|server| to_server(server, straight)).collect::<Result<_>>()?,
    };
    Ok(policy(plan, MARTYDB, spec))
}

/// Returns the labels of all pods of a program.
fn named(name: &str) -> Labels {
    [(NAME.to_owned(), name.to_owned())].into()
}

pub fn to_server(server: &ServerNode<'_>, doors: EntryPods) -> Result<PolicyRule> {
    let outside =
        || server.deploy.cidrs.iter().map(|cidr| Peer::Network { block: IpBlock { cidr: cidr.clone() } });
    let to: Vec<Peer> = match &server.host {
        Some(host) => {
            let pods = [Some(doors.server), doors.pooler].into_iter().flatten();
            pods.map(|pods| Peer::Pods { pods: LabelSelector::new(pods(host)) }).collect()
        }
        None => outside().collect(),
    };
    if to.is_empty() {
        let message =
            format!("the server \"{}\" is at {}, which is not deployed here", server.name, server.url.host);
        return Err(Error::manifest(message).hint(
            "name its networks, so that its clients may connect to it: deploy: { cidrs: [10.20.0.0/24] }",
        ));
    }
    Ok(PolicyRule { to, ports: vec![tcp(server.url.port)], ..PolicyRule::default() })
}

/// Returns a rule for any peer.
pub fn to_port(port: PolicyPort) -> PolicyRule {
    PolicyRule { ports: vec![port], ..PolicyRule::default() }
}

pub fn tcp(port: u16) -> PolicyPort {
    PolicyPort { protocol: "TCP", port }
}
