//! Variables of a PL/pgSQL body: their types, which have to be the server's, and the texts that they are given.

use super::super::pieces::{Piece, UsedName, name_at};
use super::blocks::{begins, writes};

/// Types of the server. A type of another role has casts, checks and output functions of that role.
const TYPES: &[&str] = &[
    "bigint", "bit", "bool", "boolean", "bytea", "char", "character", "cidr", "date", "daterange", "decimal",
    "double", "float", "float4", "float8", "inet", "int", "int2", "int4", "int4range", "int8", "int8range",
    "integer", "interval", "json", "jsonb", "jsonpath", "macaddr", "macaddr8", "money", "name", "numeric",
    "numrange", "oid", "pg_lsn", "real", "regclass", "regconfig", "regnamespace", "regproc", "regprocedure",
    "regrole", "regtype", "smallint", "text", "time", "timestamp", "timestamptz", "timetz", "tsquery",
    "tsrange", "tstzrange", "tsvector", "uuid", "varbit", "varchar", "xid", "xid8", "xml",
];

/// Words behind the first one of a type.
const TYPE_ENDS: &[&str] = &["precision", "varying", "with", "without", "time", "zone"];

/// Returns the place behind the type at this place; `None` if it is not the server's.
pub(super) fn type_end(pieces: &[Piece], at: usize) -> Option<usize> {
    let (UsedName { schema, name }, mut next) = name_at(pieces, at)?;
    if !TYPES.contains(&name.as_str()) || schema.is_some_and(|of| of != "pg_catalog") {
        return None;
    }
    while pieces
        .get(next)
        .is_some_and(|piece| piece.is_any(TYPE_ENDS) || matches!(piece, Piece::Symbol(b'[' | b']')))
    {
        next += 1;
    }
    if pieces.get(next) == Some(&Piece::Symbol(b'(')) && is_length(pieces.get(next + 1)) {
        next += pieces[next..].iter().position(|piece| *piece == Piece::Symbol(b')'))? + 1;
    }
    Some(next)
}

fn is_length(piece: Option<&Piece>) -> bool {
    matches!(piece, Some(Piece::Symbol(b'0'..=b'9')))
}

/// Declaration of one variable.
pub(super) struct VariableDeclaration<'p> {
    pub name: &'p str,
    /// Table of whose rows or columns it has the type.
    pub of: Option<UsedName>,
    /// Place of its type.
    pub kind: usize,
    /// Place of its value, or of the semicolon.
    pub value: usize,
    /// Place of the semicolon.
    pub end: usize,
}

/// Returns the declarations behind a `DECLARE`; `None` if one has another form, or a type of another role.
pub(super) fn declarations(pieces: &[Piece], declare: usize) -> Option<Vec<VariableDeclaration<'_>>> {
    let (mut all, mut at) = (vec![], declare + 1);
    while !pieces.get(at)?.is("begin") {
        let Piece::Word { text: name, .. } = pieces.get(at)? else { return None };
        let constant = usize::from(pieces.get(at + 1)?.is("constant"));
        let of = at + 1 + constant;
        let (table, mut value) = match table_type(pieces, of) {
            Some((table, end)) => (Some(table), end),
            None if pieces.get(of)?.is("record") => (None, of + 1),
            None => (None, type_end(pieces, of)?),
        };
        if pieces.get(value)?.is("not") && pieces.get(value + 1)?.is("null") {
            value += 2;
        }
        let end = value + pieces[value..].iter().position(|piece| *piece == Piece::Symbol(b';'))?;
        all.push(VariableDeclaration {
            name,
            of: table,
            kind: of,
            value: value_start(pieces, value, end)?,
            end,
        });
        at = end + 1;
    }
    Some(all)
}

/// Returns the table of `schema.table`, `schema.table%ROWTYPE` or `schema.table.column%TYPE`, and the place behind it.
fn table_type(pieces: &[Piece], at: usize) -> Option<(UsedName, usize)> {
    let (name, end) = name_at(pieces, at)?;
    let schema = name.schema.clone().filter(|of| of != "pg_catalog")?;
    let is_whole = end == at + 3;
    let behind = |word: &str| {
        pieces.get(end) == Some(&Piece::Symbol(b'%'))
            && pieces.get(end + 1).is_some_and(|piece| piece.is(word))
    };
    match &pieces[at] {
        _ if is_whole && behind("rowtype") => Some((name, end + 2)),
        _ if is_whole && pieces.get(end) != Some(&Piece::Symbol(b'%')) => Some((name, end)),
        Piece::Word { text: of, .. } if end == at + 5 && behind("type") => {
            Some((UsedName { schema: Some(of.clone()), name: schema }, end + 2))
        }
        _ => None,
    }
}

/// Returns the place behind `:=`, `=` or `DEFAULT`, if there is one.
fn value_start(pieces: &[Piece], at: usize, end: usize) -> Option<usize> {
    match &pieces[at] {
        _ if at == end => Some(end),
        Piece::Symbol(b'=') => Some(at + 1),
        Piece::Symbol(b':') if pieces.get(at + 1) == Some(&Piece::Symbol(b'=')) => Some(at + 2),
        word if word.is("default") => Some(at + 1),
        _ => None,
    }
}

/// Returns the place of the value that the statement at this place assigns.
pub(super) fn assigned_at(pieces: &[Piece], at: usize) -> Option<usize> {
    let (_, sign) = name_at(pieces, at)?;
    match (pieces.get(sign)?, pieces.get(sign + 1)) {
        (Piece::Symbol(b'='), _) => Some(sign + 1),
        (Piece::Symbol(b':'), Some(Piece::Symbol(b'='))) => Some(sign + 2),
        _ => None,
    }
}

/// Returns every value that a declared variable may have when it is executed; `None` if it may have another one. Without a
/// value it is NULL, of which nothing is executed.
pub(super) fn assigned_texts<'p>(body: &'p [Piece], variable: &str) -> Option<Vec<&'p [Piece]>> {
    let declared = declarations(body, 0).filter(|_| body.first().is_some_and(|piece| piece.is("declare")))?;
    let mut declared = declared.iter().filter(|one| one.name == variable);
    let one = declared.next().filter(|one| one.of.is_none())?;
    let mut values: Vec<&[Piece]> =
        (one.value < one.end).then(|| &body[one.value..one.end]).into_iter().collect();
    for at in writes(body, variable)?.into_iter().filter(|at| *at > one.end) {
        // A value that a statement fills in may be anything.
        let from = assigned_at(body, at).filter(|_| begins(&body[at - 1]))?;
        let end = body[from..].iter().position(|piece| *piece == Piece::Symbol(b';'))?;
        values.push(&body[from..from + end]);
    }
    (declared.next().is_none() && !values.is_empty()).then_some(values)
}

/// Returns `true` for a variable that is a whole number.
pub(super) fn is_number(body: &[Piece], variable: &str, numbers: &[&str]) -> bool {
    // In a block inside, another variable could have its name.
    let declares = body.iter().filter(|piece| piece.is("declare")).count();
    let is_first = declares == 1 && body.first().is_some_and(|piece| piece.is("declare"));
    let all = declarations(body, 0).filter(|_| is_first).unwrap_or_default();
    let is_it = |one: &&VariableDeclaration<'_>| one.name == variable;
    all.iter().filter(is_it).count() == 1
        && all.iter().find(is_it).is_some_and(|one| {
            body[one.kind].is_any(numbers) && body.get(one.kind + 1) != Some(&Piece::Symbol(b'['))
        })
}

#[cfg(test)]
mod tests {
    use super::super::super::pieces::pieces;
    use super::*;

    #[test]
    fn variables_have_types_of_the_server() {
        for (body, count) in [
            ("DECLARE n int; BEGIN", 1),
            ("DECLARE n constant numeric(10, 2) not null := 1; a text[] = '{}'; BEGIN", 2),
            ("DECLARE t timestamp with time zone default now(); r record; BEGIN", 2),
            ("DECLARE v app.item; w app.item%rowtype; x app.item.name%type; BEGIN", 3),
            ("DECLARE v sku; BEGIN", 0),
            ("DECLARE v item%rowtype; BEGIN", 0),
            ("DECLARE v a.b.c; BEGIN", 0),
            ("DECLARE c cursor for select 1; BEGIN", 0),
            ("DECLARE q alias for $1; BEGIN", 0),
        ] {
            let words = pieces(body);
            assert_eq!(declarations(&words, 0).map_or(0, |all| all.len()), count, "{body}");
        }
    }

    #[test]
    fn a_variable_of_a_block_inside_is_not_known_outside() {
        let body = "BEGIN DECLARE q text := 'ANALYZE'; BEGIN NULL; END; EXECUTE q; END";
        assert!(assigned_texts(&pieces(body), "q").is_none());
    }
}
