//! Probes of a container:
//! <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerProbe {
    #[serde(flatten)]
    pub action: ProbeAction,
    pub period_seconds: u32,
    pub timeout_seconds: u32,
    pub failure_threshold: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProbeAction {
    Exec { command: Vec<String> },
    HttpGet { path: &'static str, port: &'static str, scheme: &'static str },
}

impl ContainerProbe {
    /// Creates a probe that queries a path over HTTPS; the kubelet verifies no certificate.
    pub fn https(
        path: &'static str,
        port: &'static str,
        period_seconds: u32,
        failure_threshold: u32,
    ) -> ContainerProbe {
        let action = ProbeAction::HttpGet { path, port, scheme: "HTTPS" };
        ContainerProbe { action, period_seconds, timeout_seconds: 5, failure_threshold }
    }
}
