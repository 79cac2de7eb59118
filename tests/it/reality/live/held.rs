//! Contents of a database without owners and privileges.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::database::Database;
use crate::support::{ADMIN_PASSWORD, Server, bin, built_elsewhere, reads};

/// Definitions as the server writes them, without owners and privileges.
const OBJECTS: &str = "
  SELECT 'column ' || attrelid::regclass || '.' || attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity,
      attgenerated, attstattarget, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
    WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped
  UNION ALL SELECT 'relation ' || oid::regclass, concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity,
      relispopulated, reloptions, relhasrules, relhastriggers, pg_get_expr(relpartbound, oid), obj_description(oid, 'pg_class'))
    FROM pg_class WHERE oid >= 16384
  UNION ALL SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid) || indisvalid FROM pg_index WHERE indexrelid >= 16384
  UNION ALL SELECT 'rule ' || ev_class::regclass || '.' || rulename, pg_get_ruledef(oid) FROM pg_rewrite WHERE oid >= 16384
  UNION ALL SELECT 'trigger ' || oid, concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger
  UNION ALL SELECT 'constraint ' || oid, pg_get_constraintdef(oid) || convalidated FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT 'function ' || oid::regprocedure, CASE prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_functiondef(oid) END
    FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT 'statistics ' || oid, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
  UNION ALL SELECT 'policy ' || oid, concat_ws(' ', polname, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy
  UNION ALL SELECT 'type ' || oid::regtype, typtype::text FROM pg_type WHERE oid >= 16384
  UNION ALL SELECT 'event trigger ' || evtname, concat(evtevent, evtenabled) FROM pg_event_trigger
  UNION ALL SELECT 'publication ' || pubname, concat_ws(' ', puballtables, pubinsert, (SELECT string_agg(tablename, ',')
      FROM pg_publication_tables t WHERE t.pubname = p.pubname)) FROM pg_publication p
  UNION ALL SELECT 'extension ' || extname, concat(extversion, extnamespace::regnamespace) FROM pg_extension
  UNION ALL SELECT 'schema ' || nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE oid >= 16384
  UNION ALL SELECT 'large object ' || oid, md5(lo_get(oid)) FROM pg_largeobject_metadata";

#[derive(PartialEq, Eq)]
pub(crate) struct Held {
    /// Every definition, by kind and name.
    objects: BTreeMap<String, String>,
    /// A digest of the rows of each table.
    rows: BTreeMap<String, String>,
    /// `None` where the server's `pg_dump` is not installed.
    dump: Option<Vec<String>>,
    sequences: BTreeMap<String, i64>,
}

pub(crate) fn read(server: &Server, database: &Database) -> Held {
    let name = &database.name;
    let digest = |table: &String| {
        let sql = format!(
            "SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM ONLY {table} t"
        );
        (table.clone(), server.value(name, &sql))
    };
    let tables = server.sql(
        name,
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_(toast|temp|catalog)' AND n.nspname <> 'information_schema'
           AND n.nspname <> 'martydb' AND c.relname <> 'live_written'",
    );
    let sequences = server.sql(
        name,
        "SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_sequences WHERE schemaname <> 'martydb'",
    );
    Held {
        objects: server
            .sql(name, OBJECTS)
            .into_iter()
            .map(|mut row| (row.swap_remove(0), row.pop().unwrap()))
            .collect(),
        rows: tables.iter().flatten().map(digest).collect(),
        dump: dump(server, name),
        sequences: sequences.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect(),
    }
}

/// Rows in the order of their text: the order on disk is not stable. Sequences are compared by themselves.
fn dump(server: &Server, database: &str) -> Option<Vec<String>> {
    let program = [bin().join("pg_dump"), PathBuf::from("pg_dump")]
        .into_iter()
        .find(|path| reads(path, server.major()));
    assert!(program.is_some() || built_elsewhere(), "the system's server comes with pg_dump");
    let mut command = Command::new(program?);
    command.args([
        "-h",
        "127.0.0.1",
        "-p",
        &server.port.to_string(),
        "-U",
        "postgres",
        "-O",
        "-x",
        "-d",
        database,
    ]);
    command.args(["--exclude-schema=martydb", "--exclude-table-data=*.live_written"]);
    let done = command.env("PGPASSWORD", ADMIN_PASSWORD).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let (mut lines, mut rows, mut copying) = (vec![], vec![], false);
    for line in text.lines().filter(|line| {
        !line.contains("setval(") && !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")
    }) {
        if line == "\\." {
            rows.sort();
            lines.append(&mut rows);
            copying = false;
        }
        if copying {
            rows.push(line.to_owned())
        } else {
            lines.push(line.to_owned())
        }
        copying |= line.starts_with("COPY ") && line.ends_with("FROM stdin;");
    }
    Some(lines)
}

impl Held {
    pub(crate) fn expect_equal(&self, after: &Held, database: &str) {
        for (key, before) in &self.objects {
            assert_eq!(Some(before), after.objects.get(key), "{database}: {key}");
        }
        assert_eq!(self.objects.len(), after.objects.len(), "{database}");
        assert!(self.rows.len() > 3, "{database}");
        assert_eq!(self.rows, after.rows, "{database}");
        let lost =
            |(name, value): &(&String, &i64)| after.sequences.get(*name).is_none_or(|after| after < *value);
        assert_eq!(self.sequences.iter().filter(lost).collect::<Vec<_>>(), [], "{database}");
        assert_eq!(self.sequences.len(), after.sequences.len(), "{database}");
        let (Some(before), Some(after)) = (&self.dump, &after.dump) else { return };
        if let Some(at) = (0..before.len().max(after.len())).find(|at| before.get(*at) != after.get(*at)) {
            panic!("{database}: line {at}: {:?} became {:?}", before.get(at), after.get(at));
        }
    }
}
