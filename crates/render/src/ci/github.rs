//! GitHub workflow: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>. The job
//! runs on the virtual machine and not in a container, because only the machine has git and the tools of actions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::steps::{self, CiSystem, JSON, JUNIT, MARKDOWN, PASSWORD, word};
use crate::deployment::{DeploymentPlan, ServerNode};
use crate::document::{filled, yaml};
use crate::image;
use crate::redis::{RedisNode, admin_rule, program};
use martydb_model::error::Result;

/// Pinned by commit, because a tag can be moved.
/// <https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions>
const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683";
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02";

const SYSTEM: CiSystem = CiSystem { base: "\"origin/${GITHUB_BASE_REF:-main}\"", format: " --format github" };

/// Returns the workflow.
///
/// # Errors
/// If the environment has servers or passwords outside of the job.
pub(crate) fn workflow(plan: &DeploymentPlan<'_>) -> Result<String> {
    let (servers, redis) = (steps::servers(plan)?, steps::redis(plan)?);
    let manifest = plan.manifest;
    let name = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let admins = servers.iter().map(|(_, server)| (server.password_variable.clone(), PASSWORD.to_owned()));
    let admins = admins.chain(steps::redis_admins(&redis));
    let own = [
        ("MARTYDB_IMAGE", manifest.deploy.tool_image.clone()),
        ("MARTYDB_MANIFEST", literal(&name)),
        ("MARTYDB_ENV", literal(&manifest.env)),
        ("MARTYDB_NO_INPUT", "true".to_owned()),
    ];
    let folder = &plan.places.in_repository;
    let defaults = json!({ "run": { "working-directory": literal(folder) } });
    let services = servers.iter().map(|(host, server)| (*host, container(server)));
    let services = services.chain(redis.iter().map(|(host, node)| (*host, redis_container(node))));
    let variables = own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(admins);
    let job = json!({
        "runs-on": "ubuntu-24.04",
        "timeout-minutes": 30,
        "services": services.collect::<BTreeMap<_, _>>(),
        "env": variables.collect::<BTreeMap<_, _>>(),
        "defaults": (folder != ".").then_some(defaults),
        "steps": all_steps(plan, &servers, &redis),
    });
    Ok(yaml(json!({
        "name": "databases",
        "on": { "pull_request": {}, "push": { "branches": ["main"] } },
        "permissions": { "contents": "read" },
        "concurrency": { "group": "databases-${{ github.ref }}", "cancel-in-progress": true },
        "jobs": { "databases": job },
    })))
}

fn container(server: &ServerNode<'_>) -> Value {
    let variables = image::variables(server).into_iter().map(|(name, value)| (name, literal(&value)));
    let variables = variables.chain([("POSTGRES_PASSWORD", PASSWORD.to_owned())]);
    json!({
        "image": server.deploy.image,
        "env": variables.collect::<BTreeMap<_, _>>(),
        // Over TCP, like `image::ready`; user and database are irrelevant.
        "options": "--health-cmd \"pg_isready -h 127.0.0.1\" --health-interval 2s --health-retries 30",
    })
}

/// Returns the container of a Redis server, with the image's own command: a job cannot set it.
fn redis_container(node: &RedisNode<'_>) -> Value {
    json!({
        "image": node.deploy.image,
        "options": format!(
            "--health-cmd \"{} ping\" --health-interval 2s --health-retries 30",
            program(node, "cli")
        ),
    })
}

/// Makes the admins of the Redis servers, whose image makes none, and sets their ports.
fn make_admins(first: usize, redis: &[(&str, &RedisNode<'_>)]) -> Option<Value> {
    let make = |(number, (host, node)): (usize, &(&str, &RedisNode<'_>))| {
        let words = admin_rule(node, PASSWORD).map(|part| word(&part)).join(" ");
        let id = variable(first + number);
        let (client, port) = (format!("docker exec \"${id}\" {}", program(node, "cli")), node.server.port);
        let call = format!("{client} CONFIG SET port {port}\n{client} -p {port} ACL SETUSER {words}\n");
        ((id, container_id(host)), call)
    };
    let (ids, calls): (BTreeMap<_, _>, Vec<_>) = redis.iter().enumerate().map(make).unzip();
    let run = literal(&calls.concat());
    (!redis.is_empty()).then(|| json!({ "name": "Make the admins of Redis", "env": ids, "run": run }))
}

fn variable(number: usize) -> String {
    format!("SERVER_{number}")
}

fn container_id(host: &str) -> String {
    format!("${{{{ job.services.{host}.id }}}}")
}

fn all_steps(
    plan: &DeploymentPlan<'_>,
    servers: &[(&str, &ServerNode<'_>)],
    redis: &[(&str, &RedisNode<'_>)],
) -> Vec<Value> {
    let hosts = servers.iter().map(|(host, server)| (*host, server.url.host.as_str()));
    let hosts: Vec<_> =
        hosts.chain(redis.iter().map(|(host, node)| (*host, node.server.host.as_str()))).collect();
    let shell = |step: steps::JobStep| json!({ "name": step.name, "run": literal(&step.script) });
    let mut all = vec![checkout(), get(env!("CARGO_PKG_REPOSITORY")), name_servers(&hosts)];
    all.extend(make_admins(servers.len(), redis));
    all.extend(steps::comparisons(&SYSTEM).into_iter().map(shell));
    all.extend(steps::trials().into_iter().map(shell));
    all.extend([show(), keep(&plan.places.in_repository)]);
    all
}

fn checkout() -> Value {
    json!({
        "name": "Check out",
        "uses": CHECKOUT,
        // lint and validate compare with the target branch.
        "with": { "fetch-depth": 0, "persist-credentials": false },
    })
}

/// Installs martydb: by the action of the project where its address is one of GitHub's, else from the image.
fn get(repository: &str) -> Value {
    let name = "Get martydb";
    if let Some(action) = repository.strip_prefix("https://github.com/") {
        let version = env!("CARGO_PKG_VERSION");
        return json!({ "name": name, "uses": format!("{action}@v{version}"), "with": { "version": version } });
    }
    let run = "container=$(docker create \"$MARTYDB_IMAGE\")\n\
               docker cp \"$container:/usr/local/bin/martydb\" \"$RUNNER_TEMP/martydb\"\n\
               docker rm \"$container\"\n\
               echo \"$RUNNER_TEMP\" >>\"$GITHUB_PATH\"\n";
    json!({ "name": name, "run": run })
}

/// Maps the servers' names to their containers: the machine reaches containers only by address.
fn name_servers(servers: &[(&str, &str)]) -> Value {
    let ids = servers.iter().enumerate().map(|(number, (host, _))| (variable(number), container_id(host)));
    let calls = servers
        .iter()
        .enumerate()
        .map(|(number, (_, name))| format!("name {} \"${}\"\n", word(name), variable(number)));
    let run = format!(
        "name() {{ # name HOST CONTAINER\n\
         \x20 address=$(docker inspect --format '{{{{range .NetworkSettings.Networks}}}}{{{{.IPAddress}}}}{{{{end}}}}' \"$2\")\n\
         \x20 echo \"$address $1\" | sudo tee -a /etc/hosts\n\
         }}\n{}",
        calls.collect::<String>()
    );
    json!({ "name": "Name the servers", "env": filled(ids.collect::<BTreeMap<_, _>>()), "run": run })
}

/// Shows the result, also if a step failed.
fn show() -> Value {
    let run = format!("[ ! -f {MARKDOWN} ] || cat {MARKDOWN} >>\"$GITHUB_STEP_SUMMARY\"\n");
    json!({ "name": "Show the result", "if": "always()", "run": run })
}

fn keep(folder: &str) -> Value {
    let paths = [JUNIT, MARKDOWN, JSON].map(|file| literal(&format!("{folder}/{file}")));
    json!({
        "name": "Keep the reports",
        "if": "always()",
        "uses": UPLOAD,
        "with": { "if-no-files-found": "ignore", "name": "isolation", "path": paths.join("\n") },
    })
}

/// Escapes a text so that GitHub evaluates nothing in it.
fn literal(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn martydb_comes_from_the_action_where_the_project_has_an_address() {
        let version = env!("CARGO_PKG_VERSION");
        let action = get("https://github.com/someone/martydb");
        assert_eq!(action["uses"], format!("someone/martydb@v{version}"));
        assert_eq!(action["with"]["version"], version);
        for elsewhere in ["", "https://git.example.com/martydb"] {
            assert!(get(elsewhere)["run"].as_str().unwrap().contains("$MARTYDB_IMAGE"), "{elsewhere}");
        }
    }
}
