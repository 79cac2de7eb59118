//! Parse of all due files by the server, before the first of them runs.
//!
//! The body of an SQL function with an argument of a polymorphic type is parsed when the function is created, and not
//! analysed (`fmgr_sql_validator` in PostgreSQL's source): tables that an earlier file creates need not exist. The
//! function is a temporary one, made as the owner in a transaction that is rolled back.

use std::ops::Range;

use super::batch::MigrationStep;
use super::failure;
use super::session::MigrationSession;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{DollarQuoted, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{ErrorResponse, execute_protected};

/// Bytes of the files that are parsed in one message; the parse trees are a multiple of them in the server's memory. A
/// larger file is parsed only when it runs.
const MAX_PARSED: usize = 4 << 20;

/// Settings that decide how a text is parsed. A file that may change them is parsed only when it runs.
const OF_PARSER: [&str; 2] = ["standard_conforming_strings", "backslash_quote"];

/// Ends what a file leaves open.
const BETWEEN: &str = "\n;\n";

/// Returns the error of the first file with a statement that the server's grammar lacks. A server that does not let the
/// owner create the function leaves the verdict to the run.
#[martydb_pg::boxed]
pub(crate) async fn check(session: &mut MigrationSession<'_>, steps: &[&MigrationStep<'_>]) -> Result<()> {
    let parsed: Vec<&MigrationStep<'_>> = steps.iter().copied().filter(|step| is_parsed(step)).collect();
    for chunk in chunks(&parsed) {
        let files = &parsed[chunk];
        let texts: Vec<&str> = files.iter().map(|step| &*step.file.text).collect();
        if parse(session, texts.join(BETWEEN)).await?.is_none() {
            continue;
        }
        // A quote that one file leaves open may end in the next: each is asked for by itself.
        for step in files {
            let text = step.file.text.to_string();
            if let Some((response, at)) = parse(session, text).await? {
                return Err(failure::unparsed(session.target, step, at, response));
            }
        }
    }
    Ok(())
}

fn is_parsed(step: &MigrationStep<'_>) -> bool {
    let text = &step.file.text;
    text.len() <= MAX_PARSED && !OF_PARSER.iter().any(|name| text.contains(name))
}

/// Returns ranges of steps whose texts fit into one message.
fn chunks(steps: &[&MigrationStep<'_>]) -> Vec<Range<usize>> {
    let (mut all, mut start, mut bytes) = (vec![], 0, 0);
    for (at, step) in steps.iter().enumerate() {
        if bytes + step.file.text.len() > MAX_PARSED && at > start {
            all.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += step.file.text.len();
    }
    all.extend((start < steps.len()).then_some(start..steps.len()));
    all
}

/// Returns the syntax error of a text, with its place in characters from 0.
async fn parse(session: &mut MigrationSession<'_>, text: String) -> Result<Option<(ErrorResponse, usize)>> {
    let body = DollarQuoted::new(text);
    let message = Statement::join([
        stmt!("BEGIN"),
        stmt!("SET LOCAL check_function_bodies = on"),
        stmt!(
            "CREATE FUNCTION pg_temp.martydb_parse(anyelement) RETURNS pg_catalog.void LANGUAGE sql AS {body}",
            body = body.clone()
        ),
        stmt!("ROLLBACK"),
    ]);
    let Err(failed) = session.connection.run(&message).await else { return Ok(None) };
    let response = failed.response;
    if response.unreachable || response.interrupted {
        return Err(Error::new(response.kind(), "the files were not parsed").cause(response));
    }
    execute_protected(&mut session.connection, &stmt!("ROLLBACK")).await?;
    let at = place(&message, &body, &response);
    Ok(at.filter(|_| response.sqlstate.as_deref() == Some(sqlstate::SYNTAX_ERROR)).map(|at| (response, at)))
}

/// Returns the place of an error in the body. The server converts it to a position in the message where it finds the
/// body there.
fn place(message: &Statement, body: &DollarQuoted, response: &ErrorResponse) -> Option<usize> {
    match (response.position, response.internal_position) {
        (Some(position), _) => {
            let before = body.begins_in(message)?;
            position.checked_sub(1)?.checked_sub(before)
        }
        (None, Some(position)) => position.checked_sub(1),
        (None, None) => None,
    }
}
