//! Parts of a definition that a server can read again: expressions, queries and statements. The rest of a definition
//! is names, privileges and options.
//!
//! A record of a backup may contain any text. A part is taken only if it cannot end the statement that it is put into.

use std::ops::Range;

use martydb_sql::{ScriptItem, Token, TokenKind, tokens, walk};

/// A part of a definition, by the statement that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadablePart {
    /// Expression without columns.
    Constant,
    /// Expression over the columns of this relation.
    OfColumns(String),
    /// Condition of a trigger: an expression over the columns of `old` and `new`.
    OfRows(String),
    /// Condition of this domain's values.
    OfDomain(String),
    /// Query of a view.
    Query,
    /// Index on this relation, from `USING` on.
    Index(String),
    /// Exclusion constraint of this table.
    Exclusion(String),
    /// Method and columns of this partitioned table's key.
    PartitionKey(String),
    /// Rule, without its name.
    Rule,
    /// Extended statistics, without their name.
    Statistics,
    /// Statement that creates or replaces this routine.
    Routine(String),
}

impl ReadablePart {
    /// Returns this part in the server's print of the object that was made of it, as text to read again.
    pub(crate) fn in_print(&self, print: &str) -> Option<(ReadablePart, String)> {
        let whole = |part| Some((part, 0..print.trim_end().trim_end_matches(';').len()));
        let (part, range) = match self {
            ReadablePart::Constant
            | ReadablePart::OfColumns(_)
            | ReadablePart::OfRows(_)
            | ReadablePart::Query => whole(ReadablePart::Query),
            ReadablePart::OfDomain(_) => {
                outer(print).and_then(|all| Some((self.clone(), inside(all.get(1)?))))
            }
            ReadablePart::Index(_) => index(print).map(|(_, range)| (self.clone(), range)),
            ReadablePart::Rule => rule(print),
            ReadablePart::Statistics => {
                let name = print.strip_prefix("CREATE STATISTICS ")?.split(' ').next()?;
                statistics(name, print)
            }
            ReadablePart::Exclusion(_) | ReadablePart::PartitionKey(_) | ReadablePart::Routine(_) => {
                whole(self.clone())
            }
        }?;
        let text = &print[range];
        is_safe(&part, text).then(|| (part, text.to_owned()))
    }
}

/// Returns the parts of a definition and their places, in order. `is_domain` knows the names of domains.
pub(crate) fn parts(
    (kind, name): (&str, &str),
    text: &str,
    is_domain: impl Fn(&str) -> bool,
) -> Vec<(ReadablePart, Range<usize>)> {
    let found = match kind {
        "constraint" => constraint(name, text, is_domain),
        "column" => column(name, text),
        "index" => index(text),
        "view" | "materialized view" => query(text),
        "partitioned table" => partition_key(name, text),
        "policy" => return policy(name, text).unwrap_or_default(),
        "trigger" => trigger(name, text),
        "rule" => rule(text),
        "routine" => routine(name, text),
        "statistics" => statistics(name, text),
        "type" => domain_default(text),
        "publication table" => row_filter(name, text),
        _ => None,
    };
    found.into_iter().filter(|(part, range)| is_safe(part, &text[range.clone()])).collect()
}

/// Returns the tokens of a text outside parentheses; each group in parentheses is one of them. `None` if a quote or
/// parenthesis is not closed.
fn outer(text: &str) -> Option<Vec<Token>> {
    let (mut all, mut open): (Vec<Token>, Vec<usize>) = (vec![], vec![]);
    for token in tokens(text) {
        match token.kind {
            TokenKind::Open(_) => return None,
            TokenKind::Symbol(b'(' | b'[') => open.push(token.start),
            TokenKind::Symbol(b')' | b']') => {
                let start = open.pop()?;
                if open.is_empty() {
                    all.push(Token { kind: TokenKind::Symbol(b'('), start, end: token.end });
                }
            }
            _ if open.is_empty() => all.push(token),
            _ => {}
        }
    }
    open.is_empty().then_some(all)
}

fn is_group(text: &str, token: &Token) -> bool {
    token.kind == TokenKind::Symbol(b'(') && text[token.start..].starts_with('(')
}

fn is_name_part(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
}

/// Returns the position of a keyword that the server or the catalog's query wrote in this case.
fn position(text: &str, all: &[Token], word: &str) -> Option<usize> {
    all.iter().position(|token| token.kind == TokenKind::Word && &text[token.start..token.end] == word)
}

/// Returns the text in a group, without the parentheses.
fn inside(token: &Token) -> Range<usize> {
    token.start + 1..token.end - 1
}

/// Returns `true` for a name as the server quotes it, with its schema.
fn is_name(text: &str) -> bool {
    let all = tokens(text);
    let dot = |token: &Token| token.kind == TokenKind::Symbol(b'.');
    let adjacent = all.windows(2).all(|pair| pair[0].end == pair[1].start);
    let alternate =
        all.iter().enumerate().all(|(at, token)| if at % 2 == 0 { is_name_part(token) } else { dot(token) });
    all.len() % 2 == 1 && adjacent && alternate && all[0].start == 0 && all[all.len() - 1].end == text.len()
}

/// Returns the object that a part's name begins with: `public.t` of `public.t.c`.
fn parent(name: &str) -> Option<String> {
    let last = tokens(name).pop()?;
    let parent = name[..last.start].strip_suffix('.')?;
    is_name(parent).then(|| parent.to_owned())
}

/// Returns the last part of a name: `t` of `public.t`.
pub(crate) fn last(name: &str) -> &str {
    tokens(name).last().map_or(name, |token| &name[token.start..])
}

type Found = Option<(ReadablePart, Range<usize>)>;

fn constraint(name: &str, text: &str, is_domain: impl Fn(&str) -> bool) -> Found {
    let parent = parent(name)?;
    if text.starts_with("EXCLUDE ") {
        let mut end = text;
        for suffix in [" deferred", " deferrable", " not valid"] {
            end = end.strip_suffix(suffix).unwrap_or(end);
        }
        return Some((ReadablePart::Exclusion(parent), 0..end.len()));
    }
    let group = text.starts_with("CHECK (").then(|| outer(text))??.get(1).copied()?;
    let part =
        if is_domain(&parent) { ReadablePart::OfDomain(parent) } else { ReadablePart::OfColumns(parent) };
    Some((part, inside(&group)))
}

/// Finds the default, or the expression of a generated column: before `generated s` and `storage p`.
fn column(name: &str, text: &str) -> Found {
    let all = outer(text)?;
    let start = position(text, &all, "default")?;
    let word = |at: usize, word: &str| all.get(at).is_some_and(|token| &text[token.start..token.end] == word);
    let storage = (start + 1..all.len()).rev().find(|at| word(*at, "storage"))?;
    let (part, end) = match storage.checked_sub(2).filter(|at| *at > start && word(*at, "generated")) {
        Some(generated) => (ReadablePart::OfColumns(parent(name)?), generated),
        None => (ReadablePart::Constant, storage),
    };
    Some((part, all[start].end..all[end].start))
}

fn index(text: &str) -> Found {
    let mut end = text;
    for suffix in [" replica identity", " clustered", " INVALID"] {
        end = end.strip_suffix(suffix).unwrap_or(end);
    }
    // Options, which an expression cannot look like: the server puts blanks around operators.
    if let Some((before, options)) = end.rsplit_once(' ')
        && options.contains('=')
        && !options.contains(['(', ')', '"', '\''])
    {
        end = before;
    }
    let all = outer(end)?;
    let (on, using) = (position(end, &all, "ON")?, position(end, &all, "USING")?);
    let only = usize::from(position(end, &all, "ONLY") == Some(on + 1));
    let table = end.get(all.get(on + 1 + only)?.start..all[using].start)?.trim_end();
    is_name(table).then(|| (ReadablePart::Index(table.to_owned()), all[using].start..end.len()))
}

/// Finds the query, which the server indents by a blank.
fn query(text: &str) -> Found {
    let options = text.find(" identity ")?;
    let start = options + text[options..].find("  ")? + 1;
    Some((ReadablePart::Query, start..text.trim_end().trim_end_matches(';').len()))
}

fn partition_key(name: &str, text: &str) -> Found {
    let options = text.find(" identity ")?;
    let all = outer(&text[options..])?;
    let [_, _, method, columns, ..] = &all[..] else { return None };
    let is_key = is_name(name) && is_group(&text[options..], columns);
    is_key
        .then(|| (ReadablePart::PartitionKey(name.to_owned()), options + method.start..options + columns.end))
}

fn policy(name: &str, text: &str) -> Option<Vec<(ReadablePart, Range<usize>)>> {
    let (all, parent) = (outer(text)?, parent(name)?);
    let (using, check) = (position(text, &all, "using"), position(text, &all, "check"));
    let until = check.map_or(text.len(), |check| all[check].start);
    let ranges = [using.map(|using| all[using].end..until), check.map(|check| all[check].end..text.len())];
    let part = ReadablePart::OfColumns(parent);
    let ranges = ranges.into_iter().flatten().filter(|range| range.start < range.end);
    Some(
        ranges
            .filter(|range| is_safe(&part, &text[range.clone()]))
            .map(|range| (part.clone(), range))
            .collect(),
    )
}

fn trigger(name: &str, text: &str) -> Found {
    let (all, parent) = (outer(text)?, parent(name)?);
    let condition = all.get(position(text, &all, "WHEN")? + 1).filter(|token| is_group(text, token))?;
    Some((ReadablePart::OfRows(parent), inside(condition)))
}

fn rule(text: &str) -> Found {
    let all = outer(text)?;
    let [create, rule, name, ..] = &all[..] else { return None };
    let word = |token: &Token, word: &str| &text[token.start..token.end] == word;
    let is_rule = word(create, "CREATE") && word(rule, "RULE") && is_name_part(name);
    is_rule.then(|| text.rfind(';')).flatten().map(|end| (ReadablePart::Rule, name.end..end))
}

fn routine(name: &str, text: &str) -> Found {
    let starts = [" CREATE OR REPLACE FUNCTION ", " CREATE OR REPLACE PROCEDURE "];
    let start = starts.into_iter().filter_map(|start| text.find(start)).min()? + 1;
    Some((ReadablePart::Routine(name.to_owned()), start..text.len()))
}

fn statistics(name: &str, text: &str) -> Found {
    let rest = text.strip_prefix("CREATE STATISTICS ")?.strip_prefix(name)?;
    Some((ReadablePart::Statistics, text.len() - rest.len()..text.len()))
}

fn domain_default(text: &str) -> Found {
    let all = text.starts_with("d ").then(|| outer(text))??;
    let start = position(text, &all, "default")?;
    Some((ReadablePart::Constant, all[start].end..text.len()))
}

/// Finds the row filter of a table in a publication; the name is that of the publication and of the table.
fn row_filter(name: &str, text: &str) -> Found {
    let table = name[tokens(name).first()?.end..].trim_start();
    let all = outer(text)?;
    let start = position(text, &all, "WHERE")?;
    is_name(table).then(|| (ReadablePart::OfColumns(table.to_owned()), all[start].end..text.len()))
}

/// Returns `true` if the text is what the statement that reads it expects, and cannot end the statement.
fn is_safe(part: &ReadablePart, text: &str) -> bool {
    let closed = outer(text).is_some();
    let one = match part {
        ReadablePart::Rule => is_one_statement(&format!("CREATE RULE r {text}")),
        ReadablePart::Routine(_) => is_one_statement(text),
        _ => tokens(text).iter().all(|token| token.kind != TokenKind::Symbol(b';')),
    };
    closed && one
}

fn is_one_statement(text: &str) -> bool {
    let (mut statements, mut others) = (0, 0);
    walk(text, |item| match item {
        ScriptItem::Statement(_) => statements += 1,
        _ => others += 1,
    });
    statements == 1 && others == 0
}

#[cfg(test)]
mod tests;
