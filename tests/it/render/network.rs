//! Connections that rendered NetworkPolicies allow between pods, as Kubernetes reads them:
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.

use std::collections::BTreeMap;

use serde_yaml::Value;

pub(crate) type Labels = BTreeMap<String, String>;

/// The documents of a file.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    let all = text.split("---\n").skip(1);
    all.map(|text| serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

/// The label that a service's pods have by default.
pub(crate) fn name(service: &str) -> Labels {
    [("app.kubernetes.io/name".to_owned(), service.replace('_', "-"))].into()
}

pub(crate) struct Cluster {
    policies: Vec<Value>,
    /// The labels of the pods of each StatefulSet, Deployment, Cluster or Pooler.
    servers: BTreeMap<String, Labels>,
}

impl Cluster {
    pub(crate) fn read(text: &str) -> Cluster {
        let objects = objects(text);
        let servers = objects.iter().filter_map(|object| {
            let name = object["metadata"]["name"].as_str()?.to_owned();
            let labels = match object["kind"].as_str()? {
                "StatefulSet" | "Deployment" => labels(&object["spec"]["template"]["metadata"]["labels"]),
                // Labels that the operator gives its pods, and those that it copies from the object.
                "Cluster" => {
                    let own = ("cnpg.io/cluster".to_owned(), name.clone());
                    labels(&object["spec"]["inheritedMetadata"]["labels"]).into_iter().chain([own]).collect()
                }
                // Older operators give its pods only this label, newer ones the server's too.
                "Pooler" => [("cnpg.io/poolerName".to_owned(), name.clone())].into(),
                _ => return None,
            };
            Some((name, labels))
        });
        Cluster {
            servers: servers.collect(),
            policies: objects.iter().filter(|object| object["kind"] == "NetworkPolicy").cloned().collect(),
        }
    }

    /// Returns `true` if pods with these labels may open a connection to a server's.
    pub(crate) fn reaches(&self, from: &Labels, server: &str, port: u16) -> bool {
        let to = &self.servers[server];
        let out =
            self.admits(from, "Egress", "egress", "to", port, &|peer| selects(&peer["podSelector"], to));
        out && self
            .admits(to, "Ingress", "ingress", "from", port, &|peer| selects(&peer["podSelector"], from))
    }

    /// Returns `true` if the pods of one server or pooler may open a connection to another's.
    pub(crate) fn passes(&self, from: &str, server: &str, port: u16) -> bool {
        self.reaches(&self.servers[from], server, port)
    }

    /// Returns `true` if the pods of a workload may open a connection to pods of another namespace.
    pub(crate) fn reaches_namespace(&self, from: &str, namespace: &str, port: u16) -> bool {
        let named = [("kubernetes.io/metadata.name".to_owned(), namespace.to_owned())].into();
        let there = |peer: &Value| selects(&peer["namespaceSelector"], &named);
        self.lets(&self.servers[from], "Egress", "egress", "to", port, &there)
    }

    /// Returns `true` if pods of another namespace may open a connection to a workload.
    pub(crate) fn admits_from(&self, namespace: &str, pod: &Labels, to: &str, port: u16) -> bool {
        let named = [("kubernetes.io/metadata.name".to_owned(), namespace.to_owned())].into();
        let from =
            |peer: &Value| selects(&peer["namespaceSelector"], &named) && selects(&peer["podSelector"], pod);
        self.lets(&self.servers[to], "Ingress", "ingress", "from", port, &from)
    }

    /// Returns `true` if pods with these labels may open a connection into a network outside.
    pub(crate) fn reaches_network(&self, from: &Labels, cidr: &str, port: u16) -> bool {
        self.admits(from, "Egress", "egress", "to", port, &|peer| peer["ipBlock"]["cidr"] == cidr)
    }

    /// Returns `true` if a peer of the own namespace is admitted.
    fn admits(
        &self,
        pod: &Labels,
        kind: &str,
        key: &str,
        side: &str,
        port: u16,
        peer: &dyn Fn(&Value) -> bool,
    ) -> bool {
        self.lets(pod, kind, key, side, port, &|one| own_namespace(one) && peer(one))
    }

    /// A pod that no policy of a type selects is open; otherwise one of them must admit the peer.
    fn lets(
        &self,
        pod: &Labels,
        kind: &str,
        key: &str,
        side: &str,
        port: u16,
        peer: &dyn Fn(&Value) -> bool,
    ) -> bool {
        let spec = |policy: &Value| policy["spec"].clone();
        let specs = self.policies.iter().map(spec).filter(|spec| {
            let types = spec["policyTypes"].as_sequence().unwrap();
            types.iter().any(|one| one == kind) && selects(&spec["podSelector"], pod)
        });
        let specs: Vec<Value> = specs.collect();
        let rules = specs.iter().filter_map(|spec| spec[key].as_sequence()).flatten();
        specs.is_empty()
            || rules.into_iter().any(|rule| {
                let ports = rule["ports"].as_sequence();
                let peers = rule[side].as_sequence();
                ports.is_none_or(|all| all.iter().any(|one| one["port"] == port && one["protocol"] == "TCP"))
                    && peers.is_none_or(|peers| peers.iter().any(peer))
            })
    }
}

fn own_namespace(peer: &Value) -> bool {
    peer.get("namespaceSelector").is_none()
}

/// No selector selects nothing, an empty one everything.
fn selects(selector: &Value, pod: &Labels) -> bool {
    !selector.is_null()
        && labels(&selector["matchLabels"]).iter().all(|(key, value)| pod.get(key) == Some(value))
}

fn labels(value: &Value) -> Labels {
    let pair = |(key, value): (&Value, &Value)| {
        (key.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
    };
    value.as_mapping().into_iter().flatten().map(pair).collect()
}
