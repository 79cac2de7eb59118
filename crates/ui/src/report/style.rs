//! Style of text on a stream.

/// Determined once per stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Maximum width in columns; `None` without a terminal, where lines have any length.
    pub width: Option<usize>,
}

impl Style {
    /// Style of a pipe or a file: no colour, no limit.
    pub const PLAIN: Style = Style { colour: false, width: None };
}

/// Meaning of a colour. It never carries the meaning alone: the text says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paint {
    #[default]
    Plain,
    Good,
    Warn,
    Bad,
    /// Less important.
    Dim,
}
