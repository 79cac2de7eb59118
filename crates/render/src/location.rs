//! Hosts of servers that are deployed here, the variables with the passwords of their admins, and servers that have neither.

use martydb_manifest::Manifest;
use martydb_model::deploy::label;
use martydb_model::error::Error;

/// Returns the host's first label if the rest can only be this namespace.
pub(crate) fn host_in(namespace: &str, host: &str) -> Option<String> {
    let (first, rest) = host.split_once('.').unwrap_or((host, ""));
    let inside = ["", namespace, &format!("{namespace}.svc"), &format!("{namespace}.svc.cluster.local")]
        .contains(&rest);
    (inside && first != "localhost" && !first.is_empty() && label(first) == first).then(|| first.to_owned())
}

/// Returns the error for a server whose admin's password has no variable.
pub(crate) fn unnamed_password(name: &str) -> Error {
    let variable = format!("{}_ADMIN_PASSWORD", name.replace('-', "_").to_uppercase());
    Error::manifest(format!("the server \"{name}\" names no variable for its admin's password")).hint(
        format!("add password_env: {variable} to it: the deployed martydb reads the password from there"),
    )
}

/// Returns the error for a server that martydb runs itself. `url` is an example of one in a deployment.
pub(crate) fn embedded(manifest: &Manifest, name: &str, url: &str) -> Error {
    let stem = manifest.path.file_stem().unwrap_or_default().to_string_lossy();
    Error::manifest(format!(
        "martydb runs the server \"{name}\" itself, so it has no address for a deployment"
    ))
    .hint(format!(
        "describe the deployment in an environment of its own, such as {stem}.compose.yaml: \
             `servers: {{ {name}: {{ embedded: false, url: \"{url}\" }} }}`, and choose it with `-e compose`"
    ))
}
