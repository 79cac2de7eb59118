//! Choice of services on a terminal, for a command that writes and was given none.

use crate::app::Run;
use crate::commands::inspect::status::states;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_ui::flags::{OneService, Select};
use martydb_ui::prompt;

/// Returns the services of a command that writes: those that are named, all with `--all`, or those that the user chooses.
#[martydb_pg::boxed]
pub async fn services(run: &Run, select: &Select) -> Result<Vec<DesiredService>> {
    if !select.names_none() || select.all || !offers(run) {
        return run.writable(select);
    }
    let all = all(run);
    let chosen = prompt::several_of("Services", &with_states(run, &all).await?, false).await?;
    match chosen.is_empty() {
        true => Err(Error::usage("no service was chosen")),
        false => Ok(chosen.into_iter().map(|at| all[at].clone()).collect()),
    }
}

/// Returns the only service of a command: the named one, or the one that the user chooses.
#[martydb_pg::boxed]
pub async fn service(run: &Run, one: &OneService) -> Result<DesiredService> {
    match one.name() {
        None if offers(run) => chosen(run, &with_states(run, &all(run)).await?).await,
        name => named(run, name),
    }
}

/// Returns the same for a command that needs no server.
#[martydb_pg::boxed]
pub(crate) async fn service_by_name(run: &Run, one: &OneService) -> Result<DesiredService> {
    match one.name() {
        None if offers(run) => {
            let names: Vec<String> = all(run).iter().map(|service| service.name.to_string()).collect();
            chosen(run, &names).await
        }
        name => named(run, name),
    }
}

fn named(run: &Run, name: Option<&str>) -> Result<DesiredService> {
    run.service(name.ok_or_else(|| run.no_service_given())?).cloned()
}

async fn chosen(run: &Run, items: &[String]) -> Result<DesiredService> {
    let at = prompt::one_of("Service", items).await?;
    Ok(all(run).swap_remove(at))
}

/// With `-y` it may be a script that runs at the terminal.
fn offers(run: &Run) -> bool {
    run.can_ask && !run.yes && !run.manifest.services.is_empty()
}

fn all(run: &Run) -> Vec<DesiredService> {
    run.manifest.services.values().cloned().collect()
}

/// Returns a line for each service: its name and its state.
async fn with_states(run: &Run, services: &[DesiredService]) -> Result<Vec<String>> {
    let states = states(run, services).await?;
    let width = services.iter().map(|service| service.name.as_str().len()).max().unwrap_or_default();
    let named = services.iter().zip(states);
    Ok(named.map(|(service, state)| format!("{:width$}  {state}", service.name.as_str())).collect())
}
