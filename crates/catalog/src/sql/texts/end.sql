),
-- Short texts first: at most 262,144 characters of a text, a million of a tree, and 16 MB of all together,
-- where a tree counts as a quarter because most of it is numbers. By-value constants contain no text.
measured AS (
  SELECT t.*, pg_catalog.octet_length(t.text) AS bytes, CASE t.form WHEN 'text' THEN 262144 WHEN 'hex' THEN 524288 ELSE 1000000 END AS cap
  FROM place t
  WHERE CASE WHEN t.form <> 'tree' THEN pg_catalog.octet_length(t.text) >= 8
    WHEN pg_catalog.octet_length(t.text) > 1000000 THEN true
    ELSE t.text ~ ':constvalue [1-9][0-9]+ ' END),
chosen AS (
  SELECT m.*, pg_catalog.row_number() OVER shortest <= 50000
      AND pg_catalog.sum(least(m.bytes, m.cap) / CASE m.form WHEN 'text' THEN 1 ELSE 4 END) OVER shortest <= 16777216 AS read
  FROM measured m
  WINDOW shortest AS (ORDER BY m.bytes, m.class, m.oid, m.sub, m.words ROWS UNBOUNDED PRECEDING)),
headed AS (
  SELECT c.*, CASE WHEN c.form <> 'tree' THEN pg_catalog.left(c.text, c.cap) ELSE coalesce((
      SELECT pg_catalog.string_agg(pg_catalog.split_part(u.piece, ']', 1), ';')
      FROM (SELECT pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.left(c.text, c.cap), ':constvalue ')) AS piece OFFSET 0) u
      WHERE u.piece ~ '^[1-9][0-9]+ \['), '') END AS head
  FROM chosen c WHERE c.read OFFSET 0)
SELECT 'text', pg_catalog.jsonb_build_object(
  'object', h.words || pg_catalog.pg_describe_object(h.class, h.oid, h.sub), 'form', h.form, 'reader', h.reader,
  'text', h.head, 'texts', 1, 'left_out', x.left_out, 'owner', CASE WHEN x.left_out > 0 THEN (
    SELECT pg_catalog.pg_get_userbyid(d.refobjid) FROM pg_catalog.pg_shdepend d
    WHERE d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND d.classid = h.class AND d.objid = h.oid AND d.objsubid = 0 AND d.deptype = 'o') END)::text
FROM headed h CROSS JOIN LATERAL (
  SELECT CASE WHEN h.form = 'tree' AND h.bytes <= h.cap THEN 0 WHEN h.form = 'tree' THEN h.bytes - h.cap ELSE h.bytes - pg_catalog.octet_length(h.head) END AS left_out) x
WHERE h.head ~ '[^ ]{8}' OR h.form = 'tree' AND h.head <> '' OR x.left_out > 0
UNION ALL
-- The texts beyond that, by owner.
SELECT 'text', pg_catalog.jsonb_build_object(
  'object', 'others', 'form', 'text', 'reader', NULL, 'text', '', 'texts', x.texts, 'left_out', x.bytes, 'owner', x.owner)::text
FROM (
  SELECT pg_catalog.count(*) AS texts, pg_catalog.sum(m.bytes) AS bytes, pg_catalog.pg_get_userbyid(d.refobjid) AS owner
  FROM chosen m LEFT JOIN pg_catalog.pg_shdepend d
    ON d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND d.classid = m.class AND d.objid = m.oid AND d.objsubid = 0 AND d.deptype = 'o'
  WHERE NOT m.read GROUP BY d.refobjid) x
UNION ALL
-- Copies of the server's verifiers keep the names of their columns.
SELECT 'copy', pg_catalog.jsonb_build_object(
  'table', pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0),
  'readers', (SELECT pg_catalog.jsonb_agg(DISTINCT CASE WHEN r.reader <> 0 THEN pg_catalog.pg_get_userbyid(r.reader) END)
    FROM (SELECT c.relowner AS reader
      UNION ALL
      SELECT x.grantee FROM pg_catalog.aclexplode(c.relacl) x WHERE x.privilege_type = 'SELECT'
      UNION ALL
      SELECT x.grantee FROM pg_catalog.aclexplode(a.attacl) x WHERE x.privilege_type = 'SELECT') r))::text
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_attribute b ON b.attrelid = a.attrelid AND NOT b.attisdropped
  AND b.attname = CASE a.attname WHEN 'rolpassword' THEN 'rolname' ELSE 'usename' END
WHERE a.attrelid >= 16384 AND a.attname IN ('rolpassword', 'passwd') AND NOT a.attisdropped AND c.relkind IN ('r', 'm')
  AND pg_catalog.pg_relation_size(c.oid, 'main') > 0
