-- {{message}}
--
-- Service {{service}}. Runs as the owner, in one transaction with its history row: no BEGIN, COMMIT,
-- SET ROLE or GRANT here. For CREATE INDEX CONCURRENTLY make "-- martydb: no-transaction" the first line.

