//! Conditions that hold at the end.

use sqlx::postgres::PgDatabaseError;

use super::super::SHARED;
use super::clients::Written;
use super::rows::{CLIENT, CLIENT_PASSWORD, OWNER, outbox, query};
use super::world::{EXTRA, World};
use crate::support::Server;

/// The columns that take numbers from a sequence, with the sequence, of tables that take writes: those of a side that is closed are raised when
/// it is opened again.
const NUMBERED: &str = "
    SELECT DISTINCT format('%I.%I', n.nspname, t.relname), quote_ident(a.attname), s.oid::regclass::text FROM pg_class s
    JOIN pg_depend d ON s.oid IN (d.objid, d.refobjid) LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
    JOIN pg_class t ON t.relkind IN ('r', 'p') AND t.oid = CASE WHEN d.objid = s.oid THEN d.refobjid ELSE f.adrelid END
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = CASE WHEN d.objid = s.oid THEN d.refobjsubid ELSE f.adnum END
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname NOT IN ('martydb', 'martydb_split')
    WHERE s.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgname = 'martydb_split_closed') ORDER BY 1, 2";

/// No sequence of a database gives a number that a row has: as many as there have to be.
pub(crate) fn sequences_are_ahead(server: &Server, database: &str) -> usize {
    let found = server.sql(database, NUMBERED);
    for one in &found {
        let [table, column, sequence] = one.as_slice() else { panic!("{one:?}") };
        // First the rows: clients go on writing.
        let number = |query: String| server.value(database, &query).parse::<i64>().unwrap();
        let highest = number(format!("SELECT coalesce(max({column}), 0) FROM {table}"));
        let given = number(format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"));
        assert!(given >= highest, "{database}: {sequence} stands at {given}, {table}.{column} at {highest}");
    }
    found.len()
}

/// The source refuses a service's writes, and says where they belong.
pub(crate) fn refuses(world: &World, service: &str, database: &str) {
    let said = super::super::stream::block(async {
        let mut session = world.source.connect(CLIENT, CLIENT_PASSWORD, SHARED).await;
        let table = outbox(service);
        let write = format!(
            "INSERT INTO {table} (aggregate_type, aggregate_id, event_type, payload) VALUES ('extra', '1', 'x', '{{}}')"
        );
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(write)).execute(&mut session).await.unwrap_err();
        let refused = refused.into_database_error().unwrap();
        let refused = refused.downcast_ref::<PgDatabaseError>();
        format!("{} {} {}", refused.code(), refused.message(), refused.hint().unwrap_or_default())
    });
    let expected = format!(
        "25006 table public.{} has moved: INSERT refused write to database {database} at 127.0.0.1:{}",
        outbox(service),
        world.target().port
    );
    assert_eq!(said, expected);
}

/// Returns the remains of the split.
pub(crate) fn leftovers(server: &Server, database: &str) -> Vec<Vec<String>> {
    server.sql(
        database,
        "SELECT 'schema' FROM pg_namespace WHERE nspname = 'martydb_split'
         UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'martydb_split%'
         UNION ALL SELECT 'disabled ' || tgname FROM pg_trigger WHERE tgenabled = 'D'
         UNION ALL SELECT 'unproven ' || conname FROM pg_constraint WHERE NOT convalidated
         UNION ALL SELECT 'identity of ' || relname FROM pg_class WHERE relreplident = 'f'
         UNION ALL SELECT 'free numbers of ' || attrelid::regclass FROM pg_attribute WHERE attidentity = 'd'
         UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots
         UNION ALL SELECT 'publication ' || pubname FROM pg_publication
         UNION ALL SELECT 'login ' || rolname FROM pg_roles WHERE rolname LIKE 'martydb_split%'
         UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datname LIKE 'martydb_scratch%'",
    )
}

/// Queries for the contents of a database that have to be equal in each, privileges included; each returns texts.
const MADE: &[&str] = &[
    "SELECT d.datname::text = current_database(), pg_get_userbyid(d.datdba), d.datconnlimit, d.datallowconn, d.datistemplate, pg_encoding_to_char(d.encoding),
        d.datcollate, d.datctype, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(d.datacl) a) FROM pg_database d WHERE d.datname = current_database()",
    "SELECT coalesce(pg_get_userbyid(s.setrole), ''), c FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
        WHERE d.datname = current_database() ORDER BY 1, 2",
    "SELECT n.nspname, pg_get_userbyid(n.nspowner), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(n.nspacl) a) FROM pg_namespace n
        WHERE n.nspname !~ '^pg_' ORDER BY 1",
    "SELECT pg_get_userbyid(f.defaclrole), coalesce(n.nspname, ''), f.defaclobjtype, (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(f.defaclacl) a)
        FROM pg_default_acl f LEFT JOIN pg_namespace n ON n.oid = f.defaclnamespace ORDER BY 1, 2, 3",
    "SELECT DISTINCT n.nspname, replace(c.relkind::text, 'p', 'r'), pg_get_userbyid(c.relowner), coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(c.relacl) a), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_|information_schema' AND c.relkind IN ('r', 'p', 'S') ORDER BY 1, 2, 3, 4",
    "SELECT DISTINCT n.nspname, pg_get_userbyid(p.proowner), coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(p.proacl) a), '')
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' ORDER BY 1, 2, 3",
    "SELECT DISTINCT pg_get_userbyid(t.typowner), coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(t.typacl) a), '')
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public' AND t.typtype IN ('e', 'd') ORDER BY 1, 2",
    "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil, rolconfig
        FROM pg_roles WHERE rolname LIKE '{service}\\_%' ORDER BY 1",
    "SELECT r.rolname, g.rolname, m.admin_option FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
        WHERE r.rolname LIKE '{service}\\_%' ORDER BY 1, 2",
];

/// Checks that a database, its roles and their privileges are those of a service that was provisioned and never split.
pub(crate) fn as_a_new_one(world: &World, service: &str, database: &str) {
    let made = |service: &str, database: &str, query: &str| {
        let all = world.target().sql(database, &query.replace("{service}", service));
        let text = all.into_iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
        text.replace(&format!("{service}_"), "SERVICE_")
    };
    for query in MADE {
        let (here, new) = (made(service, database, query), made(EXTRA.0, EXTRA.1, query));
        // A service without functions or types of its own has no privileges on them.
        assert!(here == new || here.is_empty(), "{service}\n{query}\n{here}\nand a new one:\n{new}");
    }
}

/// Checks the rows of one service's clients: every acknowledged number exists once, and each of its changes was made once.
/// How many there are.
pub(crate) fn nothing_lost_and_nothing_twice(server: &Server, database: &str, all: &[Written]) -> u64 {
    let service = all[0].service;
    let mut expected: Vec<i64> = all.iter().flat_map(|one| one.first..one.end).collect();
    expected.sort_unstable();
    let table = outbox(service);
    let asked_all = format!(
        "SELECT aggregate_id FROM {table} WHERE aggregate_type = 'client' ORDER BY aggregate_id::bigint"
    );
    let found: Vec<i64> =
        server.sql(database, &asked_all).into_iter().flatten().map(|n| n.parse().unwrap()).collect();
    assert_eq!(found.len(), expected.len(), "{service}: {}", difference(&expected, &found));
    assert_eq!(found, expected, "{service}: {}", difference(&expected, &found));
    // Of its own table the clients have deleted every second row.
    let kept = |one: &Written| {
        let one = *one;
        (one.first..one.end)
            .filter(move |n| n % 2 != 0 || *n >= one.end - 10)
            .map(move |n| (n, i64::from(n < one.end - 3)))
    };
    let mut expected: Vec<(i64, i64)> = all.iter().flat_map(kept).collect();
    expected.sort_unstable();
    let (own, empty) = query(service);
    let number = |text: &String| text.parse::<i64>().unwrap();
    let found: Vec<(i64, i64)> =
        server.sql(database, own).iter().map(|row| (number(&row[0]), number(&row[1]))).collect();
    let other = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(other.is_none(), "{service}: number and marks {:?}", other.unwrap());
    assert_eq!(found.len(), expected.len(), "{service}");
    for query in empty {
        let found = server.sql(database, query);
        assert!(found.is_empty(), "{service}: {query}\n{:?}", &found[..found.len().min(10)]);
    }
    all.iter().map(|one| u64::try_from(one.end - one.first).unwrap()).sum()
}

fn difference(expected: &[i64], found: &[i64]) -> String {
    let count = |n: &i64| found.iter().filter(|one| *one == n).count();
    let lost: Vec<&i64> = expected.iter().filter(|n| found.binary_search(n).is_err()).collect();
    let twice: Vec<&i64> = expected.iter().filter(|n| count(n) > 1).take(20).collect();
    format!("{} lost {:?}, twice {twice:?}", lost.len(), &lost[..lost.len().min(20)])
}

/// The roles of the shared database are still there, and reach no service.
pub(crate) fn old_roles_reach_nothing(world: &World, databases: &[&str]) {
    for database in databases {
        for role in [OWNER, CLIENT] {
            let query = format!(
                "SELECT count(*) FROM pg_roles WHERE rolname = '{role}' AND has_database_privilege(oid, '{database}', 'CONNECT')"
            );
            assert_eq!(world.target().value("postgres", &query), "0", "{role} {database}");
        }
    }
}
