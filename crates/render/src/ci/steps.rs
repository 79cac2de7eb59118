//! Steps of a job, the same for every CI system.

use crate::deployment::{DeploymentPlan, ServerNode};
use crate::redis::RedisNode;
use martydb_manifest::SecretsSpec;
use martydb_model::error::{Error, Result};

/// Password of the servers' admins. The servers are reachable only by the job and end with it.
pub(crate) const PASSWORD: &str = "only-in-this-job";

/// Report of `verify-isolation`.
pub(crate) const JUNIT: &str = "isolation.xml";
pub(crate) const MARKDOWN: &str = "isolation.md";
pub(crate) const JSON: &str = "isolation.json";

/// A step of a job.
pub(crate) struct JobStep {
    pub name: &'static str,
    /// POSIX shell script, which stops at the first failure.
    pub script: String,
}

/// Differences between CI systems.
pub(crate) struct CiSystem {
    /// Target commit of the change, as a shell word.
    pub base: &'static str,
    /// Arguments appended to `validate` and `lint`.
    pub format: &'static str,
}

/// Returns the steps that compare with the target branch.
pub(crate) fn comparisons(system: &CiSystem) -> Vec<JobStep> {
    let CiSystem { base, format } = system;
    vec![
        JobStep {
            name: "Validate manifest and migrations",
            script: format!("martydb validate --against {base}{format}\n"),
        },
        JobStep {
            name: "Lint what the branch adds",
            script: format!("martydb lint --against {base}{format}\n"),
        },
    ]
}

/// Returns the steps that run on the servers.
pub(crate) fn trials() -> Vec<JobStep> {
    let reports = [("junit", JUNIT), ("markdown", MARKDOWN), ("json", JSON)]
        .map(|(kind, file)| format!(" --report {kind}={file}"));
    let one = |name, script: &str| JobStep { name, script: format!("{script}\n") };
    vec![
        one("Provision and migrate", "martydb init-all -y"),
        one("Find nothing left to do", "martydb plan --check"),
        one("Prove that down files undo up files", "martydb verify-down --all --every"),
        one("Prove isolation", &format!("martydb verify-isolation{}", reports.concat())),
    ]
}

/// Returns the servers with their hosts.
///
/// # Errors
/// If a server or the passwords are outside of the job, which must not change anything permanent.
pub(crate) fn servers<'l, 'a>(plan: &'l DeploymentPlan<'a>) -> Result<Vec<(&'l str, &'l ServerNode<'a>)>> {
    let provider = match &plan.manifest.secrets {
        SecretsSpec::File { .. } => None,
        SecretsSpec::Env { .. } => Some("env"),
        SecretsSpec::Command { .. } => Some("command"),
    };
    if let Some(provider) = provider {
        let message = format!("the secrets provider is {provider}, but a job creates its own passwords");
        return Err(Error::manifest(message)
            .hint("render the job for an environment with the provider file, such as that of Compose"));
    }
    let one = |server: &'l ServerNode<'a>| {
        server.host.as_deref().map(|host| (host, server)).ok_or_else(|| {
            let message = format!(
                "the server \"{}\" is at {}, but a job starts its own servers",
                server.name, server.url.host
            );
            Error::manifest(message)
                .hint("render the job for an environment whose servers are deployed, such as that of Compose")
        })
    };
    plan.servers.iter().map(one).collect()
}

/// Returns the Redis servers with their hosts.
///
/// # Errors
/// If a server is outside of the job, or has TLS, for which a job has no certificate.
pub(crate) fn redis<'l, 'a>(plan: &'l DeploymentPlan<'a>) -> Result<Vec<(&'l str, &'l RedisNode<'a>)>> {
    let one = |node: &'l RedisNode<'a>| {
        let host = node.host.as_deref().filter(|_| !node.server.tls);
        host.map(|host| (host, node)).ok_or_else(|| {
            let message = format!(
                "the server \"{}\" is at {}://{}, but a job starts its own servers, without TLS",
                node.server.name,
                if node.server.tls { "rediss" } else { "redis" },
                node.server.host
            );
            Error::manifest(message)
                .hint("render the job for an environment whose servers are deployed, such as that of Compose")
        })
    };
    plan.redis.iter().map(one).collect()
}

/// Returns the variables with the passwords of the Redis servers' admins.
pub(crate) fn redis_admins<'l>(
    servers: &'l [(&'l str, &'l RedisNode<'l>)],
) -> impl Iterator<Item = (String, String)> + 'l {
    servers.iter().map(|(_, node)| (node.password_variable.to_owned(), PASSWORD.to_owned()))
}

/// Quotes a text as a literal shell word.
pub(crate) fn word(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}
