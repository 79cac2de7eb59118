//! Conditions that differ only in parentheses. `a BETWEEN 1 AND 2 AND b` is stored as one AND inside another;
//! printed and parsed again, as by dump and restore, it is a single AND of three.
//!
//! <https://www.postgresql.org/docs/current/functions-logical.html>: AND and OR are associative.

use martydb_sql::{TokenKind, is_word, tokens};

/// Maximum depth; deeper conditions are compared verbatim, which limits the cost to a text's length times this.
const MAX_DEPTH: usize = 200;

/// Returns `true` if two definitions are equal after merging each AND directly inside an AND, and likewise each OR.
pub(crate) fn same_conditions(kind: &str, before: &str, after: &str) -> bool {
    // The text of a function is compared verbatim.
    if kind == "routine" {
        return false;
    }
    let flat = flattened(before);
    flat.is_some() && flat == flattened(after)
}

/// Operator between the operands in one pair of parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connective {
    Nothing,
    And,
    Or,
    /// Both, or the AND of a BETWEEN.
    Mixed,
}

impl Connective {
    fn from_word(word: &str) -> Option<Connective> {
        let rows = [("and", Connective::And), ("or", Connective::Or), ("between", Connective::Mixed)];
        rows.into_iter().find(|(name, _)| is_word(word, name)).map(|(_, joint)| joint)
    }

    fn with(self, other: Connective) -> Connective {
        if self == Connective::Nothing || self == other { other } else { Connective::Mixed }
    }
}

#[derive(Default)]
struct Operand {
    text: String,
    /// The operator after it.
    joint: String,
    /// Operands of the only group that it consists of, with their operator.
    group: Option<(Connective, Vec<Operand>)>,
}

/// The text between two parentheses, or the whole text.
struct Condition {
    operands: Vec<Operand>,
    joint: Connective,
}

impl Condition {
    fn new() -> Condition {
        Condition { operands: vec![Operand::default()], joint: Connective::Nothing }
    }

    fn last(&mut self) -> &mut Operand {
        self.operands.last_mut().expect("a condition has an operand")
    }

    fn add(&mut self, word: &str) {
        let last = self.last();
        last.group = None;
        last.text += word;
    }

    fn join(&mut self, word: &str, joint: Connective) {
        self.joint = self.joint.with(joint);
        self.last().joint = word.to_ascii_uppercase();
        self.operands.push(Operand::default());
    }

    fn add_group(&mut self, inner: Condition) {
        let (joint, operands) = (inner.joint, inner.spliced());
        let last = self.last();
        let alone = last.text.is_empty();
        last.text += &format!("({})", written(&operands));
        last.group = alone.then_some((joint, operands));
    }

    /// Returns the operands; a group with the same operator is replaced by its operands.
    fn spliced(self) -> Vec<Operand> {
        let mut all: Vec<Operand> = vec![];
        for operand in self.operands {
            match operand.group {
                Some((joint, inner))
                    if joint == self.joint && matches!(joint, Connective::And | Connective::Or) =>
                {
                    all.extend(inner);
                    all.last_mut().expect("a condition has an operand").joint = operand.joint;
                }
                // Nested groups were spliced when they ended.
                _ => all.push(Operand { group: None, ..operand }),
            }
        }
        all
    }
}

fn written(operands: &[Operand]) -> String {
    let mut text = String::new();
    for Operand { text: operand, joint, .. } in operands {
        text += operand.trim();
        if !joint.is_empty() {
            text += &format!(" {joint} ");
        }
    }
    text
}

/// Normalizes a text: single blanks and merged groups. `None` if the parentheses are too deep or do not match.
fn flattened(text: &str) -> Option<String> {
    let (mut open, mut end) = (vec![Condition::new()], 0);
    for token in tokens(text) {
        let word = &text[token.start..token.end];
        let blank = token.start > end;
        end = token.end;
        if open.len() > MAX_DEPTH {
            return None;
        }
        let group = open.last_mut()?;
        if blank && !group.last().text.is_empty() && token.kind != TokenKind::Symbol(b')') {
            group.last().text.push(' ');
        }
        match token.kind {
            TokenKind::Symbol(b'(') => open.push(Condition::new()),
            TokenKind::Symbol(b')') => {
                let inner = open.pop()?;
                open.last_mut()?.add_group(inner);
            }
            TokenKind::Word => match Connective::from_word(word) {
                Some(Connective::Mixed) => {
                    group.joint = Connective::Mixed;
                    group.add(word);
                }
                Some(joint) => group.join(word, joint),
                None => group.add(word),
            },
            _ => group.add(word),
        }
    }
    let whole = open.pop()?;
    open.is_empty().then(|| written(&whole.operands))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_differ_in_parentheses_alone_are_the_same() {
        for (before, after, same) in [
            ("CHECK ((((a >= 1) AND (a <= 2)) AND b))", "CHECK (((a >= 1) AND (a <= 2) AND b))", true),
            ("CHECK ((a OR (b OR\n   (c OR d))))", "CHECK ((a OR b OR c OR d))", true),
            ("CHECK (((a AND b) OR c))", "CHECK ((a AND (b OR c)))", false),
            ("CHECK (((a AND b) OR c))", "CHECK ((a AND b OR c))", false),
            ("CHECK ((NOT (a AND b) AND c))", "CHECK ((NOT a AND b AND c))", false),
            ("CHECK ((f(a AND b) AND c))", "CHECK ((f(a) AND b AND c))", false),
            ("CHECK ((a = 'x AND (y AND z)'))", "CHECK ((a = 'x AND y AND z'))", false),
            ("WHERE ((x BETWEEN 1 AND (2 AND 3)))", "WHERE ((x BETWEEN 1 AND 2 AND 3))", false),
            ("CHECK (((a AND b) AND c)) NOT VALID", "CHECK ((a AND b AND c))", false),
            ("CHECK ((a AND b)", "CHECK ((a AND b)", false),
        ] {
            assert_eq!(same_conditions("constraint", before, after), same, "{before} / {after}");
        }
        assert!(!same_conditions("routine", "((a AND b) AND c)", "(a AND b AND c)"));
        let deep = |inner: &str| format!("{}{inner}{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(!same_conditions("constraint", &deep("(a AND b) AND c"), &deep("a AND b AND c")));
    }
}
