-- Columns of newer majors are read by name, so that older ones have the query too. Below 16384 are the server's own objects.
SELECT count(DISTINCT (kind, text)) FROM (
    SELECT 'default', pg_get_expr(adbin, adrelid) FROM pg_attrdef
    UNION ALL SELECT 'domain', typdefault FROM pg_type WHERE oid >= 16384 AND typtype = 'd'
    UNION ALL SELECT 'constraint', pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384 AND contype IN ('c', 'x')
    UNION ALL SELECT 'index', pg_get_expr(indexprs, indrelid) FROM pg_index WHERE indexrelid >= 16384
    UNION ALL SELECT 'index', pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid >= 16384
    UNION ALL SELECT 'key', pg_get_expr(partexprs, partrelid) FROM pg_partitioned_table
    UNION ALL SELECT 'bound', pg_get_expr(relpartbound, oid) FROM pg_class WHERE relispartition
    UNION ALL SELECT 'view', pg_get_viewdef(oid) FROM pg_class WHERE oid >= 16384 AND relkind IN ('v', 'm')
    UNION ALL SELECT 'rule', pg_get_ruledef(oid) FROM pg_rewrite WHERE oid >= 16384 AND rulename <> '_RETURN'
    UNION ALL SELECT 'policy', pg_get_expr(polqual, polrelid) FROM pg_policy
    UNION ALL SELECT 'policy', pg_get_expr(polwithcheck, polrelid) FROM pg_policy
    UNION ALL SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE tgqual IS NOT NULL
    UNION ALL SELECT 'statistics', pg_get_statisticsobjdef(oid) FROM pg_statistic_ext s WHERE to_jsonb(s) ->> 'stxexprs' IS NOT NULL
    UNION ALL SELECT 'routine', pg_get_functiondef(oid) FROM pg_proc p
        WHERE oid >= 16384 AND prokind <> 'a' AND (proargdefaults IS NOT NULL OR to_jsonb(p) ->> 'prosqlbody' IS NOT NULL)
) printed (kind, text) WHERE text IS NOT NULL
