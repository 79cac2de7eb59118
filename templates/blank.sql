-- {{message}}
--
-- Service {{service}}. Runs as the owner, in one transaction with its history row: no SET ROLE or GRANT
-- here. For CREATE INDEX CONCURRENTLY make "-- martydb: no-transaction" the first line.
-- Replace the next line by the SQL; a file with only this line does not run.
-- martydb: unwritten

