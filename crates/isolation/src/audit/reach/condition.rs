//! Conditions of policies and views, as the server prints them: conjuncts, and whether they compare with the session's role.

use super::bounded::words::computes;
use super::executed_text::closing;
use super::pieces::{Piece, name_at, pieces};

/// Roles of a session, which it changes only to what it is allowed.
const IDENTITY: &[&str] = &["session_user", "current_user", "current_role", "user"];

/// Words that let a condition be true for other roles, or read what the session or others can change.
const LOOSE: &[&str] = &["or", "not", "select", "current_setting", "case", "is"];

/// A condition, split at the top level.
pub(crate) struct RowCondition(Vec<Piece>);

impl RowCondition {
    pub(crate) fn new(text: &str) -> RowCondition {
        RowCondition(pieces(text))
    }

    pub(crate) fn of(words: &[Piece]) -> RowCondition {
        RowCondition(words.to_vec())
    }

    /// Returns `true` if one of its conjuncts compares with the role of the session, and computes nothing but that.
    pub(crate) fn names_its_user(&self) -> bool {
        parts(&self.0, "and").into_iter().any(compares_with_user)
    }

    /// Returns `true` if whatever fulfils it fulfils the other one: each conjunct of that, or one of its alternatives, is among
    /// its own.
    pub(crate) fn implies(&self, other: &RowCondition) -> bool {
        let own = parts(&self.0, "and");
        let is_own = |part: &&[Piece]| {
            own.contains(part) || part.iter().all(|piece| piece.is("true") || is_parenthesis(piece))
        };
        parts(&other.0, "and").iter().all(|part| is_own(part) || parts(part, "or").iter().any(&is_own))
    }
}

fn is_parenthesis(piece: &Piece) -> bool {
    matches!(piece, Piece::Symbol(b'(' | b')'))
}

/// Splits at a word outside all parentheses, those around the whole left out.
pub(crate) fn parts<'p>(condition: &'p [Piece], word: &str) -> Vec<&'p [Piece]> {
    let mut condition = condition;
    while condition.first() == Some(&Piece::Symbol(b'('))
        && closing(condition, 0) == Some(condition.len() - 1)
    {
        condition = &condition[1..condition.len() - 1];
    }
    let (mut parts, mut start, mut depth) = (vec![], 0, 0i32);
    for (at, piece) in condition.iter().enumerate() {
        match piece {
            Piece::Symbol(b'(') => depth += 1,
            Piece::Symbol(b')') => depth -= 1,
            // The AND of a BETWEEN splits it too, which loses nothing.
            piece if depth == 0 && piece.is(word) => {
                parts.push(&condition[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&condition[start..]);
    let split = parts.len() > 1;
    parts.into_iter().flat_map(|part| if split { self::parts(part, word) } else { vec![part] }).collect()
}

fn compares_with_user(part: &[Piece]) -> bool {
    let is_equal = |at: usize| {
        part[at] == Piece::Symbol(b'=')
            && !(at > 0 && matches!(part[at - 1], Piece::Symbol(b'<' | b'>' | b'!')))
    };
    let compares =
        (0..part.len()).any(is_equal) || part.iter().any(|piece| piece.is_any(&["in", "pg_has_role"]));
    let is_harmless = |at: usize| {
        let Some((name, next)) = name_at(part, at) else { return true };
        let calls = part.get(next) == Some(&Piece::Symbol(b'('));
        !calls
            || part[at].is_any(&["in", "any", "and", "array"])
            || computes(&name)
            || name.name == "pg_has_role"
    };
    compares
        && part.iter().any(|piece| piece.is_any(IDENTITY))
        && !part.iter().any(|piece| piece.is_any(LOOSE))
        && (0..part.len()).all(is_harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_compares_with_the_sessions_role_tells_users_apart() {
        for (text, expected) in [
            ("(login = SESSION_USER)", true),
            ("((login = (CURRENT_USER)::text) AND (tenant = current_setting('a.b'::text)))", true),
            ("(lower(login) = lower((SESSION_USER)::text))", true),
            ("pg_has_role(SESSION_USER, owner, 'MEMBER'::text)", true),
            ("((login = SESSION_USER) OR (tenant = current_setting('a.b'::text)))", false),
            ("(login <> SESSION_USER)", false),
            ("(login = app.mapped(SESSION_USER))", false),
            ("(login = current_setting('a.b'::text))", false),
            ("(login IN ( SELECT m.login FROM app.m WHERE (m.who = SESSION_USER)))", false),
        ] {
            assert_eq!(RowCondition::new(text).names_its_user(), expected, "{text}");
        }
    }

    #[test]
    fn a_check_is_as_strict_as_the_condition_that_it_contains() {
        for (check, using, expected) in [
            ("(a = 1)", "(a = 1)", true),
            ("((a = 1) AND (b = 2))", "(a = 1)", true),
            ("(a = 1)", "((a = 1) AND (b = 2))", false),
            ("(a = 1)", "((a = 1) OR shared)", true),
            ("(((a = 1) AND (b = 2)) AND (c = 3))", "((a = 1) AND (c = 3))", true),
            ("(a IS NOT NULL)", "(a = 1)", false),
            ("true", "(a = 1)", false),
            ("(a = 1)", "true", true),
        ] {
            assert_eq!(
                RowCondition::new(check).implies(&RowCondition::new(using)),
                expected,
                "{check} for {using}"
            );
        }
    }
}
