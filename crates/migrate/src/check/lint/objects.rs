//! Objects that pending migrations create, rename, drop and recreate, statement by statement. Objects of one
//! name count as one, regardless of schema and kind.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile, SyntaxKind, SyntaxNode};

use martydb_sql::{Lexer, TokenKind, bare};

/// Ends of the names that the server gives to the sequences and indexes of a table, after the names of the table and its
/// columns (`ChooseRelationName`).
const IMPLICIT: &[&str] = &["_seq", "_key", "_idx", "_pkey", "_excl"];

/// Names of objects that pending migrations create, across files.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    new: BTreeSet<String>,
}

/// A statement and the objects it changes.
#[derive(Debug)]
pub(crate) struct LintedStatement {
    pub range: Range<usize>,
    /// Names of the changed objects.
    pub targets: Vec<String>,
    /// Set if pending migrations create all of them.
    pub is_new: bool,
    /// Set if it drops an object that the same file recreates under the same name.
    pub is_recreated: bool,
    /// Its first two words, in lower case.
    pub verb: String,
    /// Its words outside parentheses, in lower case unless they are quoted.
    pub words: Vec<String>,
}

impl Objects {
    /// Processes the statements of a file.
    pub(crate) fn follow(&mut self, parsed: &Parse<SourceFile>) -> Vec<LintedStatement> {
        let mut file = FileNames::default();
        let (mut all, mut dropped): (Vec<LintedStatement>, Vec<Vec<String>>) = (vec![], vec![]);
        for statement in parsed.tree().stmts() {
            let seen = self.one(&statement, &mut file);
            let drops = seen.verb.starts_with("drop ");
            dropped.push(if drops { file.drop(&seen.targets) } else { vec![] });
            all.push(seen);
        }
        for (seen, names) in all.iter_mut().zip(&dropped) {
            seen.is_recreated = !names.is_empty() && names.iter().all(|name| file.made.contains(name));
        }
        all
    }

    fn one(&mut self, statement: &ast::Stmt, file: &mut FileNames) -> LintedStatement {
        let node = statement.syntax();
        let text = node.text().to_string();
        let range = usize::from(node.text_range().start())..usize::from(node.text_range().end());
        let words = Words::new(&text);
        let verb = words.all.iter().take(2).map(|word| word.0.as_str()).collect::<Vec<_>>().join(" ");
        let targets = targets(statement, &text, &verb);
        let is_new = !targets.is_empty() && targets.iter().all(|name| self.is_new(name, &verb));
        if let Some(made) = created(statement, &targets, &verb, is_new) {
            file.made.insert(made.clone());
            self.new.insert(made);
        }
        if let (Some(old), Some(new)) =
            (targets.first(), words.renamed_to().filter(|_| verb.starts_with("alter ")))
        {
            self.rename(old, &new, is_new);
            file.rename(old, new);
        }
        let words = words.all.into_iter().map(|word| word.0).collect();
        LintedStatement { range, targets, is_new, is_recreated: false, verb, words }
    }

    /// Returns `true` if pending migrations create the object, or the table for which the server created it.
    fn is_new(&self, name: &str, verb: &str) -> bool {
        let implicit = matches!(verb, "drop sequence" | "drop index" | "alter sequence" | "alter index")
            && IMPLICIT.iter().any(|end| name.ends_with(end));
        let mut tables = name.match_indices('_').map(|(at, _)| &name[..at]);
        self.new.contains(name) || implicit && tables.any(|table| self.new.contains(table))
    }

    /// Renames an object, which remains new or old.
    fn rename(&mut self, old: &str, new: &str, is_new: bool) {
        self.new.remove(old);
        if is_new {
            self.new.insert(new.into());
        } else {
            self.new.remove(new);
        }
    }
}

/// Names in one file.
#[derive(Debug, Default)]
struct FileNames {
    made: BTreeSet<String>,
    /// Names at the beginning of the file, by present name, of objects that the file renames.
    before: BTreeMap<String, String>,
}

impl FileNames {
    fn rename(&mut self, old: &str, new: String) {
        let first = self.before.remove(old).unwrap_or_else(|| old.into());
        self.made.remove(old);
        self.made.insert(new.clone());
        self.before.insert(new, first);
    }

    /// Drops names and returns the dropped objects' names at the file's beginning. One is recreated if a later
    /// statement creates it, or if a new object already has the name.
    fn drop(&mut self, names: &[String]) -> Vec<String> {
        for name in names {
            self.made.remove(name);
        }
        names.iter().map(|name| self.before.get(name).unwrap_or(name).clone()).collect()
    }
}

/// The words of a statement outside parentheses, with their positions.
struct Words {
    all: Vec<(String, Range<usize>)>,
}

impl Words {
    fn new(text: &str) -> Words {
        let (mut depth, mut all) = (0usize, vec![]);
        for token in Lexer::new(text) {
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Word | TokenKind::Quoted if depth == 0 => {
                    all.push((bare(&text[token.start..token.end]), token.start..token.end));
                }
                _ => {}
            }
        }
        Words { all }
    }

    /// Returns the name after RENAME TO.
    fn renamed_to(&self) -> Option<String> {
        let at = self.all.windows(2).position(|pair| pair[0].0 == "rename" && pair[1].0 == "to")?;
        self.all.get(at + 2).map(|word| word.0.clone())
    }

    fn holds(&self, at: usize) -> bool {
        self.all.iter().any(|word| word.1.contains(&at))
    }
}

/// Returns the names of the objects that a statement changes.
fn targets(statement: &ast::Stmt, text: &str, verb: &str) -> Vec<String> {
    let node = statement.syntax();
    if let ast::Stmt::CreateIndex(index) = statement {
        let path = index.table_relation_name().map(|relation| relation.syntax().clone());
        return path.iter().filter_map(last_part).collect();
    }
    let is_path = |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF);
    // A path of several parts contains the path of its first parts.
    let outer = node
        .descendants()
        .filter(|node| is_path(node) && !node.parent().is_some_and(|parent| is_path(&parent)));
    let several = verb.starts_with("drop ") || verb.starts_with("truncate");
    if !several {
        return outer.filter_map(|node| last_part(&node)).take(1).collect();
    }
    // Parentheses contain the types of a function's arguments.
    let words = Words::new(text);
    let start = node.text_range().start();
    outer
        .filter(|path| words.holds(usize::from(path.text_range().start() - start)))
        .filter_map(|node| last_part(&node))
        .collect()
}

fn last_part(node: &SyntaxNode) -> Option<String> {
    let text = node.text().to_string();
    text.rsplit('.').next().map(|part| bare(part.trim()))
}

/// Returns the name that a statement creates. An index is new only on a new table: an index on another table
/// may be old.
fn created(statement: &ast::Stmt, targets: &[String], verb: &str, on_new: bool) -> Option<String> {
    match statement {
        ast::Stmt::CreateIndex(index) => {
            index.index().filter(|_| on_new).and_then(|name| last_part(name.syntax()))
        }
        _ if verb.starts_with("create ") => targets.first().cloned(),
        _ => None,
    }
}
