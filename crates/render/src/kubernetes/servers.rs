//! One StatefulSet with a headless Service per server:
//! <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/>.

use serde_json::{Value, json};

use super::certificates;
use super::objects::*;
use super::pod::Pod;
use crate::deployment::{DeploymentPlan, ServerNode};
use crate::image;
use martydb_model::deploy::ServerDeployment;

/// User ID of `postgres` in the Debian image; in the Alpine image it is 70.
const ACCOUNT: u32 = 999;

const ALPINE_ACCOUNT: u32 = 70;

/// Key of the admin's password in a Secret.
pub(crate) const PASSWORD: &str = "password";

/// Period of the startup probe, in seconds.
const STARTUP_PERIOD: u32 = 5;

pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Vec<RenderedObject> {
    let here = plan.servers.iter().filter_map(|server| Some((server.host.as_deref()?, server)));
    let of = |(host, server): (&str, &ServerNode<'_>)| {
        [
            Some(service(plan, host, POSTGRES, server.url.port)),
            certificates::certificate(plan, &certificates::server_secret(host), &[host]),
            certificates::server_rules(plan, host),
            Some(stateful_set(plan, host, POSTGRES, server.deploy, pod(plan, host, server))),
            disruption_budget(plan, host, POSTGRES),
        ]
    };
    here.flat_map(of).flatten().collect()
}

/// Returns a Service for a server's pods of this name label.
pub(crate) fn service(plan: &DeploymentPlan<'_>, host: &str, name: &str, port: u16) -> RenderedObject {
    let spec = json!({
        // A name for the pods themselves.
        "clusterIP": "None",
        "selector": pod_labels(name, workload(host)),
        "ports": [service_port(name, port)],
    });
    object(("v1", "Service"), pods_metadata(plan, host, name, workload(host)), spec)
}

/// Returns the budget of a server's pods of this name label, if the manifest declares one:
/// <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>.
pub(crate) fn disruption_budget(plan: &DeploymentPlan<'_>, host: &str, name: &str) -> Option<RenderedObject> {
    let spec = json!({
        "maxUnavailable": plan.manifest.deploy.max_unavailable?,
        "selector": selector(&pod_labels(name, workload(host))),
    });
    let metadata = pods_metadata(plan, workload(host), name, workload(host));
    Some(object(("policy/v1", "PodDisruptionBudget"), metadata, spec))
}

/// Returns the StatefulSet of a server's pod of this name label.
pub(crate) fn stateful_set(
    plan: &DeploymentPlan<'_>,
    host: &str,
    name: &str,
    deploy: &ServerDeployment,
    pod: Pod,
) -> RenderedObject {
    let disk = claim(&deploy.storage_size, deploy.storage_class.as_ref());
    let spec = json!({
        "serviceName": host,
        "replicas": 1,
        "selector": selector(&pod_labels(name, workload(host))),
        "template": pod.template(plan),
        "volumeClaimTemplates": [{ "metadata": { "name": "data" }, "spec": disk }],
    });
    object(("apps/v1", "StatefulSet"), pods_metadata(plan, workload(host), name, workload(host)), spec)
}

fn pod(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> Pod {
    let files = [certificates::server_files(plan, host), certificates::server_rules_files(plan, host)];
    let (volumes, mounts): (Vec<_>, Vec<_>) = files.into_iter().flatten().unzip();
    let folders = [
        empty_volume("run", Some("Memory"), "16Mi"),
        empty_volume("shm", Some("Memory"), "256Mi"),
        empty_volume("tmp", None, "256Mi"),
    ];
    Pod {
        labels: pod_labels(POSTGRES, workload(host)),
        siblings: Some([(NAME.to_owned(), POSTGRES.to_owned())].into()),
        restart_policy: None,
        account: if server.deploy.image.contains("alpine") { ALPINE_ACCOUNT } else { ACCOUNT },
        owns_volumes: true,
        // A smart shutdown would wait for clients. The image stops with a fast one, which has to write a
        // checkpoint.
        seconds_to_end: 120,
        container: container(plan, server, mounts),
        volumes: folders.into_iter().chain(volumes).collect(),
    }
}

fn container(plan: &DeploymentPlan<'_>, server: &ServerNode<'_>, files: Vec<Value>) -> Value {
    let password = secret_variable("POSTGRES_PASSWORD", &server.admin_secret(), PASSWORD);
    let variables = image::variables(server).into_iter();
    let mut env: Vec<Value> =
        variables.map(|(name, value)| variable(name, &value)).chain([password]).collect();
    // initdb rejects the root of a disk because of its folder lost+found.
    env.extend(image::has_one_folder(server).then(|| variable("PGDATA", "/var/lib/postgresql/data/pgdata")));
    let ready = |period: u32, failures: u32| {
        probe(json!({ "exec": { "command": image::ready(server) } }), period, failures)
    };
    let mounts = [
        mount("data", image::data_folder(server)),
        mount("run", "/var/run/postgresql"),
        mount("shm", "/dev/shm"),
        mount("tmp", "/tmp"),
    ];
    json!({
        "name": POSTGRES,
        "image": server.deploy.image,
        "args": filled(certificates::server_arguments(plan)),
        "env": env,
        "ports": [container_port(POSTGRES, server.url.port)],
        "resources": resources(&server.deploy.cpu, &server.deploy.memory),
        "securityContext": container_security(),
        // Crash recovery takes long: a pod that is restarted meanwhile begins it again.
        "startupProbe": ready(STARTUP_PERIOD, server.deploy.startup_seconds.div_ceil(STARTUP_PERIOD)),
        "readinessProbe": ready(5, 3),
        "livenessProbe": ready(20, 6),
        "volumeMounts": mounts.into_iter().chain(files).collect::<Vec<_>>(),
    })
}
