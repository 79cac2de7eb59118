//! Reader of SQL text: tokens, statements and their words, as PostgreSQL's lexer separates them.

mod lexer;
mod nesting;
mod script;

pub use lexer::{Lexer, Token, TokenKind, tokens};
pub use nesting::too_deep;
pub use script::{PARSING_SETTINGS, ScriptItem, StatementHead, Word, bare, is_word, string_contents, walk};
