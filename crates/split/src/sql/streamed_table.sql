-- A table in the form that the apply of a stream needs, as one document. The index defines the operator by which a
-- column's values are equal. Within a transaction, several rows may have the same values of a deferrable key.
SELECT pg_catalog.json_build_object(
    'kind', c.relkind::pg_catalog.text,
    'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname, 'generated', a.attgenerated <> '', 'type_number', a.atttypid::pg_catalog.int8, 'modifier', a.atttypmod,
            'words', pg_catalog.format_type(a.atttypid, a.atttypmod), 'operator', o.operator,
            'plain', a.atttypid IN (16, 17, 20, 21, 23, 25, 1043, 1082, 1114, 1184, 1700, 2950)) ORDER BY a.attnum), '[]')
        FROM pg_catalog.pg_attribute a
        LEFT JOIN LATERAL (
            SELECT pg_catalog.format('OPERATOR(%I.%s)', n.nspname, op.oprname) AS operator
            FROM pg_catalog.pg_index i
            CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::pg_catalog.int2[]), pg_catalog.unnest(i.indclass::pg_catalog.oid[])) k (attnum, class)
            JOIN pg_catalog.pg_opclass oc ON oc.oid = k.class
            JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
            JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
                AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
            JOIN pg_catalog.pg_operator op ON op.oid = ao.amopopr
            JOIN pg_catalog.pg_namespace n ON n.oid = op.oprnamespace
            WHERE i.indrelid = a.attrelid AND k.attnum = a.attnum
            ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) o ON true
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'key', (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY k.number), '[]')
        FROM pg_catalog.pg_index i
        CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k (attnum, number)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary AND i.indimmediate AND k.number <= i.indnkeyatts)
    )::pg_catalog.text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
