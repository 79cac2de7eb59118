//! Next commands, in order.

use martydb_manifest::DEFAULT_ENV;
use martydb_migrate::files::folder;
use martydb_model::DesiredService;
use martydb_provision::PlannedServer;

pub(crate) fn commands(
    env: &str,
    service: &DesiredService,
    planned: &PlannedServer,
    baseline: bool,
) -> Vec<String> {
    let env = if env == DEFAULT_ENV { String::new() } else { format!(" --env {env}") };
    let command = |words: &str| format!("martydb{env} {words}");
    let name = &service.name;
    let mut all = vec![];
    if !planned.plan.steps.is_empty() {
        all.push(command(&format!("apply --service {name} -y")));
    }
    if baseline {
        all.push(match folder::load(&service.migrations).all().is_empty() {
            true => command(&format!("baseline --service {name} --from-database")),
            // martydb cannot tell which files are applied to the database.
            false => command(&format!("baseline --service {name} --at VERSION")),
        });
    }
    all.push(command("verify-isolation"));
    all
}
