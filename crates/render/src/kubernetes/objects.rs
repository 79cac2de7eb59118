//! Parts of Kubernetes objects, as far as they are used here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::deployment::DeploymentPlan;

pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) use crate::deployment::INSTANCE_LABEL as INSTANCE;
pub(crate) use crate::deployment::MARTYDB;
pub(crate) use crate::deployment::MONITOR;
pub(crate) use crate::deployment::NAME_LABEL as NAME;
pub(crate) use crate::deployment::{POSTGRES, RELAY, SERVE, workload};
pub(crate) use crate::document::{filled, joined, yaml};

/// The text of an object.
pub(crate) struct RenderedObject {
    /// Name of its file, without the extension.
    pub file: String,
    pub text: String,
}

/// Returns an object of this API and kind.
pub(crate) fn object((api_version, kind): (&str, &str), metadata: Value, spec: Value) -> RenderedObject {
    let file = format!("{}-{}", kind.to_lowercase(), metadata["name"].as_str().unwrap_or_default());
    let object = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec });
    RenderedObject { file, text: yaml(object) }
}

/// Returns a ConfigMap with a file.
pub(crate) fn config_map(
    plan: &DeploymentPlan<'_>,
    name: &str,
    (file, text): (&str, &str),
) -> RenderedObject {
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": plain_metadata(plan, name),
        "data": { file: text },
    });
    RenderedObject { file: format!("configmap-{name}"), text: yaml(object) }
}

/// Returns the metadata of an object in the namespace.
pub(crate) fn metadata(plan: &DeploymentPlan<'_>, name: &str, labels: &Labels) -> Value {
    json!({ "name": name, "namespace": plan.namespace, "labels": labels })
}

/// Returns the metadata of an object without pods.
pub(crate) fn plain_metadata(plan: &DeploymentPlan<'_>, name: &str) -> Value {
    metadata(plan, name, &labels(plan))
}

/// Returns the metadata of an object with pods, which the labels `name` and `instance` select.
pub(crate) fn pods_metadata(plan: &DeploymentPlan<'_>, object: &str, name: &str, instance: &str) -> Value {
    metadata(plan, object, &labels(plan).into_iter().chain(pod_labels(name, instance)).collect())
}

/// Returns the labels of every object.
pub(crate) fn labels(plan: &DeploymentPlan<'_>) -> Labels {
    Labels::from([
        ("app.kubernetes.io/managed-by".to_owned(), MARTYDB.to_owned()),
        ("app.kubernetes.io/part-of".to_owned(), martydb_model::deploy::label(&plan.manifest.project)),
    ])
}

pub(crate) fn pod_labels(name: &str, instance: &str) -> Labels {
    [(NAME.to_owned(), name.to_owned()), (INSTANCE.to_owned(), instance.to_owned())].into()
}

/// Returns the selector of pods with these labels; of all without labels.
pub(crate) fn selector(labels: &Labels) -> Value {
    json!({ "matchLabels": filled(labels) })
}

/// Returns the security context of a container, which has no privileges.
pub(crate) fn container_security() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    })
}

/// Reserves memory and limits it to the same amount; CPU is reserved without a limit.
pub(crate) fn resources(cpu: &str, memory: &str) -> Value {
    json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "memory": memory } })
}

pub(crate) fn variable(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": dependency_free(value) })
}

/// Returns a variable with the value of a Secret's key.
pub(crate) fn secret_variable(name: &str, secret: &str, key: &str) -> Value {
    json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": key } } })
}

/// Escapes a value so that Kubernetes expands no `$(VARIABLE)` in it.
pub(crate) fn dependency_free(text: &str) -> String {
    text.replace("$(", "$$(")
}

pub(crate) fn container_port(name: &str, port: u16) -> Value {
    json!({ "name": name, "containerPort": port })
}

/// Returns a port of a Service, which leads to the pods' port with the same name.
pub(crate) fn service_port(name: &str, port: u16) -> Value {
    json!({ "name": name, "port": port, "targetPort": name })
}

/// Returns a probe with this action:
/// <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/>.
pub(crate) fn probe(action: Value, period_seconds: u32, failure_threshold: u32) -> Value {
    let times = json!({
        "periodSeconds": period_seconds,
        "timeoutSeconds": 5,
        "failureThreshold": failure_threshold,
    });
    joined([action, times])
}

pub(crate) fn mount(name: &str, path: &str) -> Value {
    json!({ "name": name, "mountPath": path })
}

/// Returns a volume with these keys of a Secret, or all, as files that the pod's group can read.
pub(crate) fn secret_volume(name: &str, secret: &str, keys: &[&str]) -> Value {
    let items: Vec<Value> = keys.iter().map(|key| json!({ "key": key, "path": key })).collect();
    let source = json!({ "secretName": secret, "defaultMode": 0o440, "items": filled(items) });
    json!({ "name": name, "secret": source })
}

/// Returns a volume that is deleted with the pod.
pub(crate) fn empty_volume(name: &str, medium: Option<&str>, size_limit: &str) -> Value {
    json!({ "name": name, "emptyDir": { "medium": medium, "sizeLimit": size_limit } })
}

/// Returns a request for a disk.
pub(crate) fn claim(size: &str, class: Option<&String>) -> Value {
    json!({
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": class,
        "resources": { "requests": { "storage": size } },
    })
}
