-- State of a split in the shared database. Services have no privileges there; the trigger's function needs none.
CREATE TABLE IF NOT EXISTS martydb_split.run (
    one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one),
    id pg_catalog.text NOT NULL,
    map_hash pg_catalog.text NOT NULL,
    online pg_catalog.bool NOT NULL,
    started pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE IF NOT EXISTS martydb_split.service (
    name pg_catalog.text PRIMARY KEY,
    server pg_catalog.text NOT NULL,
    database pg_catalog.text NOT NULL,
    phase pg_catalog.text NOT NULL DEFAULT 'planned',
    -- A command that was begun and did not finish: the next one continues it.
    wanted pg_catalog.text,
    -- True if the tables at the source accept no writes.
    closed pg_catalog.bool NOT NULL DEFAULT false,
    -- Its slots and publications have the same names; null if there are none.
    forward_slot pg_catalog.text,
    forward_from pg_catalog.pg_lsn,
    reverse_slot pg_catalog.text,
    reverse_from pg_catalog.pg_lsn,
    changed pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE IF NOT EXISTS martydb_split.relation (
    service pg_catalog.text NOT NULL REFERENCES martydb_split.service ON DELETE CASCADE,
    schema pg_catalog.text NOT NULL,
    name pg_catalog.text NOT NULL,
    oid pg_catalog.oid NOT NULL,
    -- table, partitioned, or sequence.
    kind pg_catalog.text NOT NULL,
    -- The service that has the table, if this is a copy.
    copy_of pg_catalog.text,
    -- The file when it was first read: its parts are ranges of these pages.
    storage pg_catalog.int8 NOT NULL DEFAULT 0,
    pages pg_catalog.int8 NOT NULL DEFAULT 0,
    parts pg_catalog.int4 NOT NULL DEFAULT 1,
    bytes pg_catalog.int8 NOT NULL DEFAULT 0,
    fingerprint pg_catalog.text,
    PRIMARY KEY (service, schema, name)
);
-- Changes at the source that must be undone.
CREATE TABLE IF NOT EXISTS martydb_split.note (
    service pg_catalog.text NOT NULL,
    kind pg_catalog.text NOT NULL,
    name pg_catalog.text NOT NULL,
    definition pg_catalog.text NOT NULL,
    PRIMARY KEY (service, kind, name)
);
CREATE OR REPLACE FUNCTION martydb_split.closed() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF session_user = TG_ARGV[1] THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'table %.% has moved: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = '25006', HINT = TG_ARGV[0];
END
$$;
