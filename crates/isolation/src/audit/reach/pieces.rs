//! Parts of an SQL text, split by PostgreSQL's lexical rules.

use martydb_sql::{Token, TokenKind, tokens};

/// Name in a text, folded as the server folds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UsedName {
    pub schema: Option<String>,
    pub name: String,
}

/// Part of a text, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A name or keyword; only an unquoted one is a keyword.
    Word {
        text: String,
        quoted: bool,
    },
    Text(String),
    Symbol(u8),
}

impl Piece {
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(self, Piece::Word { text, quoted: false } if text == keyword)
    }

    pub(crate) fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }
}

/// Splits a text; comments and what is never closed are left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    tokens(text).into_iter().map(|token| piece(text, token)).collect()
}

fn piece(text: &str, token: Token) -> Piece {
    let part = text.get(token.start..token.end).unwrap_or_default();
    match token.kind {
        TokenKind::Word => Piece::Word { text: part.to_lowercase(), quoted: false },
        TokenKind::Quoted => {
            let inner = part.trim_start_matches('"').trim_end_matches('"');
            Piece::Word { text: inner.replace("\"\"", "\""), quoted: true }
        }
        TokenKind::Text => Piece::Text(inner(part)),
        TokenKind::Symbol(byte) => Piece::Symbol(byte),
        // An unclosed comment or quote does not run.
        TokenKind::Open(_) => Piece::Text(String::new()),
    }
}

/// Returns the contents of a string of any form.
fn inner(part: &str) -> String {
    let tag = part.strip_prefix('$').and_then(|rest| rest.find('$')).map(|end| end + 2);
    if let Some(tag) = tag {
        return part.get(tag..part.len().saturating_sub(tag)).unwrap_or_default().into();
    }
    let quoted = part.trim_start_matches(['e', 'E']);
    quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(quoted).replace("''", "'")
}

/// Returns the name that begins at a place, and the place behind it.
pub(crate) fn name_at(pieces: &[Piece], at: usize) -> Option<(UsedName, usize)> {
    let word = |at: usize| match pieces.get(at) {
        Some(Piece::Word { text, .. }) => Some(text.clone()),
        _ => None,
    };
    let (mut schema, mut name, mut next) = (None, word(at)?, at + 1);
    while pieces.get(next) == Some(&Piece::Symbol(b'.')) {
        let Some(part) = word(next + 1) else { break };
        schema = Some(std::mem::replace(&mut name, part));
        next += 2;
    }
    Some((UsedName { schema, name }, next))
}
