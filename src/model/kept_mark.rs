//! Databases replaced by restores, identified by their comments, which record the service and the reason.

use super::{ActualDatabase, DesiredServer, DesiredService};

/// Prefix of such a comment.
const MARK: &str = "martydb-before:";

/// Prefixes of comments by which parts of this program recognize their own databases.
const MARKS: [&str; 2] = ["martydb:", "martydb-"];

impl DesiredServer {
    /// Returns the prefix of the comment of this service's replaced databases.
    pub fn kept_mark(&self, service: &DesiredService) -> String {
        format!("{MARK}{}/{} ", self.project, service.name)
    }

    /// Returns the service whose database this was before a restore. A database that accepts connections is not one,
    /// whatever its comment.
    pub fn kept_for<'a>(&self, found: &'a ActualDatabase) -> Option<&'a str> {
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

#[cfg(test)]
mod tests {
    use crate::model::ActualDatabase;
    use crate::plan::diff::tests::desired;

    #[test]
    fn a_closed_database_with_the_mark_was_replaced() {
        let desired = desired(&["shop"]);
        let service = desired.services.values().next().unwrap();
        let comment = format!("{}replaced by a restore of x\nit had: y", desired.kept_mark(service));
        let of = |comment: &str, allow_connections| {
            let found = ActualDatabase {
                comment: Some(comment.into()),
                allow_connections,
                ..ActualDatabase::default()
            };
            desired.kept_for(&found).map(str::to_owned)
        };
        assert_eq!(of(&comment, false).as_deref(), Some("shop"));
        assert_eq!(of(&comment, true), None);
        for other in ["martydb-before:", "martydb-before:other/shop x", "martydb:p", "shop"] {
            assert_eq!(of(other, false), None, "{other}");
        }
    }

    #[test]
    fn a_mark_of_another_kind_is_foreign() {
        let desired = desired(&["shop"]);
        let project = &desired.project;
        let moved = format!("{}\nmartydb moved it to x", desired.marker());
        for (comment, foreign) in [
            (Some(desired.marker()), false),
            (Some(format!("{}\nsold goods", desired.marker())), false),
            (Some("sold goods".into()), false),
            (None, false),
            (Some(format!("martydb-test:{project}/shop from t")), true),
            (Some(format!("martydb-template:{project}/shop")), true),
            (Some("martydb:other".into()), true),
            (Some(format!("{}#scratch", desired.marker())), true),
            (Some(moved), true),
        ] {
            assert_eq!(desired.is_foreign_mark(comment.as_deref()), foreign, "{comment:?}");
        }
    }
}
