//! Values of a report: those of `status --check`, `history`, its record and `verify-isolation`, read by the same functions. Reads only.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::isolation::PageProof;
use super::{access, skipped};
use crate::app::App;
use crate::commands::inspect::history;
use crate::commands::inspect::history::record::RecordReport;
use crate::commands::inspect::status;
use crate::commands::verify::verify_isolation;
use martydb_manifest::RedisService;
use martydb_migrate::files::git_listing;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_os::read_named;
use martydb_report::values::{RedisKeys, Skipped, sha256};
use martydb_ui::flags::Select;
use martydb_ui::report::Report;

/// Newest runs that a report has.
const MOST_RUNS: usize = 1000;

/// Values, and how the commands that they are of would end.
pub(crate) struct Collected {
    pub json: Value,
    pub status: ExitStatus,
    /// Failures of parts, for standard error.
    pub messages: String,
}

/// Reads everything, one command after the other: their connections would count in each other's figures.
pub(crate) async fn collect(app: &App, select: &Select) -> Result<Collected> {
    let read = States::read(app, select).await?;
    let arguments =
        verify_isolation::Arguments { select: select.clone(), ..verify_isolation::Arguments::default() };
    let verified = verify_isolation::verify_services(app, &arguments, &app.readable(select)?).await?;
    read.with(app, select, PageProof::new(verified, now())).await
}

/// Reads everything but the proof of isolation, which a monitor has.
#[cfg(feature = "monitor")]
pub(crate) async fn collect_around(app: &App, proof: PageProof) -> Result<Collected> {
    let select = Select::default();
    States::read(app, &select).await?.with(app, &select, proof).await
}

/// States and history of the services.
struct States {
    services: Value,
    replicas: Value,
    history: Value,
    records: RecordReport,
    /// Number of events that each service has at most.
    limit: usize,
    backups_unknown: bool,
    status: ExitStatus,
    messages: String,
}

impl States {
    async fn read(app: &App, select: &Select) -> Result<States> {
        let limit = skipped::events_each(app.readable(select)?.len());
        let states = status::run(app, &status_arguments(select)).await?;
        let mut document = serde_json::to_value(&states).expect("plain data");
        let past = history::Arguments { select: select.clone(), limit: Some(limit), record: false };
        let past = history::events(app, &past).await?;
        let records =
            RecordReport::read(app, &app.readable(select)?, !select.names_none(), Some(MOST_RUNS)).await;
        Ok(States {
            records,
            services: document["services"].take(),
            replicas: document["replicas"].take(),
            history: serde_json::to_value(&past).expect("plain data")["services"].take(),
            limit,
            backups_unknown: app.manifest.backup.is_some() && !states.backups.is_known(),
            status: ExitStatus::worst([states.status(), past.status()]),
            messages: states.messages(&app.out.message_style()),
        })
    }

    async fn with(self, app: &App, select: &Select, proof: PageProof) -> Result<Collected> {
        let manifest = &app.manifest;
        let text = read_named(&manifest.path).map_err(|error| {
            Error::operation(format!("cannot read {}", manifest.path.display())).cause(error)
        })?;
        let mut skipped = skipped::listed(&proof.isolation, &self.history, self.limit, self.backups_unknown);
        skipped.extend(self.records.limits.iter().map(|limit| Skipped {
            what: format!("the record of runs of server {}", limit.server),
            why: limit.why.clone(),
            grant: limit.grant.clone(),
        }));
        let services = app.readable(select)?;
        let json = json!({
            "format_version": 1,
            "made_at": now(),
            "proven_at": proof.at,
            "martydb": env!("CARGO_PKG_VERSION"),
            "commit": commit(app).await,
            "manifest_sha256": sha256(&text),
            "project": manifest.project,
            "environment": manifest.env,
            "servers": proof.servers,
            "services": self.services,
            "replicas": self.replicas,
            "redis": redis_keys(app, &services),
            "isolation": proof.isolation,
            "access": access::declared(manifest, &services),
            "history": self.history,
            "records": self.records.records,
            "skipped": skipped,
        });
        let status = ExitStatus::worst([self.status, proof.status]);
        Ok(Collected { json, status, messages: self.messages })
    }
}

fn status_arguments(select: &Select) -> status::Arguments {
    status::Arguments {
        select: select.clone(),
        drift: true,
        check: true,
        only: vec![],
        size: true,
        watch: None,
    }
}

/// Returns the keys that the manifest gives these services on Redis.
fn redis_keys(app: &App, services: &[DesiredService]) -> Vec<RedisKeys> {
    let keys = services.iter().filter_map(|service| app.manifest.redis.services.get(&service.name));
    let row = |keys: &RedisService| RedisKeys {
        service: keys.service.to_string(),
        server: keys.server.to_string(),
        prefix: keys.prefix.clone(),
    };
    keys.map(row).collect()
}

/// Returns the commit that the manifest's folder has checked out; `None` outside of a repository.
async fn commit(app: &App) -> Option<String> {
    let folder = app.manifest.path.parent()?;
    let commit = git_listing::git(folder, &["rev-parse", "--verify", "HEAD"], "HEAD").await.ok()?;
    Some(commit.trim().to_owned())
}

/// Returns the time in whole seconds.
pub fn now() -> String {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default()
}
