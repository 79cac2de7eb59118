//! Certificates of cert-manager for the listeners in the cluster: <https://cert-manager.io/docs/usage/certificate/>.

use serde_json::{Value, json};

use super::objects::*;
use crate::deployment::DeploymentPlan;
use crate::redis::here;

/// Folder of a server's certificate in its pod.
pub(crate) const FOLDER: &str = "/run/postgresql-tls";

/// Folder of the authorities of all servers in martydb's pods, one below it for each server.
const AUTHORITIES: &str = "/run/martydb/ca";

/// Returns the certificate for names of Services in the namespace, if the manifest declares an issuer.
pub(crate) fn certificate(
    plan: &DeploymentPlan<'_>,
    secret: &str,
    services: &[&str],
) -> Option<RenderedObject> {
    let issuer = plan.manifest.deploy.issuer.as_ref()?;
    let namespace = &plan.namespace;
    let names = services.iter().flat_map(|service| {
        ["", ".{}", ".{}.svc", ".{}.svc.cluster.local"]
            .map(|rest| format!("{service}{}", rest.replace("{}", namespace)))
    });
    // The label by which CloudNativePG reloads a renewed certificate.
    let reloads = [("cnpg.io/reload".to_owned(), String::new())];
    let spec = json!({
        "secretName": secret,
        "secretTemplate": { "labels": labels(plan).into_iter().chain(reloads).collect::<Labels>() },
        "dnsNames": names.collect::<Vec<_>>(),
        "issuerRef": { "group": "cert-manager.io", "kind": issuer.kind, "name": issuer.name },
        "privateKey": { "algorithm": "ECDSA", "rotationPolicy": "Always" },
    });
    Some(object(("cert-manager.io/v1", "Certificate"), plain_metadata(plan, secret), spec))
}

/// Returns the name of the Secret with a server's certificate.
pub(crate) fn server_secret(host: &str) -> String {
    format!("{}-tls", workload(host))
}

/// Returns the volume and the mount of a server's certificate, if the manifest declares an issuer. The file of the key
/// belongs to root and can be read by the pod's group, as PostgreSQL demands.
pub(crate) fn server_files(plan: &DeploymentPlan<'_>, host: &str) -> Option<(Value, Value)> {
    plan.manifest.deploy.issuer.as_ref()?;
    Some((secret_volume("tls", &server_secret(host), &[]), mount("tls", FOLDER)))
}

/// Folder of a server's rules for clients in its pod, and the file.
const RULES_FOLDER: &str = "/run/postgresql-hba";
const RULES_FILE: &str = "pg_hba.conf";

/// Rules of a server with a certificate: an ordinary image accepts connections without TLS from everywhere, too.
const RULES: &str = "local all all scram-sha-256\nhostssl all all all scram-sha-256\n";

fn rules_name(host: &str) -> String {
    format!("{}-hba", workload(host))
}

/// Returns the ConfigMap with a server's rules for clients, if the manifest declares an issuer.
pub(crate) fn server_rules(plan: &DeploymentPlan<'_>, host: &str) -> Option<RenderedObject> {
    plan.manifest.deploy.issuer.as_ref()?;
    Some(config_map(plan, &rules_name(host), (RULES_FILE, RULES)))
}

/// Returns the volume and the mount of a server's rules, if the manifest declares an issuer.
pub(crate) fn server_rules_files(plan: &DeploymentPlan<'_>, host: &str) -> Option<(Value, Value)> {
    plan.manifest.deploy.issuer.as_ref()?;
    let volume = json!({ "name": "hba", "configMap": { "name": rules_name(host) } });
    Some((volume, mount("hba", RULES_FOLDER)))
}

/// Returns the arguments with which a server uses its certificate.
pub(crate) fn server_arguments(plan: &DeploymentPlan<'_>) -> Vec<String> {
    if plan.manifest.deploy.issuer.is_none() {
        return vec![];
    }
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={FOLDER}/tls.crt"),
        format!("ssl_key_file={FOLDER}/tls.key"),
        format!("hba_file={RULES_FOLDER}/{RULES_FILE}"),
    ];
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// Returns the volumes and the mounts of the servers' authorities in martydb's pods.
pub(crate) fn authorities(plan: &DeploymentPlan<'_>) -> Vec<(Value, Value)> {
    let deployed = || plan.manifest.deploy.issuer.iter();
    let servers = deployed().flat_map(|_| &plan.servers);
    let servers = servers.filter_map(|server| Some((server.name, server.host.as_deref()?)));
    let redis = deployed().flat_map(|_| here(&plan.redis)).filter(|(_, node)| node.server.tls);
    let redis = redis.map(|(host, node)| (&*node.server.name, host));
    let one = |(server, host): (&str, &str)| {
        let name = format!("ca-{}", martydb_model::deploy::label(server));
        let mount = mount(&name, &format!("{AUTHORITIES}/{server}"));
        (secret_volume(&name, &server_secret(host), &["ca.crt"]), mount)
    };
    servers.chain(redis).map(one).collect()
}
