//! Dependencies between repeatable migrations, from the names that they create and use.
//!
//! A name in the place of a relation or a function is a dependency. Elsewhere it may be a column of the same
//! name: there it only decides the order of otherwise independent files.

use std::collections::BTreeSet;

use super::repeatable::Repeatable;
use martydb_sql::{Lexer, ScriptItem, Token, TokenKind, bare, is_word, walk};

/// A repeatable migration with its position in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedRepeatable {
    /// Its index in the folder.
    pub at: usize,
    /// Indexes of its dependencies.
    pub needs: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Names {
    created: BTreeSet<String>,
    /// Names used in the place of a relation or a function.
    used: BTreeSet<String>,
    /// Names mentioned anywhere.
    mentioned: BTreeSet<String>,
}

/// Returns the order in which they can run: each after its dependencies, else by name. A cycle begins with its
/// first by name.
pub fn in_order(files: &[Repeatable]) -> Vec<OrderedRepeatable> {
    let names: Vec<Names> = files.iter().map(|one| names(&one.file.text)).collect();
    let needs = |at: usize, of: fn(&Names) -> &BTreeSet<String>| -> BTreeSet<usize> {
        let own: &Names = &names[at];
        let made_by =
            |other: usize| names[other].created.difference(&own.created).any(|name| of(own).contains(name));
        (0..names.len()).filter(|other| *other != at && made_by(*other)).collect()
    };
    let strong: Vec<_> = (0..files.len()).map(|at| needs(at, |names| &names.used)).collect();
    let weak: Vec<_> = (0..files.len()).map(|at| needs(at, |names| &names.mentioned)).collect();
    let mut left: BTreeSet<usize> = (0..files.len()).collect();
    let mut order = vec![];
    while let Some(first) = left.first().copied() {
        let free = |needs: &[BTreeSet<usize>]| left.iter().copied().find(|at| needs[*at].is_disjoint(&left));
        let at = free(&weak).or_else(|| free(&strong)).unwrap_or(first);
        left.remove(&at);
        order.push(OrderedRepeatable { at, needs: weak[at].clone() });
    }
    order
}

/// Kinds of objects that can be created under a name that others use.
const KINDS: &[&str] =
    &["view", "function", "procedure", "aggregate", "type", "domain", "table", "sequence", "schema"];

/// Words before a relation.
const BEFORE_RELATION: &[&str] =
    &["from", "join", "into", "update", "table", "view", "only", "on", "references", "using"];

fn names(text: &str) -> Names {
    let mut names = Names::default();
    walk(text, |item| {
        if let ScriptItem::Statement(seen) = item {
            let tokens: Vec<Token> = Lexer::new(seen.text).collect();
            names.created.extend(created(seen.text, &tokens));
            read(seen.text, &tokens, &mut names);
        }
    });
    names
}

/// Returns the name that a CREATE statement creates, without its schema.
fn created(text: &str, tokens: &[Token]) -> Option<String> {
    let word = |token: &Token| &text[token.start..token.end];
    tokens.first().filter(|first| is_word(word(first), "create"))?;
    // OR REPLACE, TEMP, MATERIALIZED and the like come before the kind.
    let kind = tokens.iter().take(6).position(|token| KINDS.iter().any(|kind| is_word(word(token), kind)))?;
    let condition = ["if", "not", "exists"];
    let mut path =
        tokens[kind + 1..].iter().skip_while(|token| condition.iter().any(|c| is_word(word(token), c)));
    let mut name = bare(word(path.next()?));
    while path.next().is_some_and(|token| token.kind == TokenKind::Symbol(b'.')) {
        name = bare(word(path.next()?));
    }
    Some(name)
}

/// Collects the names of a text, and of the dollar-quoted bodies in it.
fn read(text: &str, tokens: &[Token], names: &mut Names) {
    let word = |token: &Token| &text[token.start..token.end];
    let mut relation = false;
    for (at, token) in tokens.iter().enumerate() {
        let after = tokens.get(at + 1).map(|next| next.kind);
        match token.kind {
            TokenKind::Word | TokenKind::Quoted => {
                let path = after == Some(TokenKind::Symbol(b'.'));
                let called = after == Some(TokenKind::Symbol(b'('));
                names.mentioned.insert(bare(word(token)));
                if !path && (relation || called) {
                    names.used.insert(bare(word(token)));
                }
                // A relation follows the name of its schema.
                relation = relation && path || BEFORE_RELATION.iter().any(|lead| is_word(word(token), lead));
            }
            TokenKind::Text if word(token).starts_with('$') => body(word(token), names),
            TokenKind::Symbol(b'.') => {}
            _ => relation = false,
        }
    }
}

fn body(quoted: &str, names: &mut Names) {
    let tag = quoted[1..].find('$').map_or(quoted.len(), |end| end + 2);
    if let Some(inner) = quoted.get(tag..quoted.len().saturating_sub(tag)) {
        read(inner, &Lexer::new(inner).collect::<Vec<_>>(), names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::repeatable;

    fn order(files: &[(&str, &str)]) -> Vec<String> {
        let read = |(name, text): &(&str, &str)| {
            let path = std::path::Path::new("R__x.sql");
            repeatable::read(path, (*name).into(), text.as_bytes().to_vec()).unwrap()
        };
        let files: Vec<Repeatable> = files.iter().map(read).collect();
        in_order(&files).into_iter().map(|placed| files[placed.at].name.clone()).collect()
    }

    #[test]
    fn each_comes_after_those_that_it_needs() {
        for (files, expected) in [
            (
                vec![("a", "CREATE VIEW a AS SELECT * FROM b"), ("b", "CREATE VIEW b AS SELECT 1")],
                vec!["b", "a"],
            ),
            (
                vec![
                    ("a", "CREATE OR REPLACE VIEW s.a AS SELECT f(1) FROM \"s\".\"B\" JOIN c ON true"),
                    ("b", "CREATE MATERIALIZED VIEW IF NOT EXISTS s.\"B\" AS SELECT 1 FROM c"),
                    ("c", "CREATE VIEW C AS SELECT 1"),
                    ("d", "CREATE FUNCTION F(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM c $$"),
                ],
                vec!["c", "b", "d", "a"],
            ),
            (
                vec![
                    ("grants", "GRANT SELECT ON v, w TO x"),
                    ("v", "CREATE VIEW v AS SELECT 1"),
                    ("w", "CREATE VIEW w AS SELECT 1"),
                ],
                vec!["v", "w", "grants"],
            ),
            // A column with the name of another view is not a dependency that could prevent an order.
            (
                vec![
                    ("a", "CREATE VIEW a AS SELECT b.id FROM b"),
                    ("b", "CREATE VIEW b AS SELECT 1 AS id, t.a FROM t"),
                ],
                vec!["b", "a"],
            ),
            (
                vec![
                    ("a", "CREATE VIEW a AS SELECT * FROM b"),
                    ("b", "CREATE VIEW b AS SELECT * FROM a"),
                    ("c", "SELECT 1"),
                ],
                vec!["c", "a", "b"],
            ),
            (
                vec![("b", "CREATE VIEW x AS SELECT 'FROM y'"), ("c", "CREATE VIEW y AS SELECT 1")],
                vec!["b", "c"],
            ),
        ] {
            assert_eq!(order(&files), expected, "{files:?}");
        }
    }

    #[test]
    fn no_text_stops_the_search() {
        for text in
            ["CREATE", "CREATE VIEW", "CREATE VIEW a.", "SELECT $$", "SELECT $a$", "CREATE OR REPLACE"]
        {
            names(text);
        }
    }
}
