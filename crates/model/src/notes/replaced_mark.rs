//! Databases replaced by restores, identified by their comments, which record the service and the reason.

use crate::{ActualDatabase, DesiredServer, DesiredService};

/// Prefix of such a comment.
const MARK: &str = "martydb-before:";

/// Prefixes of comments by which parts of this program recognize their own databases.
const MARKS: [&str; 2] = ["martydb:", "martydb-"];

impl DesiredServer {
    /// Returns the prefix of the comment of this service's replaced databases.
    pub fn replaced_mark(&self, service: &DesiredService) -> String {
        format!("{MARK}{}/{} ", self.project, service.name)
    }

    /// Returns the service whose database this was before a restore. A database that accepts connections is not one,
    /// whatever its comment.
    pub fn replaced_service<'a>(&self, found: &'a ActualDatabase) -> Option<&'a str> {
        let rest = found.comment.as_deref()?.strip_prefix(MARK)?.strip_prefix(self.project.as_str())?;
        let (service, _) = rest.strip_prefix('/')?.split_once(' ')?;
        (!found.allow_connections).then_some(service)
    }

    /// Returns `true` if a comment marks something other than a service's database: a test or scratch database,
    /// another project's, a moved or a replaced one.
    pub fn is_foreign_mark(&self, comment: Option<&str>) -> bool {
        let marked = comment.is_some_and(|comment| MARKS.iter().any(|mark| comment.starts_with(mark)));
        marked && !self.marks(comment) || self.move_note(comment).is_some()
    }
}
