//! Sessions that check the privileges of logins, and their query: one statement with one row per object on which
//! the login has a forbidden privilege. All names are schema-qualified, and no code of a service is called.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::classes::{self, AclSource, Depth};
use super::rules::{Class, ForbiddenPrivilege, LoginContext, PRIVILEGES, managed_roles, statements};
use crate::probe::{LoginAttempts, Task, attempt_patiently};
use crate::proof::observations::ServerContext;
use martydb_model::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use martydb_model::sql::{List, Literal, Statement, stmt, with_members};
use martydb_pg::wire::{Address, Answer, Attempt, Credentials, LoginRequest, Outcome};
use martydb_ui::report::progress;

/// Opens one session per login with a known and working password; returns each with the index of its login.
pub(crate) async fn observe(
    server: &ServerContext,
    attempts: &[LoginAttempts],
    address: &Address,
) -> Vec<(usize, Attempt)> {
    let task = &server.task;
    let managed = managed_roles(server);
    let working = task.logins.iter().zip(attempts).enumerate();
    // The audit covers the privileges of further logins.
    let working =
        working.filter(|(_, (login, met))| login.password.is_some() && !login.further && met.logged_in());
    let working: Vec<_> = working.collect();
    let asking = progress("asking about privileges", "logins");
    asking.expect(working.len());
    let asking = &asking;
    stream::iter(working)
        .map(|(index, (login, _))| {
            let context = LoginContext::new(server, login, &managed);
            let asked = async move {
                let mut found = ask(task, address, &context, Depth::What).await;
                // A second query reads the found objects, with their ACL entries.
                if let Outcome::Accepted(session) = &found.outcome
                    && matches!(session.answers.get(1), Some(Answer::Rows(rows)) if !rows.is_empty())
                {
                    found = ask(task, address, &context, Depth::Why).await;
                }
                (index, found)
            };
            asking.run(login.role.as_str(), asked)
        })
        .buffered(task.concurrency.max(1))
        .collect()
        .await
}

/// Settings that override those of the role and the database: `-c name=value`. Each has the first major version
/// that knows it.
const PINNED: &[(u32, &str)] = &[
    (0, "role=none"),
    (0, "search_path=pg_catalog"),
    (0, "statement_timeout=60s"),
    (0, "lock_timeout=2s"),
    (0, "idle_in_transaction_session_timeout=60s"),
    (14, "idle_session_timeout=0"),
    (17, "transaction_timeout=0"),
    (0, "default_transaction_read_only=off"),
    (0, "default_tablespace="),
    (0, "temp_tablespaces="),
    (0, "default_table_access_method=heap"),
    (0, "exit_on_error=off"),
    (0, "quote_all_identifiers=off"),
    // The query is long and cheap to execute; compiling it would take seconds.
    (0, "jit=off"),
];

fn pinned(major: u32) -> String {
    let due = PINNED.iter().filter(|(since, _)| major >= *since);
    due.map(|(_, setting)| format!("-c {setting}")).collect::<Vec<_>>().join(" ")
}

/// Checks the session's settings and privileges, and tries the forbidden statements, each rolled back before the
/// next.
async fn ask(task: &Task, address: &Address, context: &LoginContext<'_>, depth: Depth) -> Attempt {
    let mut queries = vec![unchanged_session(), held(context, depth), stmt!("BEGIN; SAVEPOINT before")];
    let statements = statements(context).into_iter();
    queries.extend(statements.map(|(_, one)| stmt!("ROLLBACK TO SAVEPOINT before; {one}")));
    queries.push(stmt!("ROLLBACK"));
    let options = pinned(context.major);
    let request = LoginRequest {
        database: context.login.database.as_str(),
        parameters: &[("options", &options)],
        queries: &queries,
        timeout: task.timeout.max(Duration::from_secs(60)),
    };
    attempt_patiently(task, address, &mut Credentials::new(context.login.login()), &request).await
}

/// Number of objects to report per privilege.
pub(crate) const MAX_OBJECTS: usize = 20;

/// Columns of an answer, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldPrivilege {
    /// Index of the rule in the table.
    pub rule: usize,
    pub object: String,
    /// Object as `GRANT … ON` spells it; the group for roles, the attribute for attributes.
    pub on: Option<String>,
    pub owner: Option<String>,
    /// Column, if only one.
    pub column: Option<String>,
    /// Privilege as the ACL spells it; `None` without an entry, as for an owner or a superuser.
    pub privilege: Option<String>,
    /// Grantee; `None` is PUBLIC.
    pub grantee: Option<String>,
    pub grantor: Option<String>,
}

impl HeldPrivilege {
    pub(crate) fn read(row: &[Option<String>]) -> Option<HeldPrivilege> {
        let [rule, object, on, owner, column, privilege, grantee, grantor] = row.to_vec().try_into().ok()?;
        let rule: usize = rule?.parse().ok().filter(|at| *at < PRIVILEGES.len())?;
        Some(HeldPrivilege { rule, object: object?, on, owner, column, privilege, grantee, grantor })
    }
}

/// Returns the indexes of the privileges to check for this login.
pub(crate) fn applicable(context: &LoginContext<'_>) -> Vec<usize> {
    let fits = |row: &ForbiddenPrivilege| row.is_denied_to(context.login.kind) && context.major >= row.since;
    PRIVILEGES.iter().enumerate().filter(|(_, row)| fits(row)).map(|(at, _)| at).collect()
}

/// Returns a query that tests whether a login event trigger changed the role or the search path.
pub(crate) fn unchanged_session() -> Statement {
    stmt!(
        "SELECT (current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog')::text"
    )
}

pub(crate) fn held(context: &LoginContext<'_>, depth: Depth) -> Statement {
    let all = applicable(context).into_iter().map(|at| of_rule(context, at, depth));
    let all = Statement::separated(all, " UNION ALL ");
    stmt!(
        "{members}, ext AS (SELECT m.classid, m.objid FROM member m WHERE NOT m.is_part), \
         space AS NOT MATERIALIZED (SELECT n.* FROM pg_catalog.pg_namespace n \
           WHERE n.nspname !~ '^pg_(catalog$|toast|temp_)' AND n.nspname <> 'information_schema'), \
         rel AS (SELECT c.*, n.nspname, n.nspname = {history} OR c.relname = {refinery} AND n.nspname IN ({declared}) AS history \
           FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace \
           WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid)) \
         {all}",
        members = with_members(),
        history = Literal(HISTORY_SCHEMA.into()),
        refinery = Literal(REFINERY_TABLE.into()),
        declared = List::literals(context.schemas.iter().map(String::as_str)),
    )
}

fn of_rule(context: &LoginContext<'_>, at: usize, depth: Depth) -> Statement {
    let rule = &PRIVILEGES[at];
    let body = match rule.class {
        Class::Types => classes::types(context),
        Class::LargeObjects => classes::large_objects(context),
        Class::Defaults => classes::defaults(context),
        Class::Server => classes::server(),
        Class::Roles => classes::roles(context, depth),
        Class::RoleAdmin => classes::role_admin(context, depth),
        Class::Attributes => classes::attributes(),
        class => AclSource::for_class(class).expect("every other class has an ACL").query(rule, depth),
    };
    stmt!(
        "(SELECT {at}::text, a.object::text, a.target::text, a.owner::text, a.part::text, a.privilege::text, \
         a.grantee::text, a.grantor::text FROM ({body}) a LIMIT {shown})",
        at = i64::try_from(at).unwrap_or_default(),
        shown = i64::try_from(MAX_OBJECTS).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::probe::ProbeLogin;
    use martydb_model::{DbName, RoleKind, RoleName, ServiceName};

    #[test]
    fn the_first_question_of_a_session_does_not_grow_with_the_services() {
        let login = ProbeLogin::new(
            ServiceName::new("a").unwrap(),
            RoleKind::App,
            RoleName::new("a_app").unwrap(),
            DbName::new("a").unwrap(),
            None,
        );
        let asked = |services: usize, depth: Depth| {
            let managed: BTreeSet<String> = (0..services).map(|n| format!("s{n}_app")).collect();
            let context = LoginContext {
                login: &login,
                major: 16,
                schemas: vec!["public".into()],
                owner: "a_owner".into(),
                own: vec!["a_app".into()],
                forbidden: vec![],
                managed: &managed,
                bounded: None,
                event_trigger: false,
            };
            held(&context, depth).shown().to_owned()
        };
        assert_eq!(asked(1, Depth::What), asked(1000, Depth::What));
        // The exact question, which few sessions get, names each of them.
        assert!(asked(1000, Depth::Why).contains("'s999_app'"));
    }
}
