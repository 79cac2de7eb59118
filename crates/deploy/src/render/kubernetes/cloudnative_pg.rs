//! Servers of the CloudNativePG operator: <https://cloudnative-pg.io/docs/>. The operator creates the servers,
//! their databases and martydb's login. Only `apply` creates the four roles of a service and their privileges: two
//! programs managing the same objects would undo each other's changes.

use serde::Serialize;

use super::namespace::namespace;
use super::network_policies::{self, EntryPods, Peer, PolicyPort, PolicyRule, PolicySpec};
use super::objects::{
    INSTANCE, KubernetesObject, LabelSelector, Labels, NAME, ObjectMeta, POSTGRES, PodPlacement,
    RenderedObject, Resources, TemplateMetadata, workload,
};
use super::operator::{API, BARMAN, ByName, PORT, pod_labels, pooler_labels};
use super::{backup_jobs, backups, certificates, jobs, pooler, workloads};
use crate::render::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use martydb_model::CreationParameters;
use martydb_model::deploy::BackupSchedule;
use martydb_model::error::{Error, Result};

/// Login of every new server.
const SUPERUSER: &str = "postgres";

/// Status port of an instance, which the operator queries.
const STATUS: u16 = 8000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterSpec {
    instances: u16,
    image_name: String,
    enable_superuser_access: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    superuser_secret: Option<ByName>,
    bootstrap: Bootstrap,
    storage: ClusterStorage,
    resources: Resources,
    start_delay: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    affinity: Option<ClusterAffinity>,
    #[serde(flatten)]
    placement: PodPlacement,
    inherited_metadata: TemplateMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificates: Option<ClusterCertificates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    managed: Option<Managed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<ClusterPlugin>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterPlugin {
    name: &'static str,
    #[serde(rename = "isWALArchiver")]
    is_wal_archiver: bool,
    parameters: PluginParameters,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PluginParameters {
    barman_object_name: String,
}

#[derive(Serialize)]
struct Bootstrap {
    initdb: InitDb,
}

/// Database that the operator always creates; no service may connect to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitDb {
    database: &'static str,
    owner: &'static str,
    #[serde(rename = "postInitApplicationSQL")]
    post_init_application_sql: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterStorage {
    size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<String>,
}

/// Secret with the certificate of a Cluster and its authority.
#[derive(Serialize)]
struct ClusterCertificates {
    #[serde(rename = "serverTLSSecret")]
    server_tls_secret: String,
    #[serde(rename = "serverCASecret")]
    server_ca_secret: String,
}

/// Nodes of a Cluster, which has them elsewhere than a pod.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterAffinity {
    node_selector: Labels,
}

#[derive(Serialize)]
struct Managed {
    services: ManagedServices,
}

#[derive(Serialize)]
struct ManagedServices {
    additional: Vec<ManagedService>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManagedService {
    selector_type: &'static str,
    service_template: ServiceTemplate,
}

#[derive(Serialize)]
struct ServiceTemplate {
    metadata: ByName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleSpec {
    cluster: ByName,
    name: String,
    login: bool,
    createdb: bool,
    createrole: bool,
    password_secret: ByName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DatabaseSpec {
    cluster: ByName,
    name: String,
    owner: String,
    template: &'static str,
    database_reclaim_policy: &'static str,
}

/// Returns the objects.
///
/// # Errors
/// See the Kubernetes target without the operator.
pub fn objects(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let deploy = &plan.manifest.deploy;
    let mut all = vec![namespace(plan)];
    let doors = EntryPods { server: pod_labels, pooler: deploy.pooler.as_ref().map(|_| pooler_labels as _) };
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
    let superuser = server.url.user == SUPERUSER;
    let additional = (host != format!("{}-rw", workload(host))).then(|| ManagedService {
        selector_type: "rw",
        service_template: ServiceTemplate { metadata: ByName { name: host.to_owned() } },
    });
    let labels = [(NAME.to_owned(), POSTGRES.to_owned()), (INSTANCE.to_owned(), workload(host).to_owned())];
    let mut placement = PodPlacement::apart(plan, pod_labels(host));
    let node_selector = std::mem::take(&mut placement.node_selector);
    let spec = ClusterSpec {
        instances: server.deploy.instances,
        image_name: image(server),
        enable_superuser_access: superuser,
        superuser_secret: superuser.then(|| ByName { name: server.admin_secret() }),
        bootstrap: Bootstrap {
            initdb: InitDb {
                database: "app",
                owner: "app",
                post_init_application_sql: ["REVOKE ALL ON DATABASE app FROM PUBLIC"],
            },
        },
        storage: ClusterStorage {
            size: server.deploy.storage_size.clone(),
            storage_class: server.deploy.storage_class.clone(),
        },
        resources: Resources::new(&server.deploy.cpu, &server.deploy.memory),
        start_delay: server.deploy.startup_seconds,
        affinity: (!node_selector.is_empty()).then_some(ClusterAffinity { node_selector }),
        placement,
        inherited_metadata: TemplateMetadata::new(plan, labels.into()),
        certificates: plan.manifest.deploy.issuer.as_ref().map(|_| ClusterCertificates {
            server_tls_secret: certificates::server_secret(host),
            server_ca_secret: certificates::server_secret(host),
        }),
        managed: additional.map(|one| Managed { services: ManagedServices { additional: vec![one] } }),
        plugins: plan.manifest.deploy.backup.iter().map(archiver).collect(),
    };
    let metadata = ObjectMeta::new(plan, workload(host), None);
    KubernetesObject { api_version: API, kind: "Cluster", metadata, spec: Some(spec) }.rendered()
}

/// Returns the plugin that archives WAL, without which a backup could not be restored.
fn archiver(backup: &BackupSchedule) -> ClusterPlugin {
    let parameters = PluginParameters { barman_object_name: backup.object_store.clone() };
    ClusterPlugin { name: BARMAN, is_wal_archiver: true, parameters }
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
    let spec = RoleSpec {
        cluster: ByName::cluster(host),
        name: server.url.user.clone(),
        login: true,
        createdb: true,
        createrole: true,
        password_secret: ByName { name: server.admin_secret() },
    };
    let metadata = ObjectMeta::new(plan, &server.admin_secret(), None);
    KubernetesObject { api_version: API, kind: "DatabaseRole", metadata, spec: Some(spec) }.rendered()
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
        let spec = DatabaseSpec {
            cluster: ByName::cluster(host),
            name: node.service.database.to_string(),
            owner: server.url.user.clone(),
            template: "template0",
            database_reclaim_policy: "retain",
        };
        let metadata = ObjectMeta::new(plan, &node.label, None);
        KubernetesObject { api_version: API, kind: "Database", metadata, spec: Some(spec) }.rendered()
    };
    here.map(one).collect()
}

/// Returns the policies between a Cluster's instances, the operator and the Kubernetes API.
fn instances(plan: &DeploymentPlan<'_>, host: &str) -> RenderedObject {
    let own = || Peer::Pods { pods: LabelSelector::new(pod_labels(host)) };
    let operator = [("app.kubernetes.io/name".to_owned(), "cloudnative-pg".to_owned())];
    let operator =
        Peer::Elsewhere { namespace: LabelSelector::default(), pods: LabelSelector::new(operator.into()) };
    let at = |port| PolicyPort { protocol: "TCP", port };
    let spec = PolicySpec {
        pod_selector: LabelSelector::new(pod_labels(host)),
        policy_types: vec![network_policies::INGRESS, network_policies::EGRESS],
        ingress: vec![
            PolicyRule { from: vec![own()], ports: vec![at(PORT), at(STATUS)], ..PolicyRule::default() },
            PolicyRule { from: vec![operator], ports: vec![at(PORT), at(STATUS)], ..PolicyRule::default() },
        ],
        egress: vec![PolicyRule::default()],
    };
    network_policies::policy(plan, &format!("{}-instances", workload(host)), spec)
}
