-- OCSP responses, RFC 6960. Doc 9303 revokes document signers by CRL; OCSP serves the certificates
-- around them whose CAs offer it (master list and bar code signers, TLS of distribution points).

CREATE TABLE ocsp_cache (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    hash_algorithm text NOT NULL,
    issuer_name_hash bytea NOT NULL,
    issuer_key_hash bytea NOT NULL,
    serial_number bytea NOT NULL,
    issuer_certificate_id uuid,
    cert_status text NOT NULL,
    revoked_at timestamptz,
    revocation_reason text,
    produced_at timestamptz NOT NULL,
    this_update timestamptz NOT NULL,
    next_update timestamptz,
    responder_uri text NOT NULL,
    responder_name text,
    responder_key_hash bytea,
    response_der bytea NOT NULL,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- CertID, RFC 6960 4.1.1: one answer per question, replaced by the newer one
    CONSTRAINT ocsp_cache_cert_id_key
        UNIQUE (hash_algorithm, issuer_name_hash, issuer_key_hash, serial_number),
    CONSTRAINT ocsp_cache_issuer_certificate_id_fkey
        FOREIGN KEY (issuer_certificate_id) REFERENCES csca_certificates (id) ON DELETE CASCADE,
    CONSTRAINT ocsp_cache_hash_algorithm_check
        CHECK (hash_algorithm IN ('sha1', 'sha256', 'sha384', 'sha512')),
    CONSTRAINT ocsp_cache_hashes_check CHECK (
        octet_length(issuer_name_hash) = octet_length(issuer_key_hash)
        AND octet_length(issuer_name_hash) = CASE hash_algorithm
            WHEN 'sha1' THEN 20 WHEN 'sha256' THEN 32 WHEN 'sha384' THEN 48 WHEN 'sha512' THEN 64 END),
    CONSTRAINT ocsp_cache_serial_number_check CHECK (octet_length(serial_number) BETWEEN 1 AND 32),
    CONSTRAINT ocsp_cache_cert_status_check CHECK (cert_status IN ('good', 'revoked', 'unknown')),
    CONSTRAINT ocsp_cache_revoked_check CHECK (
        (cert_status = 'revoked') = (revoked_at IS NOT NULL)
        AND (revocation_reason IS NULL OR cert_status = 'revoked')),
    -- CRLReason, RFC 5280 5.3.1
    CONSTRAINT ocsp_cache_revocation_reason_check CHECK (revocation_reason IN (
        'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded',
        'cessationOfOperation', 'certificateHold', 'removeFromCRL', 'privilegeWithdrawn',
        'aACompromise')),
    -- ResponderID is a choice: by name or by key
    CONSTRAINT ocsp_cache_responder_check CHECK (num_nonnulls(responder_name, responder_key_hash) = 1),
    CONSTRAINT ocsp_cache_responder_key_hash_check CHECK (octet_length(responder_key_hash) = 20),
    CONSTRAINT ocsp_cache_responder_uri_check CHECK (responder_uri ~ '^https?://\S+$'),
    CONSTRAINT ocsp_cache_response_der_check CHECK (
        octet_length(response_der) BETWEEN 5 AND 1048576
        AND substring(response_der FROM 1 FOR 1) = '\x30'),
    -- an answer is never kept past its own end
    CONSTRAINT ocsp_cache_expires_at_check
        CHECK (expires_at > this_update AND (next_update IS NULL OR expires_at <= next_update))
);

CREATE INDEX ocsp_cache_issuer_certificate_id_idx ON ocsp_cache (issuer_certificate_id);
CREATE INDEX ocsp_cache_expires_at_idx ON ocsp_cache (expires_at);

COMMENT ON TABLE ocsp_cache IS 'Verified OCSP answers (RFC 6960), one per CertID';
COMMENT ON COLUMN ocsp_cache.issuer_name_hash IS 'Hash of the issuer''s DER name, by hash_algorithm';
COMMENT ON COLUMN ocsp_cache.issuer_key_hash IS
    'Hash of the issuer''s public key bits (without tag and length), by hash_algorithm';
COMMENT ON COLUMN ocsp_cache.cert_status IS 'As answered; unknown is not good';
COMMENT ON COLUMN ocsp_cache.next_update IS
    'NULL: the responder always has newer information (RFC 6960 4.2.2.1), expires_at is then our choice';
COMMENT ON COLUMN ocsp_cache.responder_key_hash IS 'SHA-1 of the responder''s key (RFC 6960 4.2.1, byKey)';
