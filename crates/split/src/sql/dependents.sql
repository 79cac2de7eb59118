-- Objects that PostgreSQL drops together with the tables of `moved`: kind, name as in remains.sql, and true for a part of a
-- remaining object, which would lose it. What `kept` names is detached before.
, gone (class, oid, part) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, m.oid, 0 FROM moved m
  UNION
    SELECT n.class, n.oid, n.part FROM gone g CROSS JOIN LATERAL (
        SELECT d.classid AS class, d.objid AS oid, d.objsubid AS part FROM pg_catalog.pg_depend d
        WHERE d.refclassid = g.class AND d.refobjid = g.oid AND (g.part = 0 OR d.refobjsubid = g.part) AND d.deptype IN ('n', 'a', 'i')
            AND NOT EXISTS (SELECT FROM kept k WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.refclassid = d.classid AND k.oid = d.objid AND k.of = d.refobjid)
      UNION ALL
        -- A part takes the whole with it, such as the rule of a view.
        SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_catalog.pg_depend d
        WHERE d.classid = g.class AND d.objid = g.oid AND d.objsubid = g.part AND d.deptype IN ('i', 'e')
    ) n
),
-- Relation that an object is a part of; 0 for one that stands on its own.
placed AS (
    SELECT g.class, g.oid, g.part, c.relkind, COALESCE(
        CASE WHEN g.part > 0 THEN c.oid END, (SELECT x.indrelid FROM pg_catalog.pg_index x WHERE x.indexrelid = c.oid),
        (SELECT x.adrelid FROM pg_catalog.pg_attrdef x WHERE g.class = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.conrelid FROM pg_catalog.pg_constraint x WHERE g.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.tgrelid FROM pg_catalog.pg_trigger x WHERE g.class = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.polrelid FROM pg_catalog.pg_policy x WHERE g.class = 'pg_catalog.pg_policy'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.ev_class FROM pg_catalog.pg_rewrite x WHERE g.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.stxrelid FROM pg_catalog.pg_statistic_ext x WHERE g.class = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND x.oid = g.oid),
        (SELECT x.prrelid FROM pg_catalog.pg_publication_rel x WHERE g.class = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass AND x.oid = g.oid),
        0) AS relation
    FROM gone g LEFT JOIN pg_catalog.pg_class c ON g.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = g.oid
),
judged AS (
    SELECT p.*, CASE
        WHEN p.relation <> 0 AND p.relkind = 'c' THEN EXISTS (SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray)
            JOIN pg_catalog.pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p', 'm')
            WHERE t.typrelid = p.oid AND NOT EXISTS (SELECT FROM gone g WHERE g.class = p.class AND g.oid = r.oid AND g.part = 0))
        WHEN p.relation <> 0 THEN NOT EXISTS (SELECT FROM gone g
            WHERE g.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND g.oid = p.relation AND g.part = 0)
        ELSE p.relkind IN ('r', 'p', 'f') AND NOT EXISTS (SELECT FROM moved m WHERE m.oid = p.oid)
            OR p.class IN ('pg_catalog.pg_event_trigger'::pg_catalog.regclass, 'pg_catalog.pg_extension'::pg_catalog.regclass)
    END IS TRUE AS stays
    FROM placed p
)
SELECT CASE WHEN j.stays THEN '' WHEN j.relkind = 'v' THEN 'view' WHEN j.relkind = 'm' THEN 'materialized view'
        ELSE CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE i.type END END,
    CASE WHEN j.stays THEN pg_catalog.pg_describe_object(j.class, j.oid, j.part)
        WHEN p.oid IS NOT NULL THEN pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
        ELSE i.identity END AS name, j.stays
FROM judged j CROSS JOIN LATERAL pg_catalog.pg_identify_object(j.class, j.oid, j.part) i
LEFT JOIN pg_catalog.pg_proc p ON j.class = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = j.oid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE j.stays OR j.relkind IN ('v', 'm')
    OR j.class IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_cast'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
        'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_transform'::pg_catalog.regclass)
    OR j.class = 'pg_catalog.pg_type'::pg_catalog.regclass AND i.type = 'domain'
    OR j.class = 'pg_catalog.pg_type'::pg_catalog.regclass
        AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = j.oid AND t.typtype IN ('d', 'r'))
ORDER BY 1, 2
