CREATE FUNCTION atomic(x varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN x IN ('a', 'b') THEN true END; SELECT x IN ('a', 'b'); END;
CREATE PROCEDURE atomic_too(x varchar) LANGUAGE sql BEGIN ATOMIC UPDATE many SET other = x WHERE status IN ('a', 'b'); END;
CREATE STATISTICS expressed ON (status IN ('a', 'b')), id FROM many;
CREATE STATISTICS late ON (ARRAY[id, 2]::text[]::int[]::float8[]), id FROM settled;
CREATE FUNCTION late(x int) RETURNS float8[] LANGUAGE sql BEGIN ATOMIC SELECT ARRAY[x, 2]::text[]::int[]::float8[]; END;
