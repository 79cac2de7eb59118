//! Servers of the CloudNativePG operator: <https://cloudnative-pg.io/docs/>. The operator creates the servers,
//! their databases and martydb's login. Only `apply` creates the four roles of a service and their privileges: two
//! programs managing the same objects would undo each other's changes.

use serde_json::{Value, json};

use super::backups::backup_jobs;
use super::namespace::namespace;
use super::network::network_policies;
use super::objects::{
    INSTANCE, NAME, POSTGRES, RenderedObject, joined, object, plain_metadata, resources, selector, workload,
};
use super::operator::{self, API, BARMAN, PORT, pod_labels, pooler_labels, replica_labels};
use super::pod::{placement, template_metadata};
use super::{backups, certificates, jobs, pooler, redis, workloads};
use crate::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use crate::kubernetes::network::policy_parts::{self, EntryPods, pods, tcp};
use martydb_model::CreationParameters;
use martydb_model::deploy::BackupSchedule;
use martydb_model::error::{Error, Result};

/// Login of every new server.
const SUPERUSER: &str = "postgres";

/// Status port of an instance, which the operator queries.
const STATUS: u16 = 8000;

/// Returns the objects.
///
/// # Errors
/// See the Kubernetes target without the operator.
pub(crate) fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let deploy = &plan.manifest.deploy;
    let mut all = vec![namespace(plan)];
    let pooler = deploy.pooler.as_ref().map(|_| pooler_labels as _);
    let doors = EntryPods { server: pod_labels, replica: replica_labels, pooler };
    all.extend(network_policies::all(plan, doors)?);
    for server in &plan.servers {
        let Some(host) = server.host.as_deref() else { continue };
        check_port(server)?;
        all.push(instances(plan, host));
        all.extend(certificate(plan, host));
        all.push(cluster(plan, host, server));
        all.extend((server.url.user != SUPERUSER).then(|| admin(plan, host, server)));
        all.extend(databases(plan, host, server));
        if let Some(pooler) = &deploy.pooler {
            all.extend(pooler::all(plan, host, server, pooler)?);
        }
        all.extend(deploy.backup.iter().map(|backup| backups::scheduled_backup(plan, host, backup)));
        all.extend(deploy.pod_monitor.then(|| backups::pod_monitor(plan, host)));
    }
    all.extend(redis::all(plan)?);
    all.extend(jobs::all(plan)?);
    all.extend(backup_jobs::all(plan)?);
    all.extend(workloads::all(plan, doors)?);
    Ok(all)
}

/// Rejects other ports: the operator's servers and Services have a fixed one.
fn check_port(server: &ServerNode<'_>) -> Result<()> {
    if server.url.port == PORT {
        return Ok(());
    }
    let message = format!(
        "CloudNativePG serves at port {PORT}, but the server \"{}\" is at {}",
        server.name, server.url.port
    );
    Err(Error::manifest(message).hint(format!("write {PORT} into its url, or render it as kubernetes")))
}

/// Returns the certificate of a Cluster for all of its Services.
fn certificate(plan: &DeploymentPlan<'_>, host: &str) -> Option<RenderedObject> {
    let services = ["rw", "ro", "r"].map(|kind| format!("{}-{kind}", workload(host)));
    let mut names: Vec<&str> = services.iter().map(String::as_str).collect();
    if !names.contains(&host) {
        names.push(host);
    }
    certificates::certificate(plan, &certificates::server_secret(host), &names)
}

fn cluster(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let (deploy, superuser) = (&server.deploy, server.url.user == SUPERUSER);
    let other_name = (host != format!("{}-rw", workload(host)))
        .then(|| json!([{ "selectorType": "rw", "serviceTemplate": { "metadata": { "name": host } } }]));
    let labels = [(NAME.to_owned(), POSTGRES.to_owned()), (INSTANCE.to_owned(), workload(host).to_owned())];
    // A Cluster has the nodes elsewhere than a pod.
    let mut placement = placement(plan, Some(&pod_labels(host)));
    let node_selector = placement["nodeSelector"].take();
    let servers = json!({
        "instances": deploy.instances,
        "imageName": image(server),
        "enableSuperuserAccess": superuser,
        "superuserSecret": superuser.then(|| json!({ "name": server.admin_secret() })),
        // Database that the operator always creates; no service may connect to it.
        "bootstrap": {
            "initdb": {
                "database": "app",
                "owner": "app",
                "postInitApplicationSQL": ["REVOKE ALL ON DATABASE app FROM PUBLIC"],
            },
        },
        "storage": { "size": deploy.storage_size, "storageClass": deploy.storage_class },
        "resources": resources(&deploy.cpu, &deploy.memory),
        "startDelay": deploy.startup_seconds,
        "affinity": (!node_selector.is_null()).then(|| json!({ "nodeSelector": node_selector })),
    });
    let secret = certificates::server_secret(host);
    let rest = json!({
        "inheritedMetadata": template_metadata(plan, &labels.into()),
        "certificates": plan.manifest.deploy.issuer.as_ref().map(|_| {
            json!({ "serverTLSSecret": secret, "serverCASecret": secret })
        }),
        // The operator's last rule accepts connections without TLS, too.
        "postgresql": plan.manifest.deploy.issuer.as_ref().map(|_| json!({ "pg_hba": [NO_CLEAR_TEXT] })),
        "managed": other_name.map(|services| json!({ "services": { "additional": services } })),
        "plugins": plan.manifest.deploy.backup.as_ref().map(|backup| json!([archiver(backup)])),
    });
    let spec = joined([servers, placement, rest]);
    object((API, "Cluster"), plain_metadata(plan, workload(host)), spec)
}

/// Rule before the operator's last one.
const NO_CLEAR_TEXT: &str = "hostnossl all all all reject";

/// Returns the plugin that archives WAL, without which a backup could not be restored.
fn archiver(backup: &BackupSchedule) -> Value {
    json!({
        "name": BARMAN,
        "isWALArchiver": true,
        "parameters": { "barmanObjectName": backup.object_store },
    })
}

/// Returns the operator's own image, which has the same tags as PostgreSQL's.
fn image(server: &ServerNode<'_>) -> String {
    match server.deploy.image.strip_prefix("postgres:") {
        Some(tag) => format!("ghcr.io/cloudnative-pg/postgresql:{tag}"),
        None => server.deploy.image.clone(),
    }
}

/// Returns the login of martydb if it is not a superuser.
fn admin(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let spec = json!({
        "cluster": operator::cluster(host),
        "name": server.url.user,
        "login": true,
        "createdb": true,
        "createrole": true,
        "passwordSecret": { "name": server.admin_secret() },
    });
    object((API, "DatabaseRole"), plain_metadata(plan, &server.admin_secret()), spec)
}

/// Returns the databases without parameters; only `apply` creates those with parameters.
fn databases(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> Vec<RenderedObject> {
    let here = plan.services.iter().filter(|node| {
        let parameters = &node.service.parameters;
        node.service.server == server.name
            && parameters.made_with == CreationParameters::default()
            && parameters.tablespace.is_none()
    });
    let one = |node: &ServiceNode<'_>| {
        let spec = json!({
            "cluster": operator::cluster(host),
            "name": node.service.database.as_str(),
            "owner": server.url.user,
            "template": "template0",
            "databaseReclaimPolicy": "retain",
        });
        object((API, "Database"), plain_metadata(plan, &node.label), spec)
    };
    here.map(one).collect()
}

/// Returns the policies between a Cluster's instances, the operator and the Kubernetes API.
fn instances(plan: &DeploymentPlan<'_>, host: &str) -> RenderedObject {
    let own = pod_labels(host);
    let operator = json!({ "matchLabels": { NAME: "cloudnative-pg" } });
    let operator = json!({ "namespaceSelector": {}, "podSelector": operator });
    let ports = [tcp(PORT), tcp(STATUS)];
    let spec = json!({
        "podSelector": selector(&own),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{ "from": [pods(&own)], "ports": ports }, { "from": [operator], "ports": ports }],
        "egress": [{}],
    });
    policy_parts::policy(plan, &format!("{}-instances", workload(host)), spec)
}
