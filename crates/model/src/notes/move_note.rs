//! The note about a move to another server in a database's comment: a line of its own, below the marker if there is
//! one. The rest of the comment is unchanged.

use crate::DesiredServer;

/// Stage of a database's move to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveNote {
    /// A run that may have died closed the database; reopening it loses nothing.
    Moving,
    /// The copy is in use.
    Moved,
}

impl MoveNote {
    fn words(self) -> &'static str {
        match self {
            MoveNote::Moving => "martydb is moving it to ",
            MoveNote::Moved => "martydb moved it to ",
        }
    }
}

impl DesiredServer {
    /// Returns the note in a comment.
    pub fn move_note(&self, comment: Option<&str>) -> Option<MoveNote> {
        let (_, rest) = self.split_marker(comment?);
        [MoveNote::Moving, MoveNote::Moved].into_iter().find(|note| rest.starts_with(note.words()))
    }

    /// Returns the comment with the note added or replaced. `to` is the location of the copy.
    pub fn with_move_note(&self, comment: Option<&str>, note: MoveNote, to: &str) -> String {
        let before = self.without_move_note(comment).unwrap_or_default();
        let (marker, rest) = self.split_marker(&before);
        let to = to.replace('\n', " ");
        let line = format!("{}{to}", note.words());
        let lines = [marker, &line, rest].into_iter().filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns the comment without the note; `None` if nothing remains.
    pub fn without_move_note(&self, comment: Option<&str>) -> Option<String> {
        let comment = comment?;
        if self.move_note(Some(comment)).is_none() {
            return Some(comment.to_owned());
        }
        let (marker, rest) = self.split_marker(comment);
        let rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        let lines: Vec<&str> = [marker, rest].into_iter().filter(|line| !line.is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Splits a comment into the marker's line, which may be empty, and the rest.
    fn split_marker<'a>(&self, comment: &'a str) -> (&'a str, &'a str) {
        if !self.marks(Some(comment)) {
            return ("", comment);
        }
        comment.split_once('\n').unwrap_or((comment, ""))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn desired() -> DesiredServer {
        DesiredServer {
            name: "main".into(),
            project: "p".into(),
            platform: None,
            close_maintenance: true,
            database_owner: None,
            embedded: false,
            verified: false,
            services: Default::default(),
            access: Default::default(),
            leaving: vec![],
            index: Default::default(),
        }
    }

    #[test]
    fn a_note_comes_and_goes_and_leaves_the_comment_as_it_was() {
        let desired = desired();
        for before in [
            None,
            Some("martydb:p"),
            Some("martydb:p\nsold goods\nand more"),
            Some("of others"),
            Some("martydb:other"),
        ] {
            assert_eq!(desired.move_note(before), None, "{before:?}");
            let moving = desired.with_move_note(before, MoveNote::Moving, "database \"a\nb\"");
            assert_eq!(desired.move_note(Some(&moving)), Some(MoveNote::Moving), "{moving}");
            assert_eq!(desired.marks(Some(&moving)), desired.marks(before), "{moving}");
            assert_eq!(desired.without_move_note(Some(&moving)).as_deref(), before, "{moving}");
            let moved = desired.with_move_note(Some(&moving), MoveNote::Moved, "x");
            assert_eq!(desired.move_note(Some(&moved)), Some(MoveNote::Moved), "{moved}");
            assert_eq!(desired.without_move_note(Some(&moved)).as_deref(), before, "{moved}");
        }
        let noted = desired.with_move_note(Some("martydb:p\nsold goods"), MoveNote::Moved, "x");
        assert_eq!(noted, "martydb:p\nmartydb moved it to x\nsold goods");
    }
}
