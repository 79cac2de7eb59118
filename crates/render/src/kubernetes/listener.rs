//! Listeners of the monitor, the relay and the data service in the cluster: Service, certificate, port, probes and Secrets.

use serde_json::json;

use super::certificates;
use super::objects::*;
use super::tool_pod::PodExtras;
use crate::deployment::DeploymentPlan;

/// Name of a port that serves metrics alone.
const METRICS: &str = "metrics";

/// Name in the file of users, and in the Secret with it.
pub(crate) const USER: &str = "prometheus";

/// Listener of a program.
pub(crate) struct PodListener {
    pub program: &'static str,
    /// Name label of its pods.
    pub name: &'static str,
    pub port: u16,
    pub port_name: &'static str,
    /// Secret with its certificate.
    pub tls: &'static str,
    /// Secret with its users.
    pub users: &'static str,
}

pub(crate) const OF_MONITOR: PodListener = PodListener {
    program: MONITOR,
    name: MARTYDB,
    port: 9187,
    port_name: METRICS,
    tls: "martydb-monitor-tls",
    users: "martydb-monitor-users",
};

pub(crate) const OF_RELAY: PodListener = PodListener {
    program: RELAY,
    name: RELAY,
    port: 9188,
    port_name: METRICS,
    tls: "martydb-relay-tls",
    users: "martydb-relay-users",
};

pub(crate) const OF_SERVE: PodListener = PodListener {
    program: SERVE,
    name: SERVE,
    port: 8480,
    port_name: "https",
    tls: "martydb-serve-tls",
    users: "martydb-serve-users",
};

/// Arguments of a program with the files of its Secrets.
pub(crate) const FILES: [&str; 6] = [
    "--tls-certificate", "/run/martydb/tls/tls.crt", "--tls-key", "/run/martydb/tls/tls.key", "--users",
    "/run/martydb/users/users",
];

/// Returns the listeners that are deployed.
pub(crate) fn deployed(plan: &DeploymentPlan<'_>) -> impl Iterator<Item = &'static PodListener> {
    let monitor = plan.runs_monitor().then_some(&OF_MONITOR);
    let relay = plan.measures_relay().then_some(&OF_RELAY);
    monitor.into_iter().chain(relay).chain(plan.serves().then_some(&OF_SERVE))
}

impl PodListener {
    /// Returns the labels of its pods and of its Service.
    pub(crate) fn labels(&self) -> Labels {
        pod_labels(self.name, self.program)
    }

    /// Returns the Service, and the certificate if the manifest declares an issuer.
    pub(crate) fn objects(&self, plan: &DeploymentPlan<'_>) -> impl Iterator<Item = RenderedObject> + use<> {
        let spec = json!({ "selector": self.labels(), "ports": [service_port(self.port_name, self.port)] });
        let metadata = pods_metadata(plan, self.program, self.name, self.program);
        let service = object(("v1", "Service"), metadata, spec);
        let certificate = certificates::certificate(plan, self.tls, &[self.program]);
        [service].into_iter().chain(certificate)
    }

    /// Returns the port, the probes and the files of the Secrets for its pod.
    pub(crate) fn extras(&self) -> PodExtras {
        // The kubelet verifies no certificate.
        let get =
            |path: &str| json!({ "httpGet": { "path": path, "port": self.port_name, "scheme": "HTTPS" } });
        let files = [("tls", self.tls, "/run/martydb/tls"), ("users", self.users, "/run/martydb/users")];
        PodExtras {
            ports: vec![container_port(self.port_name, self.port)],
            readiness: Some(probe(get("/ready"), 10, 3)),
            liveness: Some(probe(get("/live"), 20, 6)),
            volumes: files.map(|(name, secret, _)| secret_volume(name, secret, &[])).into(),
            mounts: files.map(|(name, _, folder)| mount(name, folder)).into(),
            ..PodExtras::default()
        }
    }
}
