-- {{message}}
--
-- Collection of documents of {{service}}. `martydb serve` recognises a table with these five columns, and offers its documents
-- with filters and changes in the words of MongoDB (docs/how-to/serve-data.md). The name of the table is that of the collection.

CREATE TABLE {{service}}_document (
    -- a UUID of version 7 (RFC 9562): it begins with the time, so new documents are at the end of the index. serve makes it
    -- itself, with a counter for documents of the same millisecond.
    id uuid NOT NULL DEFAULT encode(overlay(
        set_bit(set_bit(uuid_send(gen_random_uuid()), 52, 1), 53, 1)
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 'hex')::uuid,
    doc jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created timestamptz NOT NULL DEFAULT now(),
    updated timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT {{service}}_document_pkey PRIMARY KEY (id),
    CONSTRAINT {{service}}_document_doc_check CHECK (jsonb_typeof(doc) = 'object')
);

-- values at any path: {"address.city": "Bonn"}, $in
CREATE INDEX {{service}}_document_doc_idx ON {{service}}_document USING gin (doc jsonb_path_ops);

-- $gt, $lt and $exists on one path need an index of its own, in this form:
-- CREATE INDEX {{service}}_document_age_idx ON {{service}}_document ((doc #> '{age}'));

-- Every change makes a new version, also one past serve, so that a writer with the old one is refused.
CREATE FUNCTION {{service}}_document_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated := pg_catalog.now();
    RETURN NEW;
END
$$;

CREATE TRIGGER {{service}}_document_version BEFORE UPDATE ON {{service}}_document
    FOR EACH ROW EXECUTE FUNCTION {{service}}_document_version();

COMMENT ON TABLE {{service}}_document IS 'Documents of the service';
COMMENT ON COLUMN {{service}}_document.version IS 'Number of the document''s versions until now; the ETag of the data service';
