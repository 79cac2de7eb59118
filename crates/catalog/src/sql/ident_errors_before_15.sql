-- Lines of pg_ident.conf that the server refuses: before 15 no view shows them. A line needs three fields. The last part
-- compiles the patterns of accounts, and fails as the server does for one that is no regular expression.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'line', l.number, 'error', 'missing entry at end of line') ORDER BY l.number), '[]')::text
FROM pg_catalog.regexp_split_to_table(pg_catalog.pg_read_file(pg_catalog.current_setting('ident_file')), '\r?\n')
  WITH ORDINALITY l (line, number)
WHERE l.line ~ '^\s*[^\s#]' AND l.line !~ '^\s*("(?:[^"]|"")*"|[^\s#"]+)\s+("(?:[^"]|"")*"|[^\s#"]+)\s+("(?:[^"]|"")*"|[^\s#"]+)'
  OR pg_catalog.regexp_match('', pg_catalog.substring(l.line, '^\s*(?:"(?:[^"]|"")*"|[^\s#"]+)\s+"?/((?:[^"\s]|"")*)')) = ARRAY['-']
