//! The kinds of deployment, a row each.

use super::compose;
use super::kubernetes::{cloudnative_pg, external_secrets, plain};
use super::landscape::Landscape;
use crate::error::Result;
use crate::manifest::DEFAULT_ENV;

/// What is written for one kind of deployment.
pub struct RenderTarget {
    pub name: &'static str,
    /// Its line in the help.
    pub help: &'static str,
    /// The file's name below `--out`.
    pub file: &'static str,
    documents: fn(&Landscape<'_>) -> Result<String>,
}

/// In the order of the help.
pub const TARGETS: &[RenderTarget] = &[
    RenderTarget {
        name: "compose",
        help: "Compose: servers, networks, the job that provisions, the services",
        file: "compose.yaml",
        documents: compose::document,
    },
    RenderTarget {
        name: "kubernetes",
        help: "Kubernetes: StatefulSets, Services, NetworkPolicies, Job, CronJob",
        file: "kubernetes.yaml",
        documents: plain::documents,
    },
    RenderTarget {
        name: "cloudnative-pg",
        help: "CloudNativePG: Cluster, Database, DatabaseRole, NetworkPolicies, Job, CronJob",
        file: "cloudnative-pg.yaml",
        documents: cloudnative_pg::documents,
    },
    RenderTarget {
        name: "external-secrets",
        help: "External Secrets: an ExternalSecret for each login and admin",
        file: "external-secrets.yaml",
        documents: external_secrets::documents,
    },
];

impl RenderTarget {
    pub fn named(name: &str) -> Option<&'static RenderTarget> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The whole file, whose first line is the command that writes it.
    ///
    /// # Errors
    /// If the manifest has something that this kind of deployment cannot have.
    pub fn text(&self, landscape: &Landscape<'_>) -> Result<String> {
        let env = &landscape.manifest.env;
        let env = if env == DEFAULT_ENV { String::new() } else { format!("-e {env} ") };
        Ok(format!("# martydb {env}render {}\n{}", self.name, (self.documents)(landscape)?))
    }
}
