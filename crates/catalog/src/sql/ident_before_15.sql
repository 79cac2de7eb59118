-- Lines of pg_ident.conf, as the file is now: before 15 no view shows them, so the file itself is read. A
-- quoted name may contain blanks; a # begins a comment.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'line', t.number, 'map', t.name[1], 'system', t.name[2], 'role', t.name[3]) ORDER BY t.number), '[]')::text
FROM (
  SELECT l.number, ARRAY(
    SELECT CASE WHEN w.word ~ '^"' THEN pg_catalog.replace(pg_catalog.substring(w.word, '^"(.*)"$'), '""', '"') ELSE w.word END
    FROM pg_catalog.unnest(m.words) WITH ORDINALITY w (word, place) ORDER BY w.place) AS name
  FROM pg_catalog.regexp_split_to_table(pg_catalog.pg_read_file(pg_catalog.current_setting('ident_file')), '\r?\n')
    WITH ORDINALITY l (line, number)
  CROSS JOIN LATERAL pg_catalog.regexp_matches(l.line,
    '^\s*("(?:[^"]|"")*"|[^\s#"]+)\s+("(?:[^"]|"")*"|[^\s#"]+)\s+("(?:[^"]|"")*"|[^\s#"]+)') m (words)) t
