//! CI jobs that test each proposed change on empty servers. A server of the manifest becomes a container beside the
//! job, with the host name and port of the manifest's environment, so a job tests what Compose deploys.

pub(crate) mod github;
pub(crate) mod gitlab;
mod steps;
