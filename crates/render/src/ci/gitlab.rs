//! GitLab job: <https://docs.gitlab.com/ci/yaml/>. It runs in martydb's image, and its services have the servers'
//! names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::steps::{self, CiSystem, JSON, JUNIT, MARKDOWN, PASSWORD, word};
use crate::deployment::{DeploymentPlan, ServerNode};
use crate::document::yaml;
use crate::image;
use crate::redis::{RedisNode, admin_rule, program};
use martydb_model::error::Result;

/// See <https://docs.gitlab.com/ci/variables/predefined_variables/>; the variable is empty outside of merge
/// requests.
const SYSTEM: CiSystem = CiSystem { base: "\"${CI_MERGE_REQUEST_DIFF_BASE_SHA:-HEAD}\"", format: "" };

/// Returns the job.
///
/// # Errors
/// If the environment has servers or passwords outside of the job.
pub(crate) fn job(plan: &DeploymentPlan<'_>) -> Result<String> {
    let (servers, redis) = (steps::servers(plan)?, steps::redis(plan)?);
    let manifest = plan.manifest;
    let name = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let admins = servers.iter().map(|(_, server)| (server.password_variable.clone(), PASSWORD.to_owned()));
    let own = [
        ("MARTYDB_MANIFEST", literal(&name)),
        ("MARTYDB_ENV", literal(&manifest.env)),
        ("MARTYDB_NO_INPUT", "true".to_owned()),
        // Comparing with the target branch needs its commits.
        ("GIT_DEPTH", "0".to_owned()),
    ];
    let folder = &plan.places.in_repository;
    let file = |name: &str| if folder == "." { name.to_owned() } else { format!("{folder}/{name}") };
    let admins = admins.chain(steps::redis_admins(&redis));
    let services = servers.iter().map(|(_, server)| container(server));
    let services: Vec<Value> = services.chain(redis.iter().map(|(_, node)| redis_container(node))).collect();
    let variables = own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(admins);
    let job = json!({
        "stage": "test",
        // The entrypoint is empty, because the runner starts a shell.
        "image": { "name": manifest.deploy.tool_image, "entrypoint": [""] },
        "services": services,
        "variables": variables.collect::<BTreeMap<_, _>>(),
        "rules": [
            { "if": "$CI_PIPELINE_SOURCE == \"merge_request_event\"" },
            { "if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" },
        ],
        "script": script(plan),
        "artifacts": {
            "when": "always",
            "paths": [file(MARKDOWN), file(JSON)],
            "reports": { "junit": file(JUNIT) },
        },
    });
    Ok(yaml(json!({ "databases": job })))
}

fn container(server: &ServerNode<'_>) -> Value {
    let variables = image::variables(server).into_iter().map(|(name, value)| (name, literal(&value)));
    let variables = variables.chain([("POSTGRES_PASSWORD", PASSWORD.to_owned())]);
    json!({
        "name": server.deploy.image,
        "alias": server.url.host,
        "variables": variables.collect::<BTreeMap<_, _>>(),
    })
}

/// Returns the container of a Redis server, whose users are arguments of its program.
fn redis_container(node: &RedisNode<'_>) -> Value {
    let port = ["--port".to_owned(), node.server.port.to_string(), "--user".to_owned()];
    let server = [program(node, "server")].into_iter().chain(port).chain(admin_rule(node, PASSWORD));
    json!({
        "name": node.deploy.image,
        "alias": node.server.host,
        "command": server.map(|word| literal(&word)).collect::<Vec<_>>(),
    })
}

fn script(plan: &DeploymentPlan<'_>) -> Vec<String> {
    let folder = &plan.places.in_repository;
    let enter = (folder != ".").then(|| format!("cd {}", word(folder)));
    let compared: String = steps::comparisons(&SYSTEM).into_iter().map(|step| step.script).collect();
    let compared = format!(
        "if command -v git >/dev/null; then\n\
         git config --global --add safe.directory \"$CI_PROJECT_DIR\"\n\
         {compared}\
         else\n\
         echo 'The image has no git: lint and the comparison with the target branch are skipped.'\n\
         martydb validate\n\
         fi\n"
    );
    let trials = steps::trials().into_iter().map(|step| step.script.trim_end().to_owned());
    enter.into_iter().chain([compared]).chain(trials).collect()
}

/// Escapes a value so that GitLab expands no variable in it.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
