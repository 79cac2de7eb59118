-- How each login's password is stored, for a comparison with the store: a digest, so no verifier leaves the server.
-- Only for admins that may read pg_authid. Digests are taken of bytes, and every verifier is ASCII.
-- A login may give itself a verifier of any length: a salt that was cut matches no password.
SELECT 'kept', pg_catalog.jsonb_build_object('name', a.rolname,
  'digest', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(a.rolpassword, 'SQL_ASCII')), 'hex'),
  'salt', pg_catalog.substring(k.head, '^SCRAM-SHA-256\$[0-9]+:([^$]*)(?:\$|$)'),
  'rounds', pg_catalog.substring(k.head, '^SCRAM-SHA-256\$([0-9]{1,9}):')::int)::text
FROM pg_catalog.pg_authid a CROSS JOIN LATERAL (SELECT pg_catalog.left(a.rolpassword, 1000) AS head) k
WHERE a.rolcanlogin
