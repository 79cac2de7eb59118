-- Columns whose default calls a volatile function, so that ADD COLUMN computes it for each row. Dependencies on built-in
-- functions are not recorded: the functions are read from the expression.
SELECT pg_catalog.format('1259/%s/%s', d.adrelid, d.adnum) FROM pg_catalog.pg_attrdef d
WHERE EXISTS (SELECT FROM pg_catalog.regexp_matches(d.adbin::pg_catalog.text, ':(?:op)?funcid (\d+)', 'g') m (ids)
              JOIN pg_catalog.pg_proc p ON p.oid = m.ids[1]::pg_catalog.oid WHERE p.provolatile = 'v')
