-- State of a split in the database of a service; its owner owns the state.
CREATE TABLE IF NOT EXISTS martydb_split.run (
    one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one),
    id pg_catalog.text NOT NULL
);
-- Loaded part of a table: recorded in the transaction of its rows.
CREATE TABLE IF NOT EXISTS martydb_split.loaded (
    schema pg_catalog.text NOT NULL,
    name pg_catalog.text NOT NULL,
    part pg_catalog.int4 NOT NULL,
    rows pg_catalog.int8 NOT NULL DEFAULT 0,
    bytes pg_catalog.int8 NOT NULL DEFAULT 0,
    PRIMARY KEY (schema, name, part)
);
-- Objects that were dropped for the copy, and are restored after it (stage load), or when the database is opened (stage
-- opening).
CREATE TABLE IF NOT EXISTS martydb_split.deferred (
    id pg_catalog.int4 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    stage pg_catalog.text NOT NULL,
    -- Lower ranks first; those of one rank need not wait for each other.
    rank pg_catalog.int4 NOT NULL,
    relation pg_catalog.text NOT NULL,
    kind pg_catalog.text NOT NULL,
    name pg_catalog.text NOT NULL,
    definition pg_catalog.text NOT NULL,
    done pg_catalog.bool NOT NULL DEFAULT false
);
-- LSN up to which a stream was applied, written in each applied transaction.
CREATE TABLE IF NOT EXISTS martydb_split.position (
    direction pg_catalog.text PRIMARY KEY,
    lsn pg_catalog.pg_lsn NOT NULL
);
-- Has a row from the moment at which writes belong here; the rollback deletes it.
CREATE TABLE IF NOT EXISTS martydb_split.opened (
    run pg_catalog.text PRIMARY KEY,
    at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
    lsn pg_catalog.pg_lsn NOT NULL
);
CREATE TABLE IF NOT EXISTS martydb_split.marker (
    one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one),
    n pg_catalog.int8 NOT NULL DEFAULT 0
);
INSERT INTO martydb_split.marker (n) VALUES (0) ON CONFLICT DO NOTHING;
-- Migrations and the copy run as the migrator, which is a member of the owner; applications are not.
CREATE OR REPLACE FUNCTION martydb_split.closed() RETURNS pg_catalog.trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF pg_catalog.pg_has_role(session_user, TG_ARGV[1], 'MEMBER')
        AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = session_user) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'table %.% is not open: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = '25006', HINT = TG_ARGV[0];
END
$$;
