//! Logins of `martydb monitor` of any project on a server, recognised by their marks.

use crate::desired::{MARK, PASSWORD_NOTE};
use crate::project_roles::monitor;

/// Returns `true` for a role whose mark names the project that its name is made of. Only a role's administrators write its
/// comment.
pub fn is_monitor_login(role: &str, comment: Option<&str>) -> bool {
    let project = comment.and_then(|comment| comment.strip_prefix(MARK)).map(|rest| {
        let line = rest.split('\n').next().unwrap_or_default();
        line.split(PASSWORD_NOTE).next().unwrap_or_default()
    });
    project.is_some_and(|project| monitor(project).as_str() == role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_is_recognized_by_its_mark_and_its_name() {
        for (role, comment, expected) in [
            ("shop_monitor", Some("martydb:shop"), true),
            ("shop_monitor", Some("martydb:shop; password set 2026-11-26T00:00:00Z"), true),
            ("shop_monitor", Some("martydb:other"), false),
            ("shop_monitor", Some("a monitor"), false),
            ("shop_monitor", None, false),
            ("shop_app", Some("martydb:shop"), false),
        ] {
            assert_eq!(is_monitor_login(role, comment), expected, "{role} {comment:?}");
        }
    }
}
