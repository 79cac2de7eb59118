//! Jobs that try everything on empty servers, for each proposed change. A server of the manifest is a container beside the job, under the
//! name and at the port that the manifest's environment gives it: what Compose deploys is what a job tries.

pub mod github;
pub mod gitlab;
mod steps;
