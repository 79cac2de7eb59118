-- Files of the ICAO PKD download service: one row per LDIF file that was published.
--
-- Collections: 001 document signers, bar code signers and CRLs; 002 CSCA master lists; 003 objects that
-- do not conform (deprecated: nothing new is put there). Later numbers exist and need no migration.

CREATE TABLE pkd_download_manifest (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    collection text NOT NULL,
    file_kind text NOT NULL,
    version bigint NOT NULL,
    base_version bigint,
    file_name text NOT NULL,
    source_uri text NOT NULL,
    published_checksum_algorithm text,
    published_checksum bytea,
    size_bytes bigint,
    content_sha256 bytea,
    entry_count bigint,
    status text NOT NULL DEFAULT 'discovered',
    failure_reason text,
    discovered_at timestamptz NOT NULL DEFAULT now(),
    downloaded_at timestamptz,
    imported_at timestamptz,
    CONSTRAINT pkd_download_manifest_version_key UNIQUE (collection, version, file_kind),
    CONSTRAINT pkd_download_manifest_collection_check CHECK (collection ~ '^00[1-9]$'),
    CONSTRAINT pkd_download_manifest_file_kind_check CHECK (file_kind IN ('complete', 'delta')),
    CONSTRAINT pkd_download_manifest_version_check CHECK (version > 0),
    -- a delta leads from an earlier version to this one
    CONSTRAINT pkd_download_manifest_base_version_check CHECK (
        (file_kind = 'delta') = (base_version IS NOT NULL)
        AND (base_version IS NULL OR base_version BETWEEN 0 AND version - 1)),
    -- the name comes from outside and ends up in a path
    CONSTRAINT pkd_download_manifest_file_name_check
        CHECK (file_name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$'),
    CONSTRAINT pkd_download_manifest_source_uri_check CHECK (source_uri ~ '^(https|ldaps|file)://\S+$'),
    CONSTRAINT pkd_download_manifest_published_checksum_check CHECK (
        (published_checksum IS NULL) = (published_checksum_algorithm IS NULL)
        AND octet_length(published_checksum) = CASE published_checksum_algorithm
            WHEN 'sha1' THEN 20 WHEN 'sha256' THEN 32 WHEN 'sha512' THEN 64 ELSE -1 END),
    CONSTRAINT pkd_download_manifest_size_bytes_check CHECK (size_bytes >= 0),
    CONSTRAINT pkd_download_manifest_content_sha256_check CHECK (octet_length(content_sha256) = 32),
    CONSTRAINT pkd_download_manifest_entry_count_check CHECK (entry_count >= 0),
    CONSTRAINT pkd_download_manifest_status_check CHECK (status IN (
        'discovered', 'downloaded', 'verified', 'imported', 'superseded', 'rejected')),
    CONSTRAINT pkd_download_manifest_downloaded_check CHECK (
        status NOT IN ('downloaded', 'verified', 'imported')
        OR (downloaded_at IS NOT NULL AND size_bytes IS NOT NULL AND content_sha256 IS NOT NULL)),
    CONSTRAINT pkd_download_manifest_imported_check CHECK (
        status <> 'imported' OR (imported_at IS NOT NULL AND entry_count IS NOT NULL)),
    CONSTRAINT pkd_download_manifest_failure_reason_check
        CHECK ((status = 'rejected') = (failure_reason IS NOT NULL))
);

-- the local version of a collection: the newest that was imported
CREATE INDEX pkd_download_manifest_imported_idx ON pkd_download_manifest (collection, version DESC)
    WHERE status = 'imported';
CREATE INDEX pkd_download_manifest_open_idx ON pkd_download_manifest (discovered_at)
    WHERE status IN ('discovered', 'downloaded', 'verified');

COMMENT ON TABLE pkd_download_manifest IS 'LDIF files of the ICAO PKD: seen, downloaded, verified, imported';
COMMENT ON COLUMN pkd_download_manifest.collection IS
    '001 DSC, BCSC and CRL; 002 CSCA master lists; 003 non-conformant (deprecated)';
COMMENT ON COLUMN pkd_download_manifest.version IS
    'Number in the file name, e.g. 9668 of icaopkd-001-complete-009668.ldif; grows per collection';
COMMENT ON COLUMN pkd_download_manifest.published_checksum IS
    'As the PKD publishes it: guards against a broken transfer; trust comes from the signed contents';
COMMENT ON COLUMN pkd_download_manifest.content_sha256 IS 'SHA-256 of the file as it was received';
