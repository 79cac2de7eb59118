//! Statements of the record. All names are qualified, and no statement runs an expression that is stored in the database.

use super::facts::{RunFacts, bounded};
use martydb_migrate::Operator;
use martydb_model::sql::{ArrayLiteral, Literal, ServerText, Statement, stmt};

/// Values of a new row.
pub(crate) struct NewRow<'a> {
    pub id: &'a str,
    pub facts: &'a RunFacts,
    pub services: &'a [String],
    pub operator: &'a Operator,
}

impl NewRow<'_> {
    pub(crate) fn insert(&self) -> Statement {
        let NewRow { id, facts, services, operator } = self;
        let text = |value: &str| Literal(bounded(value));
        stmt!(
            "INSERT INTO martydb.record (id, at, project, env, action, services, by, host, tool, manifest_sha256, outcome)
             VALUES ({id}, pg_catalog.clock_timestamp(), {project}, {env}, {action}, {services}, {by}, {host}, {tool}, {sha}, 'started')",
            id = text(id),
            project = text(&facts.project),
            env = text(&facts.env),
            action = text(facts.action),
            services = ArrayLiteral(services.to_vec()),
            by = text(&operator.user),
            host = text(&operator.host),
            tool = text(&facts.tool),
            sha = text(&facts.manifest_sha256)
        )
    }
}

/// Removes rows that are older than a year.
pub(crate) fn expire() -> Statement {
    stmt!("DELETE FROM ONLY martydb.record WHERE at < pg_catalog.now() - '1 year'::pg_catalog.interval")
}

pub(crate) fn end(id: &str, outcome: &str, note: &str) -> Statement {
    let note = Some(note).filter(|note| !note.is_empty()).map(|note| Literal(note.to_owned()));
    stmt!(
        "UPDATE ONLY martydb.record SET outcome = {outcome}, note = {note}, ended_at = pg_catalog.clock_timestamp() WHERE id = {id}",
        outcome = Literal(outcome.to_owned()),
        id = Literal(id.to_owned())
    )
}

/// Begins a transaction in which no other session can change the table.
pub(crate) fn locked() -> [Statement; 2] {
    [stmt!("BEGIN"), stmt!("LOCK TABLE ONLY martydb.record IN ROW EXCLUSIVE MODE")]
}

/// Begins a transaction that makes the table.
pub(crate) fn make(schema: bool) -> impl Iterator<Item = Statement> {
    let own = schema.then(|| stmt!("CREATE SCHEMA martydb"));
    let table = stmt!(
        "CREATE TABLE martydb.record (
             id pg_catalog.text PRIMARY KEY, at pg_catalog.timestamptz NOT NULL, ended_at pg_catalog.timestamptz,
             project pg_catalog.text NOT NULL, env pg_catalog.text NOT NULL, action pg_catalog.text NOT NULL,
             services pg_catalog.text[] NOT NULL, by pg_catalog.text NOT NULL, host pg_catalog.text NOT NULL,
             tool pg_catalog.text NOT NULL, manifest_sha256 pg_catalog.text NOT NULL, outcome pg_catalog.text NOT NULL,
             note pg_catalog.text)"
    );
    [stmt!("BEGIN")].into_iter().chain(own).chain([table])
}

/// Returns who but the owner holds a privilege on the schema and the table: `schema` or `table`, and the role as the server
/// quotes it, NULL for PUBLIC.
pub(crate) fn holders() -> Statement {
    stmt!(
        "SELECT DISTINCT x.kind, CASE WHEN a.grantee <> 0 THEN pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
         FROM (SELECT 'schema', n.nspacl, n.nspowner FROM pg_catalog.pg_namespace n WHERE n.nspname = 'martydb'
               UNION ALL SELECT 'table', c.relacl, c.relowner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'martydb' AND c.relname = 'record') x (kind, acl, owner)
           CROSS JOIN LATERAL pg_catalog.aclexplode(x.acl) a
         WHERE a.grantee <> x.owner"
    )
}

/// Takes everything from a holder; `None` is PUBLIC.
pub(crate) fn revoke(kind: &str, role: Option<String>) -> Statement {
    let role = role
        .map_or_else(|| stmt!("PUBLIC"), |name| stmt!("{name}", name = ServerText::quoted_by_server(name)));
    match kind {
        "schema" => stmt!("REVOKE ALL ON SCHEMA martydb FROM {role}"),
        _ => stmt!("REVOKE ALL ON TABLE martydb.record FROM {role}"),
    }
}

/// Reads the newest rows, the newest first.
pub(crate) fn newest(limit: u32) -> Statement {
    stmt!(
        "SELECT pg_catalog.json_build_object(
             'at', pg_catalog.to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
             'ended_at', pg_catalog.to_char(r.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
             'project', r.project, 'env', r.env, 'action', r.action, 'services', r.services, 'by', r.by, 'host', r.host,
             'tool', r.tool, 'manifest_sha256', r.manifest_sha256, 'outcome', r.outcome, 'note', r.note)::pg_catalog.text
         FROM ONLY martydb.record r ORDER BY r.at DESC, r.id LIMIT {limit}"
    )
}

/// Begins a transaction in which the table stays what it is.
pub(crate) fn held() -> [Statement; 2] {
    [stmt!("BEGIN"), stmt!("LOCK TABLE ONLY martydb.record IN ACCESS SHARE MODE")]
}
