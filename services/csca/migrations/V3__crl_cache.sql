-- Certificate revocation lists of CSCAs, Doc 9303-12, 7.2 and RFC 5280 5.

CREATE TABLE crl_cache (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    fingerprint_sha256 bytea NOT NULL,
    crl_der bytea NOT NULL,
    issuer_certificate_id uuid,
    country_code text NOT NULL,
    issuer_dn text NOT NULL,
    authority_key_identifier bytea,
    crl_number numeric(49, 0),
    signature_algorithm text NOT NULL,
    this_update timestamptz NOT NULL,
    next_update timestamptz NOT NULL,
    revoked_serials bytea[] NOT NULL DEFAULT '{}',
    signature_status text NOT NULL DEFAULT 'pending',
    source text NOT NULL,
    distribution_point text,
    http_etag text,
    http_last_modified timestamptz,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    CONSTRAINT crl_cache_fingerprint_sha256_key UNIQUE (fingerprint_sha256),
    CONSTRAINT crl_cache_issuer_certificate_id_fkey
        FOREIGN KEY (issuer_certificate_id) REFERENCES csca_certificates (id) ON DELETE CASCADE,
    CONSTRAINT crl_cache_crl_der_check CHECK (
        octet_length(crl_der) BETWEEN 32 AND 67108864 AND substring(crl_der FROM 1 FOR 1) = '\x30'),
    CONSTRAINT crl_cache_fingerprint_check CHECK (fingerprint_sha256 = sha256(crl_der)),
    CONSTRAINT crl_cache_country_code_check CHECK (country_code ~ '^[A-Z]{2}$'),
    CONSTRAINT crl_cache_issuer_dn_check CHECK (octet_length(issuer_dn) BETWEEN 1 AND 2000),
    CONSTRAINT crl_cache_authority_key_identifier_check
        CHECK (octet_length(authority_key_identifier) BETWEEN 1 AND 64),
    CONSTRAINT crl_cache_crl_number_check CHECK (crl_number >= 0),
    CONSTRAINT crl_cache_signature_algorithm_check CHECK (signature_algorithm ~ '^[0-2](\.[0-9]+)+$'),
    CONSTRAINT crl_cache_validity_check CHECK (next_update > this_update),
    CONSTRAINT crl_cache_revoked_serials_check CHECK (array_position(revoked_serials, NULL) IS NULL),
    CONSTRAINT crl_cache_signature_status_check
        CHECK (signature_status IN ('pending', 'valid', 'invalid')),
    -- a signature cannot be called good without the key that made it
    CONSTRAINT crl_cache_signature_issuer_check
        CHECK (signature_status <> 'valid' OR issuer_certificate_id IS NOT NULL),
    CONSTRAINT crl_cache_source_check CHECK (source IN ('pkd', 'distribution_point', 'bilateral', 'own')),
    CONSTRAINT crl_cache_distribution_point_check
        CHECK (source <> 'distribution_point' OR distribution_point IS NOT NULL)
);

-- one list in force per issuing key; only one that was verified may take that place
CREATE UNIQUE INDEX crl_cache_current_idx
    ON crl_cache (issuer_dn, (coalesce(authority_key_identifier, '\x'::bytea)))
    WHERE superseded_at IS NULL AND signature_status = 'valid';
CREATE INDEX crl_cache_issuer_certificate_id_idx ON crl_cache (issuer_certificate_id);
CREATE INDEX crl_cache_country_code_idx ON crl_cache (country_code, this_update);
-- what has to be fetched again
CREATE INDEX crl_cache_next_update_idx ON crl_cache (next_update) WHERE superseded_at IS NULL;
-- revoked_serials @> ARRAY[serial]
CREATE INDEX crl_cache_revoked_serials_idx ON crl_cache USING gin (revoked_serials)
    WHERE superseded_at IS NULL;

COMMENT ON TABLE crl_cache IS 'CRLs of CSCAs as fetched; the one in force and its predecessors';
COMMENT ON COLUMN crl_cache.issuer_certificate_id IS
    'CSCA whose key verified the signature; NULL while it is not known';
COMMENT ON COLUMN crl_cache.crl_number IS
    'CRLNumber (RFC 5280 5.2.3), up to 20 octets, so no bigint; NULL where a State leaves it out';
COMMENT ON COLUMN crl_cache.next_update IS
    'Past it the list is stale, which is an inconclusive answer and not a good one';
COMMENT ON COLUMN crl_cache.revoked_serials IS
    'Serial numbers on the list, octets as in csca_certificates.serial_number; dates are in crl_der';
COMMENT ON COLUMN crl_cache.superseded_at IS 'When a newer CRL of the same key took its place';
