//! GitHub workflow: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>. The job
//! runs on the virtual machine and not in a container, because only the machine has git and the tools of actions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::steps::{self, CiSystem, JSON, JUNIT, MARKDOWN, PASSWORD, word};
use crate::render::deployment::{DeploymentPlan, ServerNode};
use crate::render::image;
use martydb_model::error::Result;
use martydb_ui::report::yaml_text;

/// Pinned by commit, because a tag can be moved.
/// <https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions>
const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683";
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02";

const SYSTEM: CiSystem = CiSystem { base: "\"origin/${GITHUB_BASE_REF:-main}\"", format: " --format github" };

#[derive(Serialize)]
struct Workflow {
    name: &'static str,
    on: GithubEvents,
    permissions: BTreeMap<&'static str, &'static str>,
    concurrency: Concurrency,
    jobs: BTreeMap<&'static str, GithubJob>,
}

#[derive(Serialize)]
struct GithubEvents {
    pull_request: BTreeMap<(), ()>,
    push: Push,
}

#[derive(Serialize)]
struct Push {
    branches: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Concurrency {
    group: &'static str,
    cancel_in_progress: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct GithubJob {
    runs_on: &'static str,
    timeout_minutes: u8,
    services: BTreeMap<String, GithubService>,
    env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<GithubDefaults>,
    steps: Vec<WorkflowStep>,
}

#[derive(Serialize)]
struct GithubService {
    image: String,
    env: BTreeMap<&'static str, String>,
    options: &'static str,
}

#[derive(Serialize)]
struct GithubDefaults {
    run: RunDefaults,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RunDefaults {
    working_directory: String,
}

#[derive(Serialize, Default)]
struct WorkflowStep {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#if: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    with: BTreeMap<&'static str, serde_json::Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
}

/// Returns the workflow.
///
/// # Errors
/// If the environment has servers or passwords outside of the job.
pub fn workflow(plan: &DeploymentPlan<'_>) -> Result<String> {
    let servers = steps::servers(plan)?;
    let manifest = plan.manifest;
    let name = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let admins = servers.iter().map(|(_, server)| (server.password_variable.clone(), PASSWORD.to_owned()));
    let own = [
        ("MARTYDB_IMAGE", manifest.deploy.tool_image.clone()),
        ("MARTYDB_MANIFEST", literal(&name)),
        ("MARTYDB_ENV", literal(&manifest.env)),
        ("MARTYDB_NO_INPUT", "true".to_owned()),
    ];
    let folder = &plan.places.in_repository;
    let defaults = GithubDefaults { run: RunDefaults { working_directory: literal(folder) } };
    let job = GithubJob {
        runs_on: "ubuntu-24.04",
        timeout_minutes: 30,
        services: servers.iter().map(|(host, server)| ((*host).to_owned(), container(server))).collect(),
        env: own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(admins).collect(),
        defaults: (folder != ".").then_some(defaults),
        steps: all_steps(plan, &servers),
    };
    Ok(yaml_text(&Workflow {
        name: "databases",
        on: GithubEvents { pull_request: BTreeMap::new(), push: Push { branches: ["main"] } },
        permissions: [("contents", "read")].into(),
        concurrency: Concurrency { group: "databases-${{ github.ref }}", cancel_in_progress: true },
        jobs: [("databases", job)].into(),
    }))
}

fn container(server: &ServerNode<'_>) -> GithubService {
    let variables = image::variables(server).into_iter().map(|(name, value)| (name, literal(&value)));
    GithubService {
        image: server.deploy.image.clone(),
        env: variables.chain([("POSTGRES_PASSWORD", PASSWORD.to_owned())]).collect(),
        // Over TCP, like `image::ready`; user and database are irrelevant.
        options: "--health-cmd \"pg_isready -h 127.0.0.1\" --health-interval 2s --health-retries 30",
    }
}

fn all_steps(plan: &DeploymentPlan<'_>, servers: &[(&str, &ServerNode<'_>)]) -> Vec<WorkflowStep> {
    let shell = |step: steps::JobStep| WorkflowStep {
        name: step.name.to_owned(),
        run: Some(literal(&step.script)),
        ..WorkflowStep::default()
    };
    let mut all = vec![checkout(), get(), name_servers(servers)];
    all.extend(steps::comparisons(plan, &SYSTEM).into_iter().map(shell));
    all.extend(steps::trials().into_iter().map(shell));
    all.extend([show(), keep(&plan.places.in_repository)]);
    all
}

fn checkout() -> WorkflowStep {
    WorkflowStep {
        name: "Check out".to_owned(),
        uses: Some(CHECKOUT),
        // lint and validate compare with the target branch.
        with: [("fetch-depth", 0.into()), ("persist-credentials", false.into())].into(),
        ..WorkflowStep::default()
    }
}

fn get() -> WorkflowStep {
    let run = "container=$(docker create \"$MARTYDB_IMAGE\")\n\
               docker cp \"$container:/usr/local/bin/martydb\" \"$RUNNER_TEMP/martydb\"\n\
               docker rm \"$container\"\n\
               echo \"$RUNNER_TEMP\" >>\"$GITHUB_PATH\"\n";
    WorkflowStep { name: "Get martydb".to_owned(), run: Some(run.to_owned()), ..WorkflowStep::default() }
}

/// Maps the servers' names to their containers: the machine reaches containers only by address.
fn name_servers(servers: &[(&str, &ServerNode<'_>)]) -> WorkflowStep {
    let variable = |number: usize| format!("SERVER_{number}");
    let ids = servers
        .iter()
        .enumerate()
        .map(|(number, (host, _))| (variable(number), format!("${{{{ job.services.{host}.id }}}}")));
    let calls = servers
        .iter()
        .enumerate()
        .map(|(number, (_, server))| format!("name {} \"${}\"\n", word(&server.url.host), variable(number)));
    let run = format!(
        "name() {{ # name HOST CONTAINER\n\
         \x20 address=$(docker inspect --format '{{{{range .NetworkSettings.Networks}}}}{{{{.IPAddress}}}}{{{{end}}}}' \"$2\")\n\
         \x20 echo \"$address $1\" | sudo tee -a /etc/hosts\n\
         }}\n{}",
        calls.collect::<String>()
    );
    WorkflowStep {
        name: "Name the servers".to_owned(),
        env: ids.collect(),
        run: Some(run),
        ..WorkflowStep::default()
    }
}

/// Shows the result, also if a step failed.
fn show() -> WorkflowStep {
    let run = format!("[ ! -f {MARKDOWN} ] || cat {MARKDOWN} >>\"$GITHUB_STEP_SUMMARY\"\n");
    WorkflowStep {
        name: "Show the result".to_owned(),
        r#if: Some("always()"),
        run: Some(run),
        ..WorkflowStep::default()
    }
}

fn keep(folder: &str) -> WorkflowStep {
    let paths = [JUNIT, MARKDOWN, JSON].map(|file| literal(&format!("{folder}/{file}")));
    WorkflowStep {
        name: "Keep the reports".to_owned(),
        r#if: Some("always()"),
        uses: Some(UPLOAD),
        with: [
            ("name", "isolation".into()),
            ("path", paths.join("\n").into()),
            ("if-no-files-found", "ignore".into()),
        ]
        .into(),
        ..WorkflowStep::default()
    }
}

/// Escapes a text so that GitHub evaluates nothing in it.
fn literal(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}
