//! Changes of servers: roles, databases, passwords, adoption, splits.

pub mod adopt;
pub mod apply;
pub mod drop;
pub mod plan;
pub(crate) mod plan_file;
pub mod rotate;
pub mod secrets;
#[cfg(feature = "split")]
pub mod split;

#[cfg(not(feature = "split"))]
pub mod split {
    use crate::app::App;
    use crate::commands::support::missing::{NoReport, missing_feature};
    use martydb_model::error::Result;

    pub(crate) use crate::commands::support::missing::AnyArguments as Arguments;

    /// # Errors
    /// Always: this build cannot split a database.
    pub(crate) async fn run(_: &App, _: &Arguments) -> Result<NoReport> {
        Err(missing_feature("split"))
    }
}
