//! Backup of a restore: the named one, the newest, or the one that the user chooses on a terminal.

use time::OffsetDateTime;

use crate::app::App;
use crate::commands::backups::backup::list::BackupRow;
use crate::commands::backups::backup::listing::list;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::Select;
use martydb_ui::prompt;

/// Word for the newest backup.
const LATEST: &str = "latest";

/// Number of backups in an error.
const LISTED: usize = 5;

pub(crate) async fn backup(app: &App, service: &DesiredService, from: Option<&str>) -> Result<String> {
    if let Some(id) = from.filter(|id| *id != LATEST) {
        return Ok(id.to_owned());
    }
    let stores = app.backups()?;
    let own = list(app, &stores, &Select::of(service.name.as_str())).await?;
    let now = OffsetDateTime::now_utc();
    let mut rows: Vec<BackupRow> = own.backups.iter().rev().map(|one| BackupRow::new(one, now)).collect();
    rows.dedup_by(|one, other| one.id == other.id);
    let name = &service.name;
    let Some(newest) = rows.first() else {
        return Err(Error::usage(format!("there is no backup of service \"{name}\""))
            .hint(format!("`martydb backup {name}` makes one")));
    };
    if from.is_some() {
        app.out.note(&format!("the latest backup is {}", newest.id));
        return Ok(newest.id.clone());
    }
    if app.can_ask && !app.yes {
        let lines: Vec<String> = rows.iter().map(line).collect();
        return Ok(rows.swap_remove(prompt::one_of("Backup", &lines).await?).id);
    }
    Err(Error::usage("no backup was named")
        .causes(rows.iter().take(LISTED).map(line).collect::<Vec<_>>())
        .hint(format!("name one: `martydb restore {name} --from ID`, or the newest: --from {LATEST}")))
}

fn line(row: &BackupRow) -> String {
    let head = row.migration_head.as_ref().map_or_else(String::new, |head| format!(", V{head}"));
    let verified = if row.verified_at.is_some() { ", verified" } else { "" };
    format!("{}: {}{head}{verified}", row.id, row.size())
}
