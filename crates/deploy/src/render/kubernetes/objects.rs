//! Parts of Kubernetes objects, as far as they are used here.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::deployment::DeploymentPlan;
use martydb_ui::report::yaml_text;

pub type Labels = BTreeMap<String, String>;

pub use super::pod::*;
pub use super::probe::ContainerProbe;
pub use crate::render::deployment::{
    INSTANCE_LABEL as INSTANCE, MARTYDB, MONITOR, NAME_LABEL as NAME, POSTGRES, RELAY, workload,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesObject<S> {
    pub api_version: &'static str,
    pub kind: &'static str,
    pub metadata: ObjectMeta,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<S>,
}

/// The text of an object.
pub struct RenderedObject {
    /// Name of its file, without the extension.
    pub file: String,
    pub text: String,
}

impl<S: Serialize> KubernetesObject<S> {
    pub fn rendered(&self) -> RenderedObject {
        let file = format!("{}-{}", self.kind.to_lowercase(), self.metadata.name);
        RenderedObject { file, text: yaml_text(self) }
    }
}

#[derive(Serialize, Clone)]
pub struct ObjectMeta {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub labels: Labels,
}

impl ObjectMeta {
    /// Creates the metadata of an object in the namespace; `instance` labels select its pods.
    pub fn new(plan: &DeploymentPlan<'_>, name: &str, instance: Option<(&str, &str)>) -> ObjectMeta {
        let mut labels = Labels::from([
            ("app.kubernetes.io/managed-by".to_owned(), MARTYDB.to_owned()),
            ("app.kubernetes.io/part-of".to_owned(), martydb_model::deploy::label(&plan.manifest.project)),
        ]);
        labels.extend(instance.into_iter().flat_map(|(name, instance)| pod_labels(name, instance)));
        ObjectMeta { name: name.to_owned(), namespace: Some(plan.namespace.clone()), labels }
    }
}

pub fn pod_labels(name: &str, instance: &str) -> Labels {
    [(NAME.to_owned(), name.to_owned()), (INSTANCE.to_owned(), instance.to_owned())].into()
}

#[derive(Serialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub match_labels: Labels,
}

impl LabelSelector {
    pub fn new(labels: Labels) -> LabelSelector {
        LabelSelector { match_labels: labels }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodContainer {
    pub name: &'static str,
    pub image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    pub env: Vec<EnvVar>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    pub resources: Resources,
    pub security_context: ContainerSecurity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<ContainerProbe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness_probe: Option<ContainerProbe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liveness_probe: Option<ContainerProbe>,
    pub volume_mounts: Vec<VolumeMount>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSecurity {
    pub allow_privilege_escalation: bool,
    pub read_only_root_filesystem: bool,
    pub capabilities: Capabilities,
}

#[derive(Serialize)]
pub struct Capabilities {
    pub drop: [&'static str; 1],
}

impl Default for ContainerSecurity {
    fn default() -> Self {
        ContainerSecurity {
            allow_privilege_escalation: false,
            read_only_root_filesystem: true,
            capabilities: Capabilities { drop: ["ALL"] },
        }
    }
}

#[derive(Serialize)]
pub struct Resources {
    pub requests: BTreeMap<&'static str, String>,
    pub limits: BTreeMap<&'static str, String>,
}

impl Resources {
    /// Reserves memory and limits it to the same amount; CPU is reserved without a limit.
    pub fn new(cpu: &str, memory: &str) -> Resources {
        let memory = ("memory", memory.to_owned());
        Resources { requests: [("cpu", cpu.to_owned()), memory.clone()].into(), limits: [memory].into() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    pub name: String,
    #[serde(flatten)]
    pub value: EnvValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EnvValue {
    Value(String),
    ValueFrom(EnvSource),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvSource {
    pub secret_key_ref: SecretKey,
}

#[derive(Serialize)]
pub struct SecretKey {
    pub name: String,
    pub key: String,
}

/// Environment variables from all keys of a Secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvFrom {
    pub secret_ref: SecretName,
}

#[derive(Serialize, Clone)]
pub struct SecretName {
    pub name: String,
}

impl EnvVar {
    pub fn plain(name: &str, value: impl Into<String>) -> EnvVar {
        EnvVar { name: name.to_owned(), value: EnvValue::Value(dependency_free(&value.into())) }
    }

    pub fn secret(name: &str, secret: String, key: &str) -> EnvVar {
        let source = EnvSource { secret_key_ref: SecretKey { name: secret, key: key.to_owned() } };
        EnvVar { name: name.to_owned(), value: EnvValue::ValueFrom(source) }
    }
}

/// Escapes a value so that Kubernetes expands no `$(VARIABLE)` in it.
pub fn dependency_free(text: &str) -> String {
    text.replace("$(", "$$(")
}

/// Service in front of pods.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// `None` lets the cluster choose one; `"None"` leads to the pods themselves.
    #[serde(rename = "clusterIP", skip_serializing_if = "Option::is_none")]
    pub cluster_ip: Option<&'static str>,
    pub selector: Labels,
    pub ports: Vec<ServicePort>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    pub name: &'static str,
    pub port: u16,
    pub target_port: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    pub name: &'static str,
    pub container_port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount {
    pub name: String,
    pub mount_path: String,
}

impl VolumeMount {
    pub fn at(name: &str, path: &str) -> VolumeMount {
        VolumeMount { name: name.to_owned(), mount_path: path.to_owned() }
    }
}

#[derive(Serialize)]
pub struct Volume {
    pub name: String,
    #[serde(flatten)]
    pub source: VolumeSource,
}

/// Source of a volume.
#[derive(Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum VolumeSource {
    EmptyDir(EmptyDir),
    PersistentVolumeClaim {
        claim_name: String,
    },
    Secret {
        secret_name: String,
        /// Mode bits of its files.
        default_mode: u32,
        /// Its keys that are mounted; empty for all.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        items: Vec<SecretItem>,
    },
}

/// A key of a Secret, and the name of its file.
#[derive(Serialize)]
pub struct SecretItem {
    pub key: &'static str,
    pub path: &'static str,
}

impl Volume {
    /// Creates a volume with these keys of a Secret, or all, as files that the pod's group can read.
    pub fn secret(name: &str, secret_name: String, keys: &[&'static str]) -> Volume {
        let items = keys.iter().map(|key| SecretItem { key, path: key }).collect();
        let source = VolumeSource::Secret { secret_name, default_mode: 0o440, items };
        Volume { name: name.to_owned(), source }
    }

    /// Creates a volume that is deleted with the pod.
    pub fn empty(name: &str, medium: Option<&'static str>, size_limit: &str) -> Volume {
        Volume {
            name: name.to_owned(),
            source: VolumeSource::EmptyDir(EmptyDir { medium, size_limit: size_limit.to_owned() }),
        }
    }
}

/// Request for a disk.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimSpec {
    pub access_modes: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    pub resources: ClaimResources,
}

#[derive(Serialize)]
pub struct ClaimResources {
    pub requests: BTreeMap<&'static str, String>,
}

impl ClaimSpec {
    pub fn new(size: &str, class: Option<&String>) -> ClaimSpec {
        let requests = [("storage", size.to_owned())].into();
        ClaimSpec {
            access_modes: ["ReadWriteOnce"],
            storage_class_name: class.cloned(),
            resources: ClaimResources { requests },
        }
    }
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct EmptyDir {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<&'static str>,
    pub size_limit: String,
}
