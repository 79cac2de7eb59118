//! How text looks on a stream.

/// Decided once for each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Columns to fit in; `None` off a terminal, where lines may be as long as they are.
    pub width: Option<usize>,
}

impl Style {
    /// A pipe or a file: no colour, no limit.
    pub const PLAIN: Style = Style { colour: false, width: None };
}

/// What a colour means. It never carries the meaning alone: the text says it too.
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
