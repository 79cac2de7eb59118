//! Programs that keep running, and deployment files.

pub mod monitor;
pub mod partitions;
pub mod relay;
pub mod render;
pub mod serve;
