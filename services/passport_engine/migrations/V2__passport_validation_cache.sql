-- Results of passive authentication, to be used again for the same SOD.
--
-- Only what depends on the SOD and the certificates may be cached. Active and chip authentication prove
-- that this chip is present now, and BAC and PACE that it was opened: a cached success of those would
-- let a copy pass, so there is no column for them.

CREATE TABLE passport_validation_cache (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sod_sha256 bytea NOT NULL,
    policy_version text NOT NULL,
    source_request_id uuid,
    dsc_fingerprint_sha256 bytea NOT NULL,
    csca_fingerprint_sha256 bytea,
    passive_authentication text NOT NULL,
    revocation_status text NOT NULL,
    revocation_next_update timestamptz,
    reasons text[] NOT NULL DEFAULT '{}',
    hit_count bigint NOT NULL DEFAULT 0,
    computed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT passport_validation_cache_sod_policy_key UNIQUE (sod_sha256, policy_version),
    CONSTRAINT passport_validation_cache_source_request_id_fkey
        FOREIGN KEY (source_request_id) REFERENCES passport_validation_requests (id) ON DELETE SET NULL,
    CONSTRAINT passport_validation_cache_policy_version_check CHECK (policy_version <> ''),
    CONSTRAINT passport_validation_cache_digests_check CHECK (
        octet_length(sod_sha256) = 32
        AND octet_length(dsc_fingerprint_sha256) = 32
        AND octet_length(csca_fingerprint_sha256) = 32),
    -- an error is no result: it is tried again, not remembered
    CONSTRAINT passport_validation_cache_passive_check
        CHECK (passive_authentication IN ('passed', 'failed')),
    CONSTRAINT passport_validation_cache_revocation_check
        CHECK (revocation_status IN ('good', 'revoked')),
    CONSTRAINT passport_validation_cache_passed_check
        CHECK (passive_authentication <> 'passed' OR csca_fingerprint_sha256 IS NOT NULL),
    CONSTRAINT passport_validation_cache_reasons_given_check CHECK (
        (passive_authentication = 'passed' AND revocation_status = 'good') OR cardinality(reasons) > 0),
    CONSTRAINT passport_validation_cache_reasons_check CHECK (
        array_position(reasons, NULL) IS NULL
        AND array_to_string(reasons, ',') ~ '^([a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*)?$'),
    CONSTRAINT passport_validation_cache_hit_count_check CHECK (hit_count >= 0),
    -- at most a day, and a good signer no longer than the CRL that says so
    CONSTRAINT passport_validation_cache_expires_at_check CHECK (
        expires_at > computed_at AND expires_at - computed_at <= interval '24 hours'),
    CONSTRAINT passport_validation_cache_revocation_next_update_check CHECK (
        revocation_status <> 'good'
        OR (revocation_next_update IS NOT NULL AND expires_at <= revocation_next_update))
);

CREATE INDEX passport_validation_cache_expires_at_idx ON passport_validation_cache (expires_at);
-- a signer or an anchor loses trust: its results go
CREATE INDEX passport_validation_cache_dsc_idx ON passport_validation_cache (dsc_fingerprint_sha256);
CREATE INDEX passport_validation_cache_csca_idx ON passport_validation_cache (csca_fingerprint_sha256);
CREATE INDEX passport_validation_cache_source_request_id_idx
    ON passport_validation_cache (source_request_id) WHERE source_request_id IS NOT NULL;

COMMENT ON TABLE passport_validation_cache IS
    'Passive authentication results by SOD and policy; entries are deleted to invalidate them';
COMMENT ON COLUMN passport_validation_cache.sod_sha256 IS
    'SHA-256 of EF.SOD; pseudonymous, which is one reason for the short life';
COMMENT ON COLUMN passport_validation_cache.policy_version IS
    'Rules and trust store that gave the result; a new version never meets an old entry';
COMMENT ON COLUMN passport_validation_cache.source_request_id IS
    'Inspection that computed it; NULL once that row was deleted at its retention''s end';
COMMENT ON COLUMN passport_validation_cache.revocation_next_update IS
    'nextUpdate of the CRL behind revocation_status';
