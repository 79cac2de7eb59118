//! martydb's own rules about single statements, as a table of rows: what the statement does, and to which objects that is harmless.

mod case;
mod definer;
mod grants;
mod rows;

use squawk_syntax::SyntaxKind::*;
use squawk_syntax::ast::AstNode;

use super::facts::ObjectFacts;
use super::objects::{LintedStatement, LintedText};
use crate::files::Mode;
use case::DangerCase;
use martydb_manifest::lint_rules::own;
use martydb_model::LintRules;

pub(crate) struct FoundDanger {
    pub rule: &'static str,
    pub message: String,
    pub help: &'static str,
}

struct DangerRow {
    rule: &'static str,
    /// Returns what is dangerous about the statement.
    found: fn(&DangerCase<'_>) -> Option<String>,
    help: &'static str,
    /// Set if it is harmless to an object that pending migrations create.
    spares_new: bool,
}

const DANGERS: &[DangerRow] = &[
    DangerRow {
        rule: own::TRUNCATE,
        found: |case| case.is(TRUNCATE).then(|| format!("TRUNCATE deletes all rows of {}", case.names())),
        help: "delete the rows in batches, or drop the table when no client uses it",
        spares_new: true,
    },
    DangerRow {
        rule: own::CLUSTER,
        found: |case| case.is(CLUSTER).then(|| case.rewrites("CLUSTER")),
        help: "do it when no client uses the table, or rewrite it with pg_repack",
        spares_new: true,
    },
    DangerRow {
        rule: own::VACUUM_FULL,
        found: |case| rows::is_full(case.node).then(|| case.rewrites("VACUUM FULL")),
        help: "a plain VACUUM blocks no reader or writer; do the full one when no client uses the table",
        spares_new: true,
    },
    DangerRow {
        rule: own::PERSISTENCE,
        found: |case| {
            let changes = case.is(ALTER_TABLE) && (case.has(SET_LOGGED) || case.has(SET_UNLOGGED));
            changes.then(|| case.rewrites("SET LOGGED or UNLOGGED"))
        },
        help: "create a new table, copy the rows in batches, and rename both",
        spares_new: true,
    },
    DangerRow {
        rule: own::TABLESPACE,
        found: |case| {
            let moves =
                case.is_any(&[ALTER_TABLE, ALTER_INDEX, ALTER_MATERIALIZED_VIEW]) && case.has(SET_TABLESPACE);
            moves.then(|| case.rewrites("SET TABLESPACE"))
        },
        help: "do it when no client uses the table; REINDEX (TABLESPACE …, CONCURRENTLY) moves an index",
        spares_new: true,
    },
    DangerRow {
        rule: own::ACCESS_METHOD,
        found: |case| case.has(SET_ACCESS_METHOD).then(|| case.rewrites("SET ACCESS METHOD")),
        help: "create a new table, copy the rows in batches, and rename both",
        spares_new: true,
    },
    DangerRow {
        rule: own::EXPRESSION,
        found: |case| case.in_column(SET_EXPRESSION).then(|| case.rewrites("SET EXPRESSION")),
        help: "add a column with the new expression, let the clients use it, and drop the old one",
        spares_new: true,
    },
    DangerRow {
        rule: own::REFRESH,
        found: |case| {
            let blocks = case.is(REFRESH) && !case.says(&["concurrently"]);
            blocks.then(|| {
                format!("REFRESH MATERIALIZED VIEW locks the readers of {} out while it runs", case.names())
            })
        },
        help: "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index of the view",
        spares_new: true,
    },
    DangerRow {
        rule: own::LOCK,
        found: |case| rows::blocking_lock(case),
        help: "leave the lock to the statement that needs it, or use a mode that lets readers and writers go on",
        spares_new: true,
    },
    DangerRow {
        rule: own::UPDATE_ALL,
        found: |case| {
            rows::of_all(case, UPDATE)
                .map(|table| format!("UPDATE changes all rows of {table} in one transaction"))
        },
        help: "update the rows in batches outside the migration, each in its own transaction",
        spares_new: true,
    },
    DangerRow {
        rule: own::DELETE_ALL,
        found: |case| rows::of_all(case, DELETE).map(|table| format!("DELETE removes all rows of {table}")),
        help: "delete the rows in batches, or drop the table when no client uses it",
        spares_new: true,
    },
    DangerRow {
        rule: own::FORCED_ROWS,
        found: |case| rows::of_forced(case),
        help: "write ALTER TABLE … NO FORCE ROW LEVEL SECURITY before it, and FORCE after it",
        spares_new: false,
    },
    DangerRow {
        rule: own::JSON,
        found: |case| rows::json_column(case),
        help: "use jsonb, or fail the queries that compare whole rows first",
        spares_new: true,
    },
    DangerRow {
        rule: own::NUMBERED,
        found: |case| rows::numbered_column(case),
        help: "add the column without a default, fill it in batches, and add the default or identity then",
        spares_new: true,
    },
    DangerRow {
        rule: own::CHECKED,
        found: |case| rows::checked_column(case),
        help: "add the column, of a type without constraints, then the constraint NOT VALID, and validate it in a later migration",
        spares_new: true,
    },
    DangerRow {
        rule: own::NEW_LABEL,
        found: |case| rows::early_label(case),
        help: "move ALTER TYPE … ADD VALUE into a migration of its own before this one",
        spares_new: true,
    },
    DangerRow {
        rule: own::ROW_SECURITY,
        found: |case| rows::row_security(case),
        help: "create the policies in the same file",
        spares_new: true,
    },
    DangerRow {
        rule: own::DROP_OWNED,
        found: |case| case.is(DROP_OWNED).then(|| "DROP OWNED drops every object of the role".into()),
        help: "drop the objects by their names",
        spares_new: false,
    },
    DangerRow {
        rule: own::OTHER_SERVICE,
        found: |case| grants::to_other_service(case),
        help: "declare what another service may read as `access:` in the manifest, and remove the statement",
        spares_new: false,
    },
    DangerRow {
        rule: own::PUBLIC,
        found: |case| grants::to_public(case),
        help: "declare the roles that need it as `access:` in the manifest, and remove the statement",
        spares_new: false,
    },
    DangerRow {
        rule: own::BEYOND_ROLE,
        found: |case| grants::beyond_role(case),
        help: "grant what the role may hold, or declare another login as `access:` in the manifest",
        spares_new: false,
    },
    DangerRow {
        rule: own::DEFINER,
        found: |case| definer::executes_argument(case.node),
        help: "let format write it with %I or %L, take a type such as regclass, or make the function SECURITY INVOKER",
        spares_new: false,
    },
];

/// Returns what the rules find in a statement.
pub(crate) fn find(
    statement: &LintedStatement,
    part: &LintedText,
    rules: &LintRules,
    mode: Mode,
    facts: &ObjectFacts,
) -> Vec<FoundDanger> {
    let case = DangerCase { statement, node: statement.statement.syntax(), part, rules, mode, facts };
    let rows = DANGERS.iter().filter(|row| !(row.spares_new && statement.is_new));
    let found = rows.filter_map(|row| {
        let message = (row.found)(&case)?;
        Some(FoundDanger { rule: row.rule, message, help: row.help })
    });
    found.collect()
}
