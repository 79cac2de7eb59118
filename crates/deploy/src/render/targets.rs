//! Table of the render targets.

use super::ci::{github, gitlab};
use super::deployment::DeploymentPlan;
use super::kubernetes::{cloudnative_pg, external_secrets, plain, sealed_secrets};
use super::{compose, cron, grafana, pgbackrest, pgbouncer, prometheus};
use martydb_config::manifest::DEFAULT_ENV;
use martydb_model::error::Result;

/// A render target.
pub struct RenderTarget {
    pub name: &'static str,
    /// Line in the help.
    pub help: &'static str,
    /// `true` if it needs the passwords, to seal them.
    pub seals: bool,
    /// `true` if it refers to servers, which then need addresses.
    pub names_servers: bool,
    /// Files; never empty.
    files: &'static [FileRow],
}

/// A file of a target.
struct FileRow {
    /// Path below `--out`.
    name: &'static str,
    text: fn(&DeploymentPlan<'_>) -> Result<String>,
}

/// A rendered file.
pub struct RenderedFile {
    /// Path below `--out`.
    pub name: &'static str,
    pub text: String,
}

/// All targets, in the order of the help.
pub const TARGETS: &[RenderTarget] = &[
    RenderTarget {
        name: "compose",
        help: "Compose: servers, networks, the job that provisions, the services",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "compose.yaml", text: compose::document }],
    },
    RenderTarget {
        name: "kubernetes",
        help: "Kubernetes: StatefulSets, Services, NetworkPolicies, Job, CronJob",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "kubernetes.yaml", text: plain::documents }],
    },
    RenderTarget {
        name: "cloudnative-pg",
        help: "CloudNativePG: Cluster, Database, DatabaseRole, Pooler, ScheduledBackup, PodMonitor, NetworkPolicies, Job, CronJob",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "cloudnative-pg.yaml", text: cloudnative_pg::documents }],
    },
    RenderTarget {
        name: "external-secrets",
        help: "External Secrets: an ExternalSecret for each login and admin",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "external-secrets.yaml", text: external_secrets::documents }],
    },
    RenderTarget {
        name: "sealed-secrets",
        help: "Sealed Secrets: a SealedSecret for each login and admin, for the controller's certificate",
        seals: true,
        names_servers: true,
        files: &[FileRow { name: "sealed-secrets.yaml", text: sealed_secrets::documents }],
    },
    RenderTarget {
        name: "pgbouncer",
        help: "PgBouncer: databases, and who may enter which",
        seals: false,
        names_servers: true,
        files: &[
            FileRow { name: "pgbouncer.ini", text: pgbouncer::settings },
            FileRow { name: "pgbouncer_hba.conf", text: pgbouncer::entrances },
        ],
    },
    RenderTarget {
        name: "pgbackrest",
        help: "pgBackRest: a stanza for each server",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "pgbackrest.conf", text: pgbackrest::settings }],
    },
    RenderTarget {
        name: "github",
        help: "GitHub: a workflow that provisions and proves each pull request",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "databases.yml", text: github::workflow }],
    },
    RenderTarget {
        name: "gitlab",
        help: "GitLab: a job that provisions and proves each merge request",
        seals: false,
        names_servers: true,
        files: &[FileRow { name: "databases.gitlab-ci.yml", text: gitlab::job }],
    },
    RenderTarget {
        name: "cron",
        help: "cron: proofs, and backups where the manifest has them, on this machine",
        seals: false,
        names_servers: false,
        files: &[FileRow { name: "martydb.crontab", text: cron::table }],
    },
    RenderTarget {
        name: "prometheus",
        help: "Prometheus: what to scrape of martydb monitor, and alert rules",
        seals: false,
        names_servers: false,
        files: &[
            FileRow { name: "prometheus.yml", text: prometheus::configuration },
            FileRow { name: prometheus::RULES_FILE, text: prometheus::rules },
        ],
    },
    RenderTarget {
        name: "grafana",
        help: "Grafana: a dashboard with a row for each service",
        seals: false,
        names_servers: false,
        files: &[FileRow { name: "martydb-dashboard.json", text: grafana::dashboard }],
    },
];

impl RenderTarget {
    pub fn named(name: &str) -> Option<&'static RenderTarget> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Returns the complete files; the first line of each is the command that writes it.
    ///
    /// # Errors
    /// If this target does not support something in the manifest.
    pub fn files(&self, plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedFile>> {
        let env = &plan.manifest.env;
        let env = if env == DEFAULT_ENV { String::new() } else { format!("-e {env} ") };
        let one = |row: &FileRow| {
            let command = format!("martydb {env}render {}", self.name);
            let text = (row.text)(plan)?;
            // JSON has no comments, so the command is its first value.
            let text = match text.strip_prefix("{\n") {
                Some(rest) => format!("{{\n  \"description\": \"{command}\",\n{rest}"),
                None => format!("# {command}\n{text}"),
            };
            Ok(RenderedFile { name: row.name, text })
        };
        self.files.iter().map(one).collect()
    }
}
