"""Rows in each table before a revision, and what of them is left after it.

Each table gets one row, in which equal types have equal values, so that foreign keys find their row; rows whose row
they do not find are removed. A check gets the first literal that it names.
"""
import json

from postgres import psql

FILL = r"""
CREATE FUNCTION pg_temp.value_of(kind oid, said text) RETURNS text LANGUAGE sql AS $f$
  SELECT CASE
    WHEN t.typtype = 'd' THEN pg_temp.value_of(t.typbasetype, said)
    WHEN t.typtype = 'e' THEN coalesce(said, (SELECT enumlabel FROM pg_enum WHERE enumtypid = kind ORDER BY enumsortorder LIMIT 1))
    WHEN t.typcategory = 'A' THEN '{}' WHEN t.typcategory = 'R' THEN 'empty' WHEN t.typcategory = 'B' THEN 'true'
    WHEN t.typcategory = 'I' THEN '10.0.0.1' WHEN t.typcategory = 'T' THEN '1 day' WHEN t.typcategory = 'G' THEN '(0,0)'
    WHEN t.typname IN ('time', 'timetz') THEN '12:00' WHEN t.typcategory = 'D' THEN '2025-06-01'
    WHEN t.typcategory = 'N' THEN coalesce(substring(said from '^\d+$'), '2') WHEN t.typcategory = 'S' THEN coalesce(said, 'a')
    WHEN t.typname = 'uuid' THEN '00000000-0000-0000-0000-000000000001' WHEN t.typname IN ('json', 'jsonb') THEN '{}'
    WHEN t.typname = 'bytea' THEN '\x61' WHEN t.typname = 'bit' THEN '1' WHEN t.typname = 'varbit' THEN '1' WHEN t.typname = 'xml' THEN '<a/>'
    WHEN t.typname = 'citext' THEN coalesce(said, 'a') WHEN t.typname = 'hstore' THEN 'a=>1' WHEN t.typname = 'tsvector' THEN 'a' END
  FROM pg_type t WHERE t.oid = kind
$f$;
DO $$ DECLARE t record; way integer; names text; given text; k record; BEGIN
  SET session_replication_role = replica;
  FOR t IN SELECT c.oid, c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema)'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LOOP
    FOR way IN 1..4 LOOP
      SELECT string_agg(quote_ident(attname), ', '), string_agg(quote_nullable(pg_temp.value_of(atttypid, said)), ', ') INTO names, given
      FROM (SELECT a.*, (SELECT substring(regexp_replace(pg_get_constraintdef(c.oid), '<>\s*''[^'']*''', '', 'g') from '''([^'']*)''') FROM pg_constraint c
                WHERE c.conrelid = t.oid AND c.contype = 'c' AND a.attnum = ANY (c.conkey) AND way > 1 ORDER BY 1 LIMIT 1) AS said FROM pg_attribute a) a
      WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
        AND (way < 3 OR NOT atthasdef) AND (way < 4 OR attnotnull);
      BEGIN
        EXECUTE CASE WHEN names IS NULL THEN format('INSERT INTO %s DEFAULT VALUES', t.name)
                     ELSE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', t.name, names, given) END;
        EXIT;
      EXCEPTION WHEN OTHERS THEN NULL; END;
    END LOOP;
  END LOOP;
  FOR way IN 1..3 LOOP
    FOR k IN SELECT format('DELETE FROM %s c WHERE ', conrelid::regclass) || string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ')
          || format(' AND NOT EXISTS (SELECT FROM %s p WHERE ', confrelid::regclass) || string_agg(format('p.%I = c.%I', b.attname, a.attname), ' AND ') || ')' AS text
        FROM pg_constraint CROSS JOIN LATERAL unnest(conkey, confkey) u (one, other)
        JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = one JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = other
        WHERE contype = 'f' GROUP BY pg_constraint.oid, conrelid, confrelid LOOP
      -- PostgreSQL 18 refuses it where generated columns are in a published replica identity.
      BEGIN EXECUTE k.text; EXCEPTION WHEN OTHERS THEN NULL; END;
    END LOOP;
  END LOOP;
END $$;
"""

TABLES = """FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'"""
COLUMNS = f"""SELECT json_object_agg(name, types) FROM (SELECT c.oid::regclass::text AS name, coalesce((SELECT json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '{{}}') AS types {TABLES}) x"""
ROWS = f"SELECT format('SELECT json_build_array(%L, coalesce(json_agg(t), ''[]'')) FROM %s t', c.oid::regclass, c.oid::regclass) {TABLES}\n\\gexec\n"


def contents(database):
    """Types of the columns and rows of each table."""
    # Values may have line breaks, so a NUL ends each array.
    types = json.loads(psql(database, COLUMNS, "-At").stdout.strip() or "{}")
    rows = psql(database, ROWS, "-At", "-z", "-0").stdout.split("\0")
    rows = dict(json.loads(one) for one in rows if one.strip())
    return {table: (types[table], rows.get(table, [])) for table in types}


def filled(database):
    """Puts a row into each table, and returns what is in all."""
    done = psql(database, FILL)
    assert not done.returncode, done.stderr
    return contents(database)


def lost(before, after):
    """Tables with fewer rows, and columns of the same type with other values; what does not exist afterwards was dropped by its line."""
    found = []
    for table, (types, rows) in before.items():
        if table not in after:
            continue
        types_now, rows_now = after[table]
        if len(rows) != len(rows_now):
            found.append(f"{table}: {len(rows)} rows, then {len(rows_now)}")
        same = [name for name in types if types_now.get(name) == types[name]]
        values = lambda rows: [{name: row.get(name) for name in same} for row in rows]
        if len(rows) == len(rows_now) and values(rows) != values(rows_now):
            found.append(f"{table}: {values(rows)}, then {values(rows_now)}"[:300])
    return found
