//! Deployment: each `deploy` of the manifest with its defaults, checked for values that a cluster would reject.

mod texts;

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::checked::ServerSpec;
use crate::raw::{
    RawBackupJobs, RawCertificates, RawClusterPrometheus, RawOperatorBackup, RawPods, RawPooler,
    RawResources, RawSecretStore, RawServerDeploy, RawServiceDeploy, RawStorage,
};
use crate::redis::RedisPart;
use martydb_model::deploy::{
    BackupJobs, BackupSchedule, CertificateIssuer, ClusterPrometheus, Deployment, PodSettings,
    PoolerDeployment, SecretStore, ServerDeployment, ServicePods, StoreKind, WholeServerBackup, Workload,
    label,
};
use martydb_model::error::Result;
use martydb_model::{DesiredService, ServiceName, units};
use texts::*;

pub(crate) use texts::is_cron;

/// Default image, with the newest major that martydb supports.
const SERVER_IMAGE: &str = "postgres:18";

/// Default image of a Redis server: the first major that martydb supports.
const REDIS_IMAGE: &str = "redis:7";

/// Label that Kubernetes recommends for the name of an application:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>.
const NAME_LABEL: &str = "app.kubernetes.io/name";

/// Returns the deployment with defaults.
///
/// # Errors
/// If Compose or Kubernetes would reject an image, label, quantity or namespace.
pub(crate) fn all(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &BTreeMap<ServiceName, DesiredService>,
    redis: &RedisPart,
) -> Result<Deployment> {
    let raw = &scope.raw.deploy;
    let own_image = || format!("martydb:{}", env!("CARGO_PKG_VERSION"));
    check_names(scope, &["deploy", "namespace"], &raw.namespace, "shop")?;
    let tool_image = raw.tool_image.clone().unwrap_or_else(own_image);
    check(scope, &["deploy", "tool_image"], [&tool_image], is_image, "an image, such as postgres:18")?;
    let address = "a host and a port, such as monitor.internal:9187";
    check(scope, &["deploy", "monitor"], &raw.monitor, is_host_and_port, address)?;
    let address = "a host and a port, such as relay.internal:9188";
    check(scope, &["deploy", "relay"], &raw.relay, is_host_and_port, address)?;
    let address = "a host and a port, such as data.internal:8480";
    check(scope, &["deploy", "serve"], &raw.serve, is_host_and_port, address)?;
    let none = RawServerDeploy::default();
    // `deploy.image` is PostgreSQL's; a Redis server has its own default.
    let image = raw.image.as_deref().unwrap_or(SERVER_IMAGE);
    let servers = servers.keys().map(|name| (name, image));
    let servers = servers.chain(redis.servers.keys().map(|name| (name, REDIS_IMAGE))).map(|(name, image)| {
        let own = scope.raw.servers.get(name).map_or(&none, |server| &server.deploy);
        Ok((name.clone(), server(scope, name, own, image)?))
    });
    Ok(Deployment {
        namespace: raw.namespace.clone(),
        tool_image,
        monitor: raw.monitor.clone(),
        relay: raw.relay.clone(),
        serve: raw.serve.clone(),
        workloads: raw.workloads.clone().unwrap_or_else(|| Workload::ALL.into()),
        prometheus: prometheus(scope, &raw.prometheus)?,
        issuer: raw.certificates.as_ref().map(|raw| issuer(scope, raw)).transpose()?,
        pods: pod_settings(scope, &raw.pods)?,
        max_unavailable: raw.max_unavailable,
        secret_store: raw.secret_store.as_ref().map(|raw| secret_store(scope, raw)).transpose()?,
        pooler: raw.pooler.as_ref().map(|raw| pooler(scope, raw)).transpose()?,
        backup: raw.backup.as_ref().map(|raw| backup(scope, raw)).transpose()?,
        pod_monitor: raw.pod_monitor.unwrap_or(false),
        pgbackrest: WholeServerBackup {
            repository: raw.pgbackrest.repository.clone().unwrap_or_else(|| "/var/lib/pgbackrest".to_owned()),
            keep: raw.pgbackrest.keep.unwrap_or(2).max(1),
        },
        backup_jobs: backup_jobs(scope, &raw.backup_jobs)?,
        extra: raw.extra.as_ref().map(|file| scope.home.join(file)),
        servers: servers.collect::<Result<_>>()?,
        services: services
            .keys()
            .map(|name| Ok((name.clone(), pods(scope, name)?)))
            .collect::<Result<_>>()?,
    })
}

fn prometheus(scope: &Scope, raw: &RawClusterPrometheus) -> Result<ClusterPrometheus> {
    let at = |key| ["deploy", "prometheus", key];
    check_names(scope, &at("namespace"), &raw.namespace, "monitoring")?;
    check_labels(scope, &at("labels"), &raw.labels)?;
    let (namespace, labels) = (raw.namespace.clone(), raw.labels.clone());
    Ok(ClusterPrometheus { namespace, operator: raw.operator.unwrap_or(false), labels })
}

fn issuer(scope: &Scope, raw: &RawCertificates) -> Result<CertificateIssuer> {
    check_names(scope, &["deploy", "certificates", "issuer"], [&raw.issuer], "internal")?;
    let kind = if raw.cluster.unwrap_or(true) { "ClusterIssuer" } else { "Issuer" };
    Ok(CertificateIssuer { name: raw.issuer.clone(), kind })
}

fn pod_settings(scope: &Scope, raw: &RawPods) -> Result<PodSettings> {
    let at = |key| ["deploy", "pods", key];
    let annotation = "the name of an annotation, such as example.com/team";
    check(scope, &at("annotations"), raw.annotations.keys(), is_label_key, annotation)?;
    check_labels(scope, &at("node_selector"), &raw.node_selector)?;
    check_names(scope, &at("priority_class"), &raw.priority_class, "databases")?;
    check_names(scope, &at("pull_secrets"), &raw.pull_secrets, "registry")?;
    let RawPods { annotations, node_selector, priority_class, pull_secrets, spread } = raw.clone();
    Ok(PodSettings { annotations, node_selector, priority_class, pull_secrets, spread })
}

fn check_labels(scope: &Scope, at: &[&str], labels: &BTreeMap<String, String>) -> Result<()> {
    labels.iter().try_for_each(|(key, value)| {
        check(scope, at, [key], is_label_key, "the name of a label, such as app")?;
        check(scope, at, [value], is_label_value, "the value of a label")
    })
}

/// Returns the startup time of a server in seconds.
fn startup_seconds(scope: &Scope, name: &str, own: &RawServerDeploy) -> Result<u32> {
    let (text, at) = match (&own.startup_time, &scope.raw.deploy.startup_time) {
        (Some(text), _) => (text.as_str(), vec!["servers", name, "deploy", "startup_time"]),
        (None, Some(text)) => (text.as_str(), vec!["deploy", "startup_time"]),
        (None, None) => ("1h", vec![]),
    };
    let seconds = units::duration(text).and_then(|time| u32::try_from(time.as_secs()).ok());
    seconds
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| scope.sources.error_at(&at, format!("\"{text}\" is not a time, such as 10m or 2h")))
}

fn server(scope: &Scope, name: &str, own: &RawServerDeploy, usual: &str) -> Result<ServerDeployment> {
    let raw = &scope.raw.deploy;
    let (image, image_at) = match &own.image {
        Some(image) => (image.clone(), vec!["servers", name, "deploy", "image"]),
        None => (usual.to_owned(), vec!["deploy", "image"]),
    };
    check(scope, &image_at, [&image], is_image, "an image, such as postgres:18")?;
    let networks_at = ["servers", name, "deploy", "cidrs"];
    check(scope, &networks_at, &own.cidrs, is_cidr, "a network, such as 10.20.0.0/24")?;
    let places: [(Vec<&str>, &RawStorage, &RawResources); 2] = [
        (vec!["servers", name, "deploy"], &own.storage, &own.resources),
        (vec!["deploy"], &raw.storage, &raw.resources),
    ];
    for (place, storage, resources) in &places {
        let rows = [
            (["storage", "size"], &storage.size),
            (["resources", "cpu"], &resources.cpu),
            (["resources", "memory"], &resources.memory),
        ];
        for (keys, quantity) in rows {
            let at = [place.as_slice(), &keys].concat();
            check(scope, &at, quantity, is_quantity, "a Kubernetes quantity, such as 500m or 2Gi")?;
        }
        let at = [place.as_slice(), &["storage", "class"]].concat();
        check_names(scope, &at, &storage.class, "fast")?;
    }
    let either = |own: &Option<String>, all: &Option<String>, usual: &str| {
        own.clone().or(all.clone()).unwrap_or_else(|| usual.to_owned())
    };
    Ok(ServerDeployment {
        image,
        storage_size: either(&own.storage.size, &raw.storage.size, "10Gi"),
        storage_class: own.storage.class.clone().or(raw.storage.class.clone()),
        cpu: either(&own.resources.cpu, &raw.resources.cpu, "250m"),
        memory: either(&own.resources.memory, &raw.resources.memory, "1Gi"),
        instances: own.instances.or(raw.instances).unwrap_or(3).max(1),
        startup_seconds: startup_seconds(scope, name, own)?,
        host_port: own.host_port,
        data_folder: own.data_folder.clone(),
        cidrs: own.cidrs.clone(),
    })
}

fn secret_store(scope: &Scope, raw: &RawSecretStore) -> Result<SecretStore> {
    check_names(scope, &["deploy", "secret_store", "name"], [&raw.name], "vault")?;
    let template = |text: &Option<String>, usual: &str| text.clone().unwrap_or_else(|| usual.to_owned());
    Ok(SecretStore {
        kind: if raw.cluster.unwrap_or(true) { StoreKind::Cluster } else { StoreKind::Namespace },
        name: raw.name.clone(),
        key: template(&raw.key, "martydb/{env}/{role}"),
        admin_key: template(&raw.admin_key, "martydb/{env}/{server}-admin"),
        metrics_key: template(&raw.metrics_key, "martydb/{env}/{program}"),
        property: raw.property.clone(),
    })
}

fn pooler(scope: &Scope, raw: &RawPooler) -> Result<PoolerDeployment> {
    let usual = PoolerDeployment::default();
    let listen = raw.listen.clone().unwrap_or(usual.listen);
    let at = |key| ["deploy", "pooler", key];
    check(scope, &at("listen"), [&listen], is_address, "an address, such as 10.0.0.5, or *")?;
    check(scope, &at("networks"), &raw.networks, is_cidr, "a network, such as 10.20.0.0/24")?;
    Ok(PoolerDeployment {
        networks: raw.networks.clone(),
        max_clients: raw.max_clients,
        mode: raw.mode,
        instances: raw.instances.unwrap_or(usual.instances).max(1),
        listen,
        port: raw.port.unwrap_or(usual.port),
    })
}

fn backup(scope: &Scope, raw: &RawOperatorBackup) -> Result<BackupSchedule> {
    let at = |key| ["deploy", "backup", key];
    let schedule = raw.schedule.clone().unwrap_or_else(|| "0 0 2 * * *".to_owned());
    let expected = "a cron schedule with seconds, such as 0 0 2 * * *";
    check(scope, &at("schedule"), [&schedule], is_schedule, expected)?;
    check_names(scope, &at("object_store"), [&raw.object_store], "backups")?;
    Ok(BackupSchedule { schedule, object_store: raw.object_store.clone() })
}

fn backup_jobs(scope: &Scope, raw: &RawBackupJobs) -> Result<BackupJobs> {
    let at = |key| ["deploy", "backup_jobs", key];
    let store_secret = raw.store_secret.clone().unwrap_or_else(|| "martydb-backup-store".to_owned());
    check_names(scope, &at("store_secret"), [&store_secret], "backup-store")?;
    check_names(scope, &at("identity_secret"), &raw.identity_secret, "backup-store")?;
    let storage_size = raw.storage.size.clone().unwrap_or_else(|| "10Gi".to_owned());
    check(scope, &at("storage"), [&storage_size], is_quantity, "a Kubernetes quantity, such as 20Gi")?;
    check_names(scope, &at("storage"), &raw.storage.class, "fast")?;
    Ok(BackupJobs {
        store_secret,
        store_port: raw.store_port.unwrap_or(443),
        identity_secret: raw.identity_secret.clone(),
        storage_size,
        storage_class: raw.storage.class.clone(),
    })
}

fn pods(scope: &Scope, service: &ServiceName) -> Result<ServicePods> {
    let name = service.as_str();
    let none = RawServiceDeploy::default();
    let own = scope.raw.services.get(name).and_then(Option::as_ref).map_or(&none, |own| &own.deploy);
    let defaults = &scope.raw.defaults.deploy;
    let at = |key| ["services", name, "deploy", key];
    let project = label(&scope.project());
    let usual = format!("{project}-{{service}}:1");
    let image = scope.template(at("image"), name, own.image.as_ref(), defaults.image.as_ref(), &usual)?;
    check(scope, &at("image"), [&image], is_image, "an image, such as shop/orders:1.4")?;
    let mut selector = BTreeMap::new();
    for (key, value) in defaults.selector.iter().chain(&own.selector) {
        let value = scope.template(at("selector"), name, Some(value), None, "")?;
        check(scope, &at("selector"), [key], is_label_key, "the name of a label, such as app")?;
        check(scope, &at("selector"), [&value], is_label_value, "the value of a label")?;
        selector.insert(key.clone(), value);
    }
    if selector.is_empty() {
        selector.insert(NAME_LABEL.into(), label(name));
    }
    Ok(ServicePods { image, selector, port: own.port.or(defaults.port) })
}

/// Checks names of Kubernetes objects.
fn check_names<'t>(
    scope: &Scope,
    at: &[&str],
    names: impl IntoIterator<Item = &'t String>,
    example: &str,
) -> Result<()> {
    check(scope, at, names, is_label, &format!("a Kubernetes name, such as {example}"))
}

fn check<'t>(
    scope: &Scope,
    at: &[&str],
    texts: impl IntoIterator<Item = &'t String>,
    good: fn(&str) -> bool,
    expected: &str,
) -> Result<()> {
    match texts.into_iter().find(|text| !good(text)) {
        None => Ok(()),
        Some(text) => Err(scope.sources.error_at(at, format!("\"{text}\" is not {expected}"))),
    }
}
