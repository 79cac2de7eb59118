//! One StatefulSet with a headless Service per server:
//! <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/>.

use serde::Serialize;

use super::certificates;
use super::objects::*;
use super::probe::ProbeAction;
use crate::render::deployment::{DeploymentPlan, ServerNode};
use crate::render::image;

/// User ID of `postgres` in the Debian image; in the Alpine image it is 70.
const ACCOUNT: u32 = 999;

const ALPINE_ACCOUNT: u32 = 70;

/// Key of the admin's password in a Secret.
pub const PASSWORD: &str = "password";

/// Period of the startup probe, in seconds.
const STARTUP_PERIOD: u32 = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatefulSetSpec {
    service_name: String,
    replicas: u32,
    selector: LabelSelector,
    template: PodTemplate,
    volume_claim_templates: Vec<VolumeClaim>,
}

#[derive(Serialize)]
struct VolumeClaim {
    metadata: ClaimName,
    spec: ClaimSpec,
}

#[derive(Serialize)]
struct ClaimName {
    name: &'static str,
}

pub fn all(plan: &DeploymentPlan<'_>) -> Vec<RenderedObject> {
    let here = plan.servers.iter().filter_map(|server| Some((server.host.as_deref()?, server)));
    let of = |(host, server)| {
        [
            Some(service(plan, host, server)),
            certificates::certificate(plan, &certificates::server_secret(host), &[host]),
            Some(stateful_set(plan, host, server)),
            disruption_budget(plan, host),
        ]
    };
    here.flat_map(of).flatten().collect()
}

fn service(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let spec = ServiceSpec {
        cluster_ip: Some("None"),
        selector: pod_labels(POSTGRES, workload(host)),
        ports: vec![ServicePort { name: POSTGRES, port: server.url.port, target_port: POSTGRES }],
    };
    let metadata = ObjectMeta::new(plan, host, Some((POSTGRES, workload(host))));
    KubernetesObject { api_version: "v1", kind: "Service", metadata, spec: Some(spec) }.rendered()
}

/// <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisruptionBudgetSpec {
    max_unavailable: u16,
    selector: LabelSelector,
}

fn disruption_budget(plan: &DeploymentPlan<'_>, host: &str) -> Option<RenderedObject> {
    let spec = DisruptionBudgetSpec {
        max_unavailable: plan.manifest.deploy.max_unavailable?,
        selector: LabelSelector::new(pod_labels(POSTGRES, workload(host))),
    };
    let metadata = ObjectMeta::new(plan, workload(host), Some((POSTGRES, workload(host))));
    let (api_version, kind) = ("policy/v1", "PodDisruptionBudget");
    Some(KubernetesObject { api_version, kind, metadata, spec: Some(spec) }.rendered())
}

fn stateful_set(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let labels = pod_labels(POSTGRES, workload(host));
    let spec = StatefulSetSpec {
        service_name: host.to_owned(),
        replicas: 1,
        selector: LabelSelector::new(labels.clone()),
        template: PodTemplate {
            metadata: TemplateMetadata::new(plan, labels),
            spec: pod(plan, host, server),
        },
        volume_claim_templates: vec![VolumeClaim {
            metadata: ClaimName { name: "data" },
            spec: ClaimSpec::new(&server.deploy.storage_size, server.deploy.storage_class.as_ref()),
        }],
    };
    let metadata = ObjectMeta::new(plan, workload(host), Some((POSTGRES, workload(host))));
    KubernetesObject { api_version: "apps/v1", kind: "StatefulSet", metadata, spec: Some(spec) }.rendered()
}

fn pod(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> PodSpec {
    let mut container = container(server);
    container.args = certificates::server_arguments(plan);
    let (certificate, mount) = certificates::server_files(plan, host).unzip();
    container.volume_mounts.extend(mount);
    let folders = [
        Volume::empty("run", Some("Memory"), "16Mi"),
        Volume::empty("shm", Some("Memory"), "256Mi"),
        Volume::empty("tmp", None, "256Mi"),
    ];
    let account = if server.deploy.image.contains("alpine") { ALPINE_ACCOUNT } else { ACCOUNT };
    PodSpec {
        automount_service_account_token: false,
        placement: PodPlacement::apart(plan, [(NAME.to_owned(), POSTGRES.to_owned())].into()),
        restart_policy: None,
        security_context: PodSecurity::new(account, true),
        // A smart shutdown would wait for clients. The image stops with a fast one, which has to write a
        // checkpoint.
        termination_grace_period_seconds: Some(120),
        containers: vec![container],
        volumes: folders.into_iter().chain(certificate).collect(),
    }
}

fn container(server: &ServerNode<'_>) -> PodContainer {
    let url = server.url;
    let password = EnvVar::secret("POSTGRES_PASSWORD", server.admin_secret(), PASSWORD);
    let variables = image::variables(server).into_iter();
    let mut env: Vec<EnvVar> =
        variables.map(|(name, value)| EnvVar::plain(name, value)).chain([password]).collect();
    // initdb rejects the root of a disk because of its folder lost+found.
    env.extend(
        image::has_one_folder(server).then(|| EnvVar::plain("PGDATA", "/var/lib/postgresql/data/pgdata")),
    );
    PodContainer {
        name: POSTGRES,
        image: server.deploy.image.clone(),
        args: vec![],
        env,
        env_from: vec![],
        ports: vec![ContainerPort { name: POSTGRES, container_port: url.port }],
        resources: Resources::new(&server.deploy.cpu, &server.deploy.memory),
        security_context: ContainerSecurity::default(),
        // Crash recovery takes long: a pod that is restarted meanwhile begins it again.
        startup_probe: Some(ready(
            server,
            STARTUP_PERIOD,
            server.deploy.startup_seconds.div_ceil(STARTUP_PERIOD),
        )),
        readiness_probe: Some(ready(server, 5, 3)),
        liveness_probe: Some(ready(server, 20, 6)),
        volume_mounts: vec![
            VolumeMount::at("data", image::data_folder(server)),
            VolumeMount::at("run", "/var/run/postgresql"),
            VolumeMount::at("shm", "/dev/shm"),
            VolumeMount::at("tmp", "/tmp"),
        ],
    }
}

fn ready(server: &ServerNode<'_>, period_seconds: u32, failure_threshold: u32) -> ContainerProbe {
    ContainerProbe {
        action: ProbeAction::Exec { command: image::ready(server).map(str::to_owned).into() },
        period_seconds,
        timeout_seconds: 5,
        failure_threshold,
    }
}
