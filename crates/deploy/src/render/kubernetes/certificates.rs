//! Certificates of cert-manager for the listeners in the cluster: <https://cert-manager.io/docs/usage/certificate/>.

use serde::Serialize;

use super::objects::*;
use crate::render::deployment::DeploymentPlan;

/// Folder of a server's certificate in its pod.
pub const FOLDER: &str = "/run/postgresql-tls";

/// Folder of the authorities of all servers in martydb's pods, one below it for each server.
const AUTHORITIES: &str = "/run/martydb/ca";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateSpec {
    secret_name: String,
    secret_template: CertificateSecret,
    dns_names: Vec<String>,
    issuer_ref: IssuerRef,
    private_key: PrivateKey,
}

#[derive(Serialize)]
struct CertificateSecret {
    labels: Labels,
}

#[derive(Serialize)]
struct IssuerRef {
    group: &'static str,
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrivateKey {
    algorithm: &'static str,
    rotation_policy: &'static str,
}

/// Returns the certificate for names of Services in the namespace, if the manifest declares an issuer.
pub fn certificate(plan: &DeploymentPlan<'_>, secret: &str, services: &[&str]) -> Option<RenderedObject> {
    let issuer = plan.manifest.deploy.issuer.as_ref()?;
    let namespace = &plan.namespace;
    let names = services.iter().flat_map(|service| {
        ["", ".{}", ".{}.svc", ".{}.svc.cluster.local"]
            .map(|rest| format!("{service}{}", rest.replace("{}", namespace)))
    });
    let metadata = ObjectMeta::new(plan, secret, None);
    // The label by which CloudNativePG reloads a renewed certificate.
    let reloads = [("cnpg.io/reload".to_owned(), String::new())];
    let spec = CertificateSpec {
        secret_name: secret.to_owned(),
        secret_template: CertificateSecret {
            labels: metadata.labels.clone().into_iter().chain(reloads).collect(),
        },
        dns_names: names.collect(),
        issuer_ref: IssuerRef { group: "cert-manager.io", kind: issuer.kind, name: issuer.name.clone() },
        private_key: PrivateKey { algorithm: "ECDSA", rotation_policy: "Always" },
    };
    let (api_version, kind) = ("cert-manager.io/v1", "Certificate");
    Some(KubernetesObject { api_version, kind, metadata, spec: Some(spec) }.rendered())
}

/// Returns the name of the Secret with a server's certificate.
pub fn server_secret(host: &str) -> String {
    format!("{}-tls", workload(host))
}

/// Returns the volume and the mount of a server's certificate, if the manifest declares an issuer. The file of the key
/// belongs to root and can be read by the pod's group, as PostgreSQL demands.
pub fn server_files(plan: &DeploymentPlan<'_>, host: &str) -> Option<(Volume, VolumeMount)> {
    plan.manifest.deploy.issuer.as_ref()?;
    Some((Volume::secret("tls", server_secret(host), &[]), VolumeMount::at("tls", FOLDER)))
}

/// Returns the arguments with which a server uses its certificate.
pub fn server_arguments(plan: &DeploymentPlan<'_>) -> Vec<String> {
    if plan.manifest.deploy.issuer.is_none() {
        return vec![];
    }
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={FOLDER}/tls.crt"),
        format!("ssl_key_file={FOLDER}/tls.key"),
    ];
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// Returns the volumes and the mounts of the servers' authorities in martydb's pods.
pub fn authorities(plan: &DeploymentPlan<'_>) -> Vec<(Volume, VolumeMount)> {
    let deployed = plan.manifest.deploy.issuer.iter().flat_map(|_| &plan.servers);
    let one = |(server, host): (&str, &str)| {
        let name = format!("ca-{}", martydb_model::deploy::label(server));
        let mount = VolumeMount::at(&name, &format!("{AUTHORITIES}/{server}"));
        (Volume::secret(&name, server_secret(host), &["ca.crt"]), mount)
    };
    deployed.filter_map(|server| Some((server.name, server.host.as_deref()?))).map(one).collect()
}
