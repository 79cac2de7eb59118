//! The difference between two texts, as people read it.

use similar::TextDiff;

/// A unified diff of the file as it was applied and as it is now.
pub fn unified(then: &str, now: &str) -> String {
    TextDiff::from_lines(then, now)
        .unified_diff()
        .context_radius(3)
        .header("as applied", "in the folder")
        .to_string()
}
