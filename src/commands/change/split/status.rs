//! `split status`: shows the status of each service of the split, and the next commands.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::common::{self, MapChoice, disabled_text};
use super::finish::is_over;
use crate::app::App;
use crate::commands::support::relative_path::relative_path;
use martydb_context::targets;
use martydb_manifest::SplitMap;
use martydb_migrate::MigrationTarget;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::bytes;
use martydb_pg::server::Connection;
use martydb_split::{
    ChangedDefinition, FollowedSide, LoadedCount, SplitPhase, SplitServiceStatus, disabled_side_effects,
    read_services, read_status, state_exists,
};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub map: MapChoice,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<SplitStatus> {
    let map = arguments.map.load(app)?;
    let access = common::source(app, &map).await?;
    let mut session = access.read(map.source.database.as_str()).await?;
    let services: Vec<DesiredService> =
        map.services.keys().map(|name| app.manifest.services[name].clone()).collect();
    let targets: BTreeMap<String, Result<MigrationTarget>> = targets::for_services(app, &services)
        .await?
        .into_iter()
        .map(|(service, target)| (service.name.to_string(), target))
        .collect();
    let (mut status, mut disabled, mut is_finished) = (vec![], vec![], false);
    if state_exists(&mut session).await? {
        status = begun(&mut session, &map, &targets).await?;
        disabled = disabled_side_effects(&mut session).await?;
    } else if is_over(app, &map, &access, &services).await.unwrap_or(false) {
        // A target that cannot be read yet is that of a split which has not begun.
        status = services.iter().map(SplitServiceStatus::finished).collect();
        is_finished = true;
    }
    session.close().await;
    let file = is_finished.then(|| relative_path(map.path()));
    Ok(SplitStatus { disabled, finished: file, ..SplitStatus::new(&services, status, &arguments.map) })
}

async fn begun(
    session: &mut Connection,
    map: &SplitMap,
    targets: &BTreeMap<String, Result<MigrationTarget>>,
) -> Result<Vec<SplitServiceStatus>> {
    let mut all = vec![];
    for service in read_services(session).await? {
        let target = match targets.get(&service.name) {
            Some(Ok(target)) => Ok(target),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::usage(format!("{} does not contain it", map.path().display()))),
        };
        all.push(read_status(session, &service, target).await?);
    }
    Ok(all)
}

#[derive(Serialize)]
pub struct SplitStatus {
    services: Vec<ServiceStatusRow>,
    /// Triggers and rules that are disabled in the shared database, because they write into tables that are closed there.
    disabled: Vec<String>,
    /// Next commands.
    next: Vec<String>,
    #[serde(skip)]
    follow: String,
    /// File of the map, if the split is finished.
    #[serde(skip)]
    finished: Option<String>,
}

#[derive(Serialize)]
struct ServiceStatusRow {
    service: String,
    server: String,
    database: String,
    phase: SplitPhase,
    #[serde(flatten)]
    loaded: LoadedCount,
    /// Bytes that the follower has not confirmed; `null` if the service is not followed.
    lag_bytes: Option<i64>,
    /// Bytes of WAL that the server retains for the slot, and the bytes until the slot is lost, if bounded.
    kept_bytes: Option<i64>,
    safe_bytes: Option<i64>,
    wal_status: Option<String>,
    /// Side of the slot: the one that accepts the writes.
    slot_at: Option<FollowedSide>,
    /// `true` if a process is reading the slot.
    followed: Option<bool>,
    /// Definitions that changed at the source since the copy, but not in the service's own database.
    changed: Vec<ChangedDefinition>,
    /// Command that was begun and did not finish.
    unfinished: Option<String>,
    next: Option<String>,
    error: Option<Error>,
}

impl SplitStatus {
    fn new(services: &[DesiredService], mut found: Vec<SplitServiceStatus>, map: &MapChoice) -> SplitStatus {
        let known: Vec<String> = found.iter().map(|one| one.service.name.clone()).collect();
        let planned = services.iter().filter(|service| !known.iter().any(|one| one == service.name.as_str()));
        found.extend(planned.map(SplitServiceStatus::planned));
        let mut all: Vec<ServiceStatusRow> = found.iter().map(|one| row_of(one, map)).collect();
        all.sort_by(|a, b| a.service.cmp(&b.service));
        let mut next: Vec<String> = all.iter().filter_map(|one| one.next.clone()).collect();
        next.dedup();
        let follow = map.in_command("martydb split copy --online");
        SplitStatus { services: all, disabled: vec![], next, follow, finished: None }
    }
}

fn row_of(one: &SplitServiceStatus, map: &MapChoice) -> ServiceStatusRow {
    let (service, slot) = (&one.service, one.slot.as_ref());
    ServiceStatusRow {
        service: service.name.clone(),
        server: service.server.clone(),
        database: service.database.clone(),
        phase: service.phase,
        loaded: one.loaded,
        lag_bytes: slot.map(|slot| slot.lag_bytes),
        kept_bytes: slot.map(|slot| slot.kept_bytes),
        safe_bytes: slot.and_then(|slot| slot.safe_bytes),
        wal_status: slot.and_then(|slot| slot.wal_status.clone()),
        slot_at: slot.map(|slot| slot.at),
        followed: slot.map(|slot| slot.active),
        changed: one.changed.clone(),
        unfinished: service.wanted.clone(),
        next: next(service.phase, &service.name, service.forward_slot.is_some(), map),
        error: one.error.clone(),
    }
}

/// Returns the next command.
pub(crate) fn next(phase: SplitPhase, service: &str, online: bool, map: &MapChoice) -> Option<String> {
    let command = match phase {
        SplitPhase::RolledBack if !online => "martydb split copy".into(),
        SplitPhase::Planned | SplitPhase::Copying => "martydb split copy".into(),
        SplitPhase::Copied | SplitPhase::Following | SplitPhase::RolledBack => {
            format!("martydb split cutover --service {service}")
        }
        SplitPhase::CutOver => "martydb split finish".into(),
        SplitPhase::Finished => return None,
    };
    Some(map.in_command(&command))
}

fn columns<'a>() -> Vec<ReportColumn<&'a ServiceStatusRow>> {
    vec![
        ReportColumn::shown("service", |one, _| one.service.as_str().into()),
        ReportColumn::shown("database", |one, _| one.database.as_str().into()),
        ReportColumn::shown("phase", |one, _| {
            let is_lost = one.wal_status.as_deref() == Some("lost");
            Cell::new(one.phase.name(), if is_lost { Paint::Bad } else { Paint::Plain })
        }),
        ReportColumn::shown("tables", |one, _| {
            Cell::number(format!("{}/{}", one.loaded.tables_done, one.loaded.tables))
        }),
        ReportColumn::shown("rows", |one, _| Cell::number(one.loaded.rows)),
        ReportColumn::shown("bytes", |one, _| Cell::number(bytes(one.loaded.bytes))),
        ReportColumn::shown("lag", |one, _| Cell::number(one.lag_bytes.map_or_else(String::new, bytes))),
    ]
}

impl Report for SplitStatus {
    fn text(&self, style: &Style) -> String {
        let mut text = ReportColumn::table(columns(), &[], &self.services, style).render(style);
        for one in &self.services {
            if let Some(begun) = &one.unfinished {
                text += &format!("{}: a {begun} did not finish\n", one.service);
            }
            if let (Some(kept), Some(status)) = (one.kept_bytes, &one.wal_status) {
                let safe = one.safe_bytes.map(|safe| format!(", {} before they are lost", bytes(safe)));
                text += &format!(
                    "{}: the {} retains {} of WAL for it ({status}{})\n",
                    one.service,
                    one.slot_at.map_or("source", FollowedSide::name),
                    bytes(kept),
                    safe.unwrap_or_default()
                );
            }
        }
        for one in self.services.iter().filter(|one| !one.changed.is_empty()) {
            text += &format!(
                "{}: changed at the source since the copy, but not in its own database:\n",
                one.service
            );
            for line in one.changed.iter().flat_map(ChangedDefinition::lines) {
                text += &format!("  {}\n", printable(&line));
            }
        }
        let alone =
            self.services.iter().filter(|one| one.followed == Some(false) && one.unfinished.is_none());
        for one in alone {
            text += &format!("{}: not followed; run `{}`\n", one.service, self.follow);
        }
        text += &disabled_text(&self.disabled);
        if let Some(file) = &self.finished {
            return text + &format!("\nThe split is finished: remove {}.\n", file);
        }
        if self.next.is_empty() { text } else { text + &format!("\nnext: `{}`\n", self.next.join("`, `")) }
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.services.iter().filter_map(|one| one.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.services.iter().filter_map(|one| one.error.as_ref()))
    }
}
