//! Image of a project: martydb's own with the manifest and the migrations, as the pods expect them. Docker, Podman and
//! Buildah read both files: <https://docs.docker.com/build/concepts/context/#dockerignore-files>.

use super::deployment::DeploymentPlan;
use martydb_model::error::Result;

/// Returns the Dockerfile. No registry is named: the image is the one that `scripts/package` makes.
pub(crate) fn build(_: &DeploymentPlan<'_>) -> Result<String> {
    Ok(format!("FROM martydb:{}\nCOPY . /work\n", env!("CARGO_PKG_VERSION")))
}

/// Returns what stays out of the image: the passwords and backups of this machine, and the history of the repository.
pub(crate) fn left_out(_: &DeploymentPlan<'_>) -> Result<String> {
    Ok("**/.martydb\n**/.git\n**/.env\n**/backups\n".into())
}
