//! Table of the render targets.

use super::ci::{github, gitlab};
use super::deployment::DeploymentPlan;
use super::kubernetes::{
    RenderedObject, cloudnative_pg, external_secrets, kustomization, plain, sealed_secrets,
};
use super::{compose, cron, grafana, pgbackrest, pgbouncer, project_image, prometheus};
use martydb_manifest::DEFAULT_ENV;
use martydb_model::error::Result;

/// A render target.
pub struct RenderTarget {
    pub name: &'static str,
    /// Line in the help.
    pub help: &'static str,
    /// `true` if it needs the passwords, to seal them.
    pub seals: bool,
    pub servers: NamedServers,
    contents: TargetContents,
}

/// Servers that a target refers to; they need addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedServers {
    None,
    All,
    /// All, or the one that is chosen.
    Choosable,
}

/// Contents of a target; never empty.
enum TargetContents {
    Files(&'static [FileRow]),
    /// Objects of Kubernetes: one document, or a file for each with a kustomization and the others.
    Objects(fn(&DeploymentPlan<'_>) -> Result<Vec<RenderedObject>>, &'static [FileRow]),
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
    pub name: String,
    pub text: String,
}

/// Files of the image whose containers the objects run.
const PROJECT_IMAGE: &[FileRow] = &[
    FileRow { name: "Dockerfile", text: project_image::build },
    FileRow { name: "Dockerfile.dockerignore", text: project_image::left_out },
];

/// All targets, in the order of the help.
pub const TARGETS: &[RenderTarget] = &[
    RenderTarget {
        name: "compose",
        help: "Compose: servers, networks, the job that provisions, the services",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Files(&[FileRow { name: "compose.yaml", text: compose::document }]),
    },
    RenderTarget {
        name: "kubernetes",
        help: "Kubernetes: StatefulSets, Services, NetworkPolicies, Job, CronJob",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Objects(plain::objects, PROJECT_IMAGE),
    },
    RenderTarget {
        name: "cloudnative-pg",
        help: "CloudNativePG: Cluster, Database, DatabaseRole, Pooler, ScheduledBackup, PodMonitor, NetworkPolicies, Job, CronJob",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Objects(cloudnative_pg::objects, PROJECT_IMAGE),
    },
    RenderTarget {
        name: "external-secrets",
        help: "External Secrets: an ExternalSecret for each login and admin",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Objects(external_secrets::objects, &[]),
    },
    RenderTarget {
        name: "sealed-secrets",
        help: "Sealed Secrets: a SealedSecret for each login and admin, for the controller's certificate",
        seals: true,
        servers: NamedServers::All,
        contents: TargetContents::Objects(sealed_secrets::objects, &[]),
    },
    RenderTarget {
        name: "pgbouncer",
        help: "PgBouncer: databases, and who may enter which",
        seals: false,
        servers: NamedServers::Choosable,
        contents: TargetContents::Files(&[
            FileRow { name: "pgbouncer.ini", text: pgbouncer::settings },
            FileRow { name: "pgbouncer_hba.conf", text: pgbouncer::entrances },
        ]),
    },
    RenderTarget {
        name: "pgbackrest",
        help: "pgBackRest: a stanza for each server",
        seals: false,
        servers: NamedServers::Choosable,
        contents: TargetContents::Files(&[FileRow { name: "pgbackrest.conf", text: pgbackrest::settings }]),
    },
    RenderTarget {
        name: "github",
        help: "GitHub: a workflow that provisions and proves each pull request",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Files(&[FileRow { name: "databases.yml", text: github::workflow }]),
    },
    RenderTarget {
        name: "gitlab",
        help: "GitLab: a job that provisions and proves each merge request",
        seals: false,
        servers: NamedServers::All,
        contents: TargetContents::Files(&[FileRow { name: "databases.gitlab-ci.yml", text: gitlab::job }]),
    },
    RenderTarget {
        name: "cron",
        help: "cron: proofs, and backups where the manifest has them, on this machine",
        seals: false,
        servers: NamedServers::None,
        contents: TargetContents::Files(&[FileRow { name: "martydb.crontab", text: cron::table }]),
    },
    RenderTarget {
        name: "prometheus",
        help: "Prometheus: what to scrape of martydb monitor, and alert rules",
        seals: false,
        servers: NamedServers::None,
        contents: TargetContents::Files(&[
            FileRow { name: "prometheus.yml", text: prometheus::configuration },
            FileRow { name: prometheus::RULES_FILE, text: prometheus::rules },
        ]),
    },
    RenderTarget {
        name: "grafana",
        help: "Grafana: a dashboard with a row for each service",
        seals: false,
        servers: NamedServers::None,
        contents: TargetContents::Files(&[FileRow {
            name: "martydb-dashboard.json",
            text: grafana::dashboard,
        }]),
    },
];

impl RenderTarget {
    pub fn named(name: &str) -> Option<&'static RenderTarget> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Returns `true` if files that it does not write any more are removed.
    pub fn owns_folder(&self) -> bool {
        matches!(self.contents, TargetContents::Objects(..))
    }

    /// Returns the first line of each file: the command that writes it. JSON has it as its first value.
    pub fn heading(&self, plan: &DeploymentPlan<'_>) -> String {
        format!("# {}\n", self.command(plan))
    }

    fn command(&self, plan: &DeploymentPlan<'_>) -> String {
        let env = &plan.manifest.env;
        let env = if env == DEFAULT_ENV { String::new() } else { format!("-e {env} ") };
        let server = plan.only.as_ref().map_or(String::new(), |name| format!(" --server {name}"));
        format!("martydb {env}render {}{server}", self.name)
    }

    /// Returns everything as one text.
    ///
    /// # Errors
    /// If this target does not support something in the manifest.
    pub fn text(&self, plan: &DeploymentPlan<'_>) -> Result<String> {
        let TargetContents::Objects(objects, _) = self.contents else {
            return Ok(self.files(plan)?.into_iter().map(|file| file.text).collect());
        };
        let all = objects(plan)?.into_iter().map(|object| format!("---\n{}", object.text));
        Ok([self.heading(plan)].into_iter().chain(all).collect())
    }

    /// Returns the complete files.
    ///
    /// # Errors
    /// If this target does not support something in the manifest.
    pub fn files(&self, plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedFile>> {
        let file = |name: String, text: String| {
            // JSON has no comments.
            let text = match text.strip_prefix("{\n") {
                Some(rest) => format!("{{\n  \"description\": \"{}\",\n{rest}", self.command(plan)),
                None => self.heading(plan) + &text,
            };
            RenderedFile { name, text }
        };
        let of_rows = |rows: &[FileRow]| -> Result<Vec<RenderedFile>> {
            rows.iter().map(|row| Ok(file(row.name.to_owned(), (row.text)(plan)?))).collect()
        };
        match self.contents {
            TargetContents::Files(rows) => of_rows(rows),
            TargetContents::Objects(objects, others) => {
                let objects = objects(plan)?;
                let kustomization = ("kustomization".to_owned(), kustomization::text(&objects));
                let all = objects.into_iter().map(|object| (object.file, object.text)).chain([kustomization]);
                let all = all.map(|(name, text)| file(format!("{name}.yaml"), text));
                Ok(all.chain(of_rows(others)?).collect())
            }
        }
    }
}
