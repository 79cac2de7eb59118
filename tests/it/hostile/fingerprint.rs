//! Facts of the server apart from rows of red: roles, memberships, databases, settings, owners, and all of blue.

use std::collections::BTreeMap;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};

use super::support::Allowed;
use crate::support::{ADMIN_PASSWORD, Server};

const SHARED: &str = "
  SELECT 'role ' || a.rolname, (to_jsonb(a) - 'rolpassword')::text FROM pg_authid a
  UNION ALL SELECT 'password ' || a.rolname, a.rolpassword FROM pg_authid a
  UNION ALL SELECT format('membership %s of %s by %s', m.member::regrole, m.roleid::regrole, m.grantor::regrole),
    (to_jsonb(m) - 'oid')::text FROM pg_auth_members m
  UNION ALL SELECT 'database ' || d.datname, (to_jsonb(d) - 'datfrozenxid' - 'datminmxid' - 'datacl')::text FROM pg_database d
  UNION ALL SELECT 'acl of database ' || d.datname, d.datacl::text FROM pg_database d
  UNION ALL SELECT format('setting %s@%s', coalesce(r.rolname, ''), coalesce(d.datname, '')), s.setconfig::text
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
  UNION ALL SELECT 'tablespace ' || t.spcname, to_jsonb(t)::text FROM pg_tablespace t";

const OWNERS: &str = "
  SELECT format('%s %s', o.class, o.oid), (r.rolname || CASE WHEN r.rolsuper THEN ' (superuser)' ELSE '' END),
    pg_describe_object(o.class, o.oid, 0)
  FROM (
    SELECT tableoid AS class, oid, relowner AS owner FROM pg_class
    UNION ALL SELECT tableoid, oid, proowner FROM pg_proc UNION ALL SELECT tableoid, oid, typowner FROM pg_type
    UNION ALL SELECT tableoid, oid, nspowner FROM pg_namespace UNION ALL SELECT tableoid, oid, oprowner FROM pg_operator
    UNION ALL SELECT tableoid, oid, opcowner FROM pg_opclass UNION ALL SELECT tableoid, oid, opfowner FROM pg_opfamily
    UNION ALL SELECT tableoid, oid, collowner FROM pg_collation UNION ALL SELECT tableoid, oid, conowner FROM pg_conversion
    UNION ALL SELECT tableoid, oid, dictowner FROM pg_ts_dict UNION ALL SELECT tableoid, oid, cfgowner FROM pg_ts_config
    UNION ALL SELECT tableoid, oid, stxowner FROM pg_statistic_ext UNION ALL SELECT tableoid, oid, extowner FROM pg_extension
    UNION ALL SELECT tableoid, oid, pubowner FROM pg_publication UNION ALL SELECT tableoid, oid, srvowner FROM pg_foreign_server
    UNION ALL SELECT tableoid, oid, fdwowner FROM pg_foreign_data_wrapper
    UNION ALL SELECT tableoid, oid, evtowner FROM pg_event_trigger UNION ALL SELECT tableoid, oid, lanowner FROM pg_language
    UNION ALL SELECT 'pg_largeobject'::regclass, oid, lomowner FROM pg_largeobject_metadata) o
  JOIN pg_roles r ON r.oid = o.owner WHERE o.oid >= 16384";

const BLUE: &str = "
  SELECT 'blue rows', (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.id) FROM public.item i)::text
  UNION ALL SELECT 'blue history', (SELECT jsonb_agg(to_jsonb(h) ORDER BY h.id) FROM martydb.history h)::text
  UNION ALL SELECT 'blue object ' || c.oid::regclass, (to_jsonb(c) - 'relpages' - 'reltuples' - 'relfrozenxid' - 'relminmxid'
    - 'relallvisible' - 'relallfrozen')::text FROM pg_class c WHERE c.oid >= 16384
    AND c.relnamespace IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname <> 'red_place')
  UNION ALL SELECT 'blue function ' || p.oid::regprocedure, to_jsonb(p)::text FROM pg_proc p WHERE p.oid >= 16384
    AND p.pronamespace IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname <> 'red_place')
  UNION ALL SELECT 'blue schema ' || n.nspname, to_jsonb(n)::text FROM pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp'";

/// Runs SQL as the superuser without giving the database's own code a chance.
pub(crate) fn ask(server: &Server, database: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let guard: &[(&str, &str)] = if server.major() >= 17 { &[("event_triggers", "off")] } else { &[] };
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(server.port)
        .username("postgres")
        .password(ADMIN_PASSWORD)
        .database(database)
        .ssl_mode(sqlx::postgres::PgSslMode::Disable)
        .options([("search_path", "pg_catalog"), ("row_security", "off"), ("role", "none")])
        .options(guard.iter().copied())
        .disable_statement_logging();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = options.connect().await.map_err(|error| error.to_string())?;
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        Ok(rows.map_err(|error| error.to_string())?.iter().map(texts).collect())
    })
}

fn texts(row: &PgRow) -> Vec<String> {
    let text = |at| row.try_get_unchecked::<Option<String>, _>(at).unwrap().unwrap_or_default();
    (0..row.columns().len()).map(text).collect()
}

/// A server at one moment.
pub(crate) struct Fingerprint {
    /// Facts by their keys.
    facts: BTreeMap<String, String>,
    /// Database and object → owner and description.
    owners: BTreeMap<(String, String), (String, String)>,
}

impl Fingerprint {
    /// Looks.
    pub(crate) fn take(server: &Server) -> Fingerprint {
        let mut facts: BTreeMap<String, String> = pairs(ask(server, "postgres", SHARED).unwrap());
        let file = std::fs::read_to_string(server.data().join("postgresql.auto.conf")).unwrap_or_default();
        facts.insert("postgresql.auto.conf".into(), file);
        let open = "SELECT datname FROM pg_database WHERE datallowconn AND datname !~ 'scratch' ORDER BY 1";
        let databases: Vec<String> = ask(server, "postgres", open).unwrap().into_iter().flatten().collect();
        if databases.iter().any(|name| name == "blue_db") {
            facts.extend(pairs(ask(server, "blue_db", BLUE).unwrap()));
        }
        let mut owners = BTreeMap::new();
        for database in databases {
            for row in ask(server, &database, OWNERS).unwrap() {
                owners.insert((database.clone(), row[0].clone()), (row[1].clone(), row[2].clone()));
            }
        }
        Fingerprint { facts, owners }
    }

    /// Demands that nothing but what may has changed, and that no object came to a superuser.
    pub(crate) fn compare(&self, after: &Fingerprint, may: Allowed, said: &str) {
        let changed: Vec<String> = self.changes(after, may).chain(self.taken(after, may)).collect();
        assert!(changed.is_empty(), "{changed:#?}\n{said}");
    }

    fn changes<'a>(&'a self, after: &'a Fingerprint, may: Allowed) -> impl Iterator<Item = String> + 'a {
        let keys = self.facts.keys().chain(after.facts.keys().filter(|key| !self.facts.contains_key(*key)));
        let differs = |key: &&String| self.facts.get(*key) != after.facts.get(*key);
        let allowed = move |key: &&String| !may.change.iter().any(|prefix| key.starts_with(prefix));
        let shown = |value: Option<&String>| {
            value.map_or("-".into(), |text| text.chars().take(200).collect::<String>())
        };
        let line = move |key: &String| {
            format!("{key}: {} → {}", shown(self.facts.get(key)), shown(after.facts.get(key)))
        };
        // A power that a role has not had is never a documented change of any command.
        let powers = after.facts.iter().filter(|(key, now)| {
            let power = |text: &str| POWERS.iter().filter(|one| text.contains(*one)).count();
            key.starts_with("role ") && power(now) > self.facts.get(*key).map_or(0, |then| power(then))
        });
        let gained = powers.map(|(key, now)| format!("more power: {key}: {now}"));
        keys.filter(differs).filter(allowed).map(line).chain(gained)
    }

    fn taken<'a>(&'a self, after: &'a Fingerprint, may: Allowed) -> impl Iterator<Item = String> + 'a {
        let gained = move |key: &(String, String), owner: &str| {
            let before = self.owners.get(key).map(|(owner, _)| owner.as_str());
            match before {
                None => owner.ends_with(SUPERUSER) && !may.install,
                Some(before) => owner != before && owner.ends_with(SUPERUSER),
            }
        };
        let gained = after.owners.iter().filter(move |(key, (owner, _))| gained(key, owner));
        gained.map(|((database, _), (owner, what))| format!("{what} in {database} belongs to {owner} now"))
    }
}

const SUPERUSER: &str = " (superuser)";

const POWERS: &[&str] = &[
    r#""rolsuper": true"#, r#""rolcreaterole": true"#, r#""rolcreatedb": true"#, r#""rolreplication": true"#,
    r#""rolbypassrls": true"#,
];

fn pairs(rows: Vec<Vec<String>>) -> BTreeMap<String, String> {
    rows.into_iter().map(|mut row| (row.remove(0), row.remove(0))).collect()
}
