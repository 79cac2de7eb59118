//! Steps that `pg_dump` and `pg_restore` tell with `--verbose`, in the words of every release since 13.

/// Step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveStep<'a> {
    /// An entry begins: its kind, and its schema and name, not quoted. With several sessions, only its rows have an end.
    Begins { kind: &'a str, name: &'a str },
    /// One of several sessions begins this entry of the archive.
    Launched { number: u64, kind: &'a str, name: &'a str },
    /// One of several sessions has finished it.
    Finished { number: u64, name: &'a str },
}

/// Kind of entries with the rows of a table.
pub const ROWS: &str = "TABLE DATA";

/// Kind of entries with large objects.
pub const LARGE_OBJECTS: &str = "BLOBS";

/// Beginnings of what the programs print beyond their progress, behind their name.
const NO_PROGRESS: &[&str] =
    &["error: ", "fatal: ", "warning: ", "detail: ", "hint: ", "while ", "from TOC entry "];

/// Returns `true` for a line that only tells the progress.
pub(crate) fn is_progress(line: &str) -> bool {
    told(line).is_some_and(|text| !NO_PROGRESS.iter().any(|begin| text.starts_with(begin)))
}

/// Returns a line without the name of its program.
fn told(line: &str) -> Option<&str> {
    line.strip_prefix("pg_dump: ").or_else(|| line.strip_prefix("pg_restore: "))
}

/// Parses a line.
pub fn parse_step(line: &str) -> Option<ArchiveStep<'_>> {
    let text = told(line)?;
    let quoted = |begin: &str| text.strip_prefix(begin)?.strip_suffix('"');
    let rows = quoted("dumping contents of table \"").or_else(|| quoted("processing data for table \""));
    if let Some(name) = rows {
        return Some(ArchiveStep::Begins { kind: ROWS, name });
    }
    if text.starts_with("saving large objects") || text == "processing BLOBS" {
        return Some(ArchiveStep::Begins { kind: LARGE_OBJECTS, name: "" });
    }
    if let Some((kind, name)) = quoted("creating ").and_then(|rest| rest.split_once(" \"")) {
        return Some(ArchiveStep::Begins { kind, name });
    }
    let numbered = |begin: &str| {
        let (number, rest) = text.strip_prefix(begin)?.split_once(' ')?;
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != ' ').unwrap_or(rest.len());
        // The kind is in capitals, and the name begins behind the last blank of those.
        let (kind, name) = rest.split_at(rest[..end].rfind(' ')?);
        Some((number.parse().ok()?, kind, &name[1..]))
    };
    if let Some((number, kind, name)) = numbered("launching item ") {
        return Some(ArchiveStep::Launched { number, kind, name });
    }
    if let Some((number, _, name)) = numbered("finished item ") {
        return Some(ArchiveStep::Finished { number, name });
    }
    let rest = text.strip_prefix("executing ")?;
    let (kind, name) = rest.split_at(rest.rfind(' ')?);
    Some(ArchiveStep::Begins { kind, name: &name[1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_and_errors_are_kept() {
        use ArchiveStep::{Begins, Finished, Launched};
        for (line, expected) in [
            (
                "pg_dump: dumping contents of table \"public.my \"t\"\"",
                Some(Begins { kind: ROWS, name: "public.my \"t\"" }),
            ),
            ("pg_restore: processing data for table \"a.b\"", Some(Begins { kind: ROWS, name: "a.b" })),
            ("pg_dump: saving large objects", Some(Begins { kind: LARGE_OBJECTS, name: "" })),
            (
                "pg_dump: saving large objects \"16384..16385\"",
                Some(Begins { kind: LARGE_OBJECTS, name: "" }),
            ),
            ("pg_restore: processing BLOBS", Some(Begins { kind: LARGE_OBJECTS, name: "" })),
            (
                "pg_restore: creating FK CONSTRAINT \"public.a b\"",
                Some(Begins { kind: "FK CONSTRAINT", name: "public.a b" }),
            ),
            (
                "pg_restore: launching item 3301 TABLE DATA big",
                Some(Launched { number: 3301, kind: ROWS, name: "big" }),
            ),
            ("pg_restore: finished item 3301 TABLE DATA big", Some(Finished { number: 3301, name: "big" })),
            ("pg_dump: finished item 12 BLOBS BLOBS", Some(Finished { number: 12, name: "BLOBS" })),
            ("pg_restore: executing SEQUENCE SET s", Some(Begins { kind: "SEQUENCE SET", name: "s" })),
            ("pg_dump: reading extensions", None),
            ("pg_restore: entering main parallel loop", None),
        ] {
            assert_eq!(parse_step(line), expected, "{line}");
            assert!(is_progress(line), "{line}");
        }
        for line in [
            "pg_restore: error: could not execute query: ERROR:  no",
            "pg_restore: while PROCESSING TOC:",
            "pg_restore: from TOC entry 200; 1259 16385 TABLE a o",
            "pg_dump: hint: x",
            "Command was: CREATE TABLE a",
        ] {
            assert!(parse_step(line).is_none() && !is_progress(line), "{line}");
        }
    }
}
