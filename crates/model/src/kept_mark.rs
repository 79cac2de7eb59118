//! The databases that restores have replaced, told apart by their comments: each says of which service it was, and why it is
//! still there.

use super::{ActualDatabase, DesiredServer, DesiredService};

/// How such a comment begins.
const MARK: &str = "martydb-before:";

/// How a comment begins by which some part of this program knows what is its own.
const MARKS: [&str; 2] = ["martydb:", "martydb-"];

impl DesiredServer {
    /// How the comment of a database begins that was this service's.
    pub fn kept_mark(&self, service: &DesiredService) -> String {
        format!("{MARK}{}/{} ", self.project, service.name)
    }

    /// The service whose database this was before a restore. An open database is none of these, whatever it says.
    pub fn kept_for<'a>(&self, found: &'a ActualDatabase) -> Option<&'a str> {
        let rest = found.comment.as_deref()?.strip_prefix(MARK)?.strip_prefix(self.project.as_str())?;
        let (service, _) = rest.strip_prefix('/')?.split_once(' ')?;
        (!found.allow_connections).then_some(service)
    }

    /// Whether a comment says what the database of a service is not: one to test with, a scratch one, another project's, one that
    /// has moved or was replaced.
    pub fn is_foreign_mark(&self, comment: Option<&str>) -> bool {
        let marked = comment.is_some_and(|comment| MARKS.iter().any(|mark| comment.starts_with(mark)));
        marked && !self.marks(comment) || self.move_note(comment).is_some()
    }
}
