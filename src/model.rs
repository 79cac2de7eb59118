//! Plain data: what the manifest wants and what a server has. No I/O and no decisions live here.

pub mod actual;
pub mod desired;
pub mod names;
pub mod orphans;

pub use actual::*;
pub use desired::*;
pub use names::*;
