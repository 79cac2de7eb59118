//! Choice of services on a terminal, for a command that writes and was given none.

use crate::app::App;
use crate::commands::inspect::status::states;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::{OneService, Select};
use martydb_ui::prompt;

/// Returns the services of a command that writes: those that are named, all with `--all`, or those that the user chooses.
#[martydb_pg::boxed]
pub async fn services(app: &App, select: &Select) -> Result<Vec<DesiredService>> {
    if !select.is_open() || select.all || !offers(app) {
        return app.writable(select);
    }
    let all = all(app);
    let chosen = prompt::several_of("Services", &with_states(app, &all).await?, false).await?;
    match chosen.is_empty() {
        true => Err(Error::usage("no service was chosen")),
        false => Ok(chosen.into_iter().map(|at| all[at].clone()).collect()),
    }
}

/// Returns the only service of a command: the named one, or the one that the user chooses.
#[martydb_pg::boxed]
pub async fn service(app: &App, one: &OneService) -> Result<DesiredService> {
    match one.name() {
        None if offers(app) => chosen(app, &with_states(app, &all(app)).await?).await,
        name => named(app, name),
    }
}

/// Returns the same for a command that needs no server.
#[martydb_pg::boxed]
pub(crate) async fn service_by_name(app: &App, one: &OneService) -> Result<DesiredService> {
    match one.name() {
        None if offers(app) => {
            let names: Vec<String> = all(app).iter().map(|service| service.name.to_string()).collect();
            chosen(app, &names).await
        }
        name => named(app, name),
    }
}

fn named(app: &App, name: Option<&str>) -> Result<DesiredService> {
    app.service(name.ok_or_else(|| app.no_service_given())?).cloned()
}

async fn chosen(app: &App, items: &[String]) -> Result<DesiredService> {
    let at = prompt::one_of("Service", items).await?;
    Ok(all(app).swap_remove(at))
}

/// With `-y` it may be a script that runs at the terminal.
fn offers(app: &App) -> bool {
    app.can_ask && !app.yes && !app.manifest.services.is_empty()
}

fn all(app: &App) -> Vec<DesiredService> {
    app.manifest.services.values().cloned().collect()
}

/// Returns a line for each service: its name and its state.
async fn with_states(app: &App, services: &[DesiredService]) -> Result<Vec<String>> {
    let states = states(app, services).await?;
    let width = services.iter().map(|service| service.name.as_str().len()).max().unwrap_or_default();
    let named = services.iter().zip(states);
    Ok(named.map(|(service, state)| format!("{:width$}  {state}", service.name.as_str())).collect())
}
