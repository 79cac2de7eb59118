-- Texts in one database that a login other than their owner can read, as rows of section and item: what may hold a
-- password in clear text. One SELECT for each place: the words before the object's name, the object, the text, its
-- form, and the one role that can read it (NULL: every login that may connect).
-- A parsed expression or query (tree) is read as the server keeps it: printing it would lock the relations that it
-- names, call output functions, and take as long as the service likes. Its constants are taken out of it as lists of
-- bytes. The same holds for the arguments of triggers (hex).
WITH
place AS (
  SELECT '' AS words, 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS class, p.oid, 0 AS sub, p.prosrc AS text, 'text' AS form, NULL::name AS reader
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384
  UNION ALL
  SELECT '', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, pg_catalog.to_jsonb(p) ->> 'prosqlbody', 'tree', NULL
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND CASE WHEN p.prolang = 14 THEN pg_catalog.octet_length(p.prosrc) = 0 ELSE false END
  UNION ALL
  SELECT 'the defaults of ', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, p.proargdefaults::text, 'tree', NULL
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.proargdefaults IS NOT NULL
  UNION ALL
  SELECT 'the settings of ', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, setting, 'text', NULL
  FROM pg_catalog.pg_proc p CROSS JOIN LATERAL pg_catalog.unnest(p.proconfig) setting WHERE p.oid >= 16384
  UNION ALL
  SELECT '', CASE r.rulename WHEN '_RETURN' THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE 'pg_catalog.pg_rewrite'::pg_catalog.regclass END,
    CASE r.rulename WHEN '_RETURN' THEN r.ev_class ELSE r.oid END, 0, r.ev_action::text || r.ev_qual::text, 'tree', NULL
  FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384
  UNION ALL
  SELECT 'the ', 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, 0, d.adbin::text, 'tree', NULL FROM pg_catalog.pg_attrdef d
  UNION ALL
  SELECT 'the ', 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, 0, c.conbin::text, 'tree', NULL
  FROM pg_catalog.pg_constraint c WHERE c.oid >= 16384 AND c.conbin IS NOT NULL
  UNION ALL
  SELECT 'the arguments of ', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0, pg_catalog.encode(t.tgargs, 'hex'), 'hex', NULL
  FROM pg_catalog.pg_trigger t WHERE t.tgnargs > 0 AND NOT t.tgisinternal AND pg_catalog.octet_length(t.tgargs) < 100000000
  UNION ALL
  SELECT 'the condition of ', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0, t.tgqual::text, 'tree', NULL
  FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL
  UNION ALL
  SELECT 'the ', 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0, coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, ''), 'tree', NULL
  FROM pg_catalog.pg_policy p
  UNION ALL
  SELECT 'the expressions of ', 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 0, coalesce(i.indexprs::text, '') || coalesce(i.indpred::text, ''), 'tree', NULL
  FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  UNION ALL
  SELECT 'the bounds of ', 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0, c.relpartbound::text, 'tree', NULL
  FROM pg_catalog.pg_class c WHERE c.relpartbound IS NOT NULL
  UNION ALL
  SELECT 'the default of ', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, t.typdefault, 'text', NULL
  FROM pg_catalog.pg_type t WHERE t.oid >= 16384 AND t.typdefault IS NOT NULL
  UNION ALL
  SELECT 'a value of ', 'pg_catalog.pg_type'::pg_catalog.regclass, e.enumtypid, 0, e.enumlabel::text, 'text', NULL FROM pg_catalog.pg_enum e
  UNION ALL
  SELECT 'the expressions of ', 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0, pg_catalog.to_jsonb(s) ->> 'stxexprs', 'tree', NULL
  FROM pg_catalog.pg_statistic_ext s
  UNION ALL
  SELECT 'the condition of ', 'pg_catalog.pg_publication_rel'::pg_catalog.regclass, p.oid, 0, pg_catalog.to_jsonb(p) ->> 'prqual', 'tree', NULL
  FROM pg_catalog.pg_publication_rel p
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, 0, d.dictinitoption, 'text', NULL
  FROM pg_catalog.pg_ts_dict d WHERE d.oid >= 16384 AND d.dictinitoption IS NOT NULL
  UNION ALL
  -- initdb makes the schema public, and its comment is the service's.
  SELECT 'the comment on ', d.classoid, d.objoid, d.objsubid, d.description, 'text', NULL FROM pg_catalog.pg_description d
  WHERE d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
  UNION ALL
  SELECT 'the security label of ', l.classoid, l.objoid, l.objsubid, l.label, 'text', NULL FROM pg_catalog.pg_seclabel l
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, pg_catalog.array_to_string(w.fdwoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_data_wrapper w
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, pg_catalog.array_to_string(s.srvoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_server s
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_class'::pg_catalog.regclass, t.ftrelid, 0, pg_catalog.array_to_string(t.ftoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_table t
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum::int, pg_catalog.array_to_string(a.attfdwoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.ftrelid WHERE a.attfdwoptions IS NOT NULL
  UNION ALL
  -- The view hides the options from who may not read them; one for PUBLIC is read by every role that may use its server.
  SELECT 'the options of ', 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, u.umid, 0, pg_catalog.array_to_string(u.umoptions, ' '), 'text',
    CASE WHEN u.umuser <> 0 THEN u.usename END
  FROM pg_catalog.pg_user_mappings u),
-- Short ones first: of a text the first 262,144 characters are read and of a tree the first million, of all together
-- 16 MB, where a tree counts as a quarter: most of it are numbers. By-value constants hold no text.
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
-- What is beyond that, by owner.
SELECT 'text', pg_catalog.jsonb_build_object(
  'object', 'others', 'form', 'text', 'reader', NULL, 'text', '', 'texts', x.texts, 'left_out', x.bytes, 'owner', x.owner)::text
FROM (
  SELECT pg_catalog.count(*) AS texts, pg_catalog.sum(m.bytes) AS bytes, pg_catalog.pg_get_userbyid(d.refobjid) AS owner
  FROM chosen m LEFT JOIN pg_catalog.pg_shdepend d
    ON d.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND d.classid = m.class AND d.objid = m.oid AND d.objsubid = 0 AND d.deptype = 'o'
  WHERE NOT m.read GROUP BY d.refobjid) x
