//! `rotate`: new passwords, at once or with an overlap.

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::url::Role;
use crate::error::{Error, ExitStatus, Kind, Result};
use crate::flags::Select;
use crate::model::{DesiredService, RoleKind};
use crate::report::{Cell, Paint, Report, Style, Table, error_json, error_text, printable};
use crate::rotate::{Rotated, Rotation, Turn, rotate_server};
use crate::run::Run;

/// Flags of `rotate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to work on.
    #[command(flatten)]
    pub select: Select,
    /// Only this login [default: all three].
    #[arg(long, value_enum)]
    pub role: Option<Role>,
    /// Bring a second login into use; the first stays good until --finish.
    #[arg(long)]
    pub overlap: bool,
    /// Close the login that an overlap left behind.
    #[arg(long, conflicts_with = "overlap")]
    pub finish: bool,
    /// When the new password expires, such as 2027-01-31; `infinity` is never [default: as it is].
    #[arg(long, value_name = "TIME", conflicts_with = "finish")]
    pub valid_until: Option<String>,
}

impl Arguments {
    fn turn(&self) -> Turn {
        match (self.overlap, self.finish) {
            (true, _) => Turn::Overlap,
            (false, true) => Turn::Finish,
            (false, false) => Turn::InPlace,
        }
    }

    fn kinds(&self) -> Vec<RoleKind> {
        self.role.map_or(RoleKind::LOGINS.to_vec(), |role| vec![role.kind()])
    }
}

/// Rotates, servers side by side.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.writable(&arguments.select)?;
    let (kinds, turn) = (arguments.kinds(), arguments.turn());
    // A question at the terminal comes before the lock: other runs would wait for the answer. Each server's error is
    // met again, and told, in its own row.
    for server in run.servers_of(&services) {
        match run.admin(&server).await {
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            _ => {}
        }
    }
    let held = run.lock_store().await?;
    let all = run.servers_of(&services).into_iter().map(|server| {
        let (kinds, services, held) = (&kinds, &services, &held);
        async move {
            let here: Vec<_> = services.iter().filter(|service| service.server == server).cloned().collect();
            let valid_until = arguments.valid_until.as_deref();
            let rotation = Rotation { services: &here, kinds, turn, valid_until };
            let done = async {
                let (access, desired) = (run.admin(&server).await?, run.manifest.desired(&server));
                let store = (&run.store, held);
                rotate_server(&access, &desired, store, &rotation, run.lock_wait).await
            };
            (done.await, here)
        }
    });
    let mut report = RotateReport { turn, rows: vec![] };
    for (done, here) in join_all(all).await {
        match done {
            Ok(rows) => report.rows.extend(rows.into_iter().map(|(service, row)| (service, Ok(row)))),
            Err(error) => report.rows.extend(here.into_iter().map(|service| (service, Err(error.clone())))),
        }
    }
    Ok(Box::new(report))
}

struct RotateReport {
    turn: Turn,
    rows: Vec<(DesiredService, Result<Rotated>)>,
}

fn error(row: &Result<Rotated>) -> Option<&Error> {
    match row {
        Ok(row) => row.error.as_ref(),
        Err(error) => Some(error),
    }
}

fn outcome(row: &Result<Rotated>) -> (&'static str, Paint) {
    match row {
        Err(_) => ("skipped", Paint::Warn),
        Ok(row) if row.error.is_some() => ("failed", Paint::Bad),
        Ok(row) if row.changed => ("ok", Paint::Good),
        Ok(_) => ("unchanged", Paint::Dim),
    }
}

impl RotateReport {
    fn advice(&self) -> Option<&'static str> {
        let changed = self.rows.iter().any(|(_, row)| row.as_ref().is_ok_and(|row| row.changed));
        match self.turn {
            Turn::Overlap if changed => Some(
                "Both logins work. When every client has read the new one, run `martydb rotate --finish`.\n",
            ),
            _ => None,
        }
    }
}

impl Report for RotateReport {
    fn json(&self) -> Map<String, Value> {
        let rows = self.rows.iter().map(|(service, row)| {
            let done = row.as_ref().ok();
            json!({
                "service": service.name.as_str(),
                "server": service.server,
                "role": done.map(|row| row.kind.key()),
                "login": done.map(|row| row.login.as_str()),
                "previous": done.and_then(|row| row.other.as_ref()).map(|role| role.as_str()),
                "sessions": done.and_then(|row| row.sessions),
                "outcome": outcome(row).0,
                "error": error(row).map(error_json),
            })
        });
        Map::from_iter([("rotations".to_owned(), rows.collect())])
    }

    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["service", "role", "active login", "previous login", "result"]);
        let mut notes = String::new();
        for (service, row) in &self.rows {
            let (word, paint) = outcome(row);
            let done = row.as_ref().ok();
            let other = done.and_then(|row| row.other.as_ref());
            table.row([
                service.name.as_str().into(),
                done.map_or("-", |row| row.kind.key()).into(),
                done.map_or("-", |row| row.login.as_str()).into(),
                other.map_or("-", |role| role.as_str()).into(),
                Cell::new(word, paint),
            ]);
            if let Some((other, sessions)) = other.zip(done.and_then(|row| row.sessions).filter(|n| *n > 0)) {
                notes += &format!(
                    "{} still has {sessions} open sessions; they end when their clients do.\n",
                    printable(other.as_str())
                );
            }
            if let Some(error) = error(row) {
                notes += &format!("\nservice {}:\n{}\n", service.name, error_text(error, style));
            }
        }
        table.render(style) + &notes + self.advice().unwrap_or_default()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.rows.iter().filter_map(|(_, row)| error(row)).map(|error| error.kind.status()))
    }
}
