//! `restore --discard-old`: removes the databases that restores have replaced.

use super::report::RestoreReport;
use crate::app::App;
use martydb_backup::{KeptDatabase, discard, list_kept};
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_model::units::{bytes, counted};
use martydb_pg::server::Access;
use martydb_provision::run_records;

pub(crate) async fn run(app: &App, service: &DesiredService) -> Result<RestoreReport> {
    let (access, desired) = (app.admin(&service.server).await?, app.manifest.desired(&service.server));
    let mut session = access.read(&access.maintenance).await?;
    let kept = list_kept(&mut session, &desired, service).await?;
    session.close().await;
    if kept.is_empty() {
        return Ok(RestoreReport::discarded(service, vec![]));
    }
    for one in &kept {
        let size = one.bytes.map_or_else(String::new, |size| format!(", {}", bytes(size)));
        app.out.show(&format!("{}{size}\n", one.database));
    }
    let count = counted(kept.len(), "former database");
    let question = format!("Remove {count} of service \"{}\"? This cannot be undone", service.name);
    app.confirm(&question, &format!("{count} would be removed"), "review the list above, then add -y")
        .await?;
    let record = run_records::of_server(app, &access, std::slice::from_ref(service), "restore");
    record.begin().await;
    let gone = discarded(&access, &kept).await;
    run_records::end_of(&record, &format!("{count} discarded"), &gone).await;
    Ok(RestoreReport::discarded(service, gone?))
}

async fn discarded(access: &Access, kept: &[KeptDatabase]) -> Result<Vec<String>> {
    let mut gone = vec![];
    for one in kept {
        discard(access, one).await?;
        gone.push(one.database.to_string());
    }
    Ok(gone)
}
