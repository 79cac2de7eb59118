//! Repeatable migrations that are due, and their order. Pure.
//!
//! One is due if its text differs from the last run's; if any versioned migration was applied or undone since,
//! because it may have changed or dropped the file's objects; or if one of its dependencies is due.

use std::collections::BTreeSet;

use crate::files::{Repeatable, dependencies};
use crate::history::RecordedRepeatable;

/// Returns those that are due, in order. `versions_change` is `true` if versioned migrations run before.
pub(crate) fn due<'f>(
    files: &'f [Repeatable],
    recorded: &[RecordedRepeatable],
    versions_change: bool,
) -> Vec<&'f Repeatable> {
    let fresh = |file: &Repeatable| {
        let row = recorded.iter().find(|row| row.name == file.name);
        !versions_change && row.is_some_and(|row| row.current && row.checksum == file.checksum())
    };
    let (mut runs, mut all) = (BTreeSet::new(), vec![]);
    for placed in dependencies::in_order(files) {
        if !fresh(&files[placed.at]) || !placed.needs.is_disjoint(&runs) {
            runs.insert(placed.at);
            all.push(&files[placed.at]);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::repeatable;

    fn file(name: &str, text: &str) -> Repeatable {
        repeatable::read(std::path::Path::new("R__x.sql"), name.into(), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_change_runs_the_file_and_those_that_need_it() {
        let files = [
            file("a", "CREATE VIEW a AS SELECT * FROM b"),
            file("b", "CREATE VIEW b AS SELECT 1"),
            file("c", "CREATE VIEW c AS SELECT 1"),
        ];
        let row = |file: &Repeatable, current: bool| RecordedRepeatable {
            name: file.name.clone(),
            checksum: file.checksum(),
            current,
        };
        let recorded: Vec<_> = files.iter().map(|file| row(file, true)).collect();
        let names = |recorded: &[RecordedRepeatable], change: bool| -> Vec<String> {
            due(&files, recorded, change).into_iter().map(|file| file.name.clone()).collect()
        };
        assert_eq!(names(&recorded, false), Vec::<String>::new());
        assert_eq!(names(&recorded, true), ["b", "a", "c"]);
        assert_eq!(names(&recorded[..2], false), ["c"]);
        let mut edited = recorded.clone();
        edited[1].checksum = "1".into();
        assert_eq!(names(&edited, false), ["b", "a"]);
        assert_eq!(names(&[row(&files[0], true), row(&files[1], true), row(&files[2], false)], false), ["c"]);
    }
}
