-- Inspections of eMRTDs, Doc 9303-11.
--
-- No personal data in clear: no name, no document number, no image, no data group. The MRZ is present
-- only as a keyed digest, because its few unknown digits would be guessed from a plain one.

CREATE TABLE passport_validation_requests (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key uuid,
    inspection_system_id text NOT NULL,
    document_type text NOT NULL,
    issuing_state text NOT NULL,
    mrz_digest bytea,
    mrz_digest_key_id text,
    sod_sha256 bytea,
    dsc_fingerprint_sha256 bytea,
    csca_fingerprint_sha256 bytea,
    data_groups_verified bigint[] NOT NULL DEFAULT '{}',
    access_protocol text NOT NULL DEFAULT 'none',
    pace_mapping text,
    access_result text NOT NULL DEFAULT 'not_performed',
    passive_authentication text NOT NULL DEFAULT 'not_performed',
    active_authentication text NOT NULL DEFAULT 'not_performed',
    chip_authentication text NOT NULL DEFAULT 'not_performed',
    terminal_authentication text NOT NULL DEFAULT 'not_performed',
    revocation_status text NOT NULL DEFAULT 'not_checked',
    status text NOT NULL DEFAULT 'received',
    overall_result text,
    reasons text[] NOT NULL DEFAULT '{}',
    served_from_cache boolean NOT NULL DEFAULT false,
    policy_version text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    retain_until timestamptz NOT NULL,
    CONSTRAINT passport_validation_requests_idempotency_key_key UNIQUE (idempotency_key),
    CONSTRAINT passport_validation_requests_inspection_system_check CHECK (inspection_system_id <> ''),
    CONSTRAINT passport_validation_requests_document_type_check
        CHECK (document_type IN ('TD1', 'TD2', 'TD3')),
    -- Doc 9303-3, 5: three letters, but D for Germany; stored without filler
    CONSTRAINT passport_validation_requests_issuing_state_check
        CHECK (issuing_state ~ '^([A-Z]{3}|D)$'),
    -- a digest without its key's name cannot be compared after a key change
    CONSTRAINT passport_validation_requests_mrz_digest_check CHECK (
        octet_length(mrz_digest) = 32 AND (mrz_digest IS NULL) = (mrz_digest_key_id IS NULL)),
    CONSTRAINT passport_validation_requests_digests_check CHECK (
        octet_length(sod_sha256) = 32
        AND octet_length(dsc_fingerprint_sha256) = 32
        AND octet_length(csca_fingerprint_sha256) = 32),
    -- Doc 9303-10: DG1 to DG16
    CONSTRAINT passport_validation_requests_data_groups_check CHECK (
        data_groups_verified <@ ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]::bigint[]),
    CONSTRAINT passport_validation_requests_access_protocol_check
        CHECK (access_protocol IN ('none', 'bac', 'pace')),
    CONSTRAINT passport_validation_requests_pace_mapping_check CHECK (
        pace_mapping IN ('gm', 'im', 'cam') AND (pace_mapping IS NULL OR access_protocol = 'pace')),
    CONSTRAINT passport_validation_requests_access_result_check CHECK (
        access_result IN ('not_performed', 'passed', 'failed', 'error')
        AND (access_protocol <> 'none' OR access_result = 'not_performed')),
    CONSTRAINT passport_validation_requests_passive_check CHECK (
        passive_authentication IN ('not_performed', 'passed', 'failed', 'error')),
    CONSTRAINT passport_validation_requests_active_check CHECK (
        active_authentication IN ('not_performed', 'not_supported', 'passed', 'failed', 'error')),
    CONSTRAINT passport_validation_requests_chip_check CHECK (
        chip_authentication IN ('not_performed', 'not_supported', 'passed', 'failed', 'error')),
    CONSTRAINT passport_validation_requests_terminal_check CHECK (
        terminal_authentication IN ('not_performed', 'not_supported', 'passed', 'failed', 'error')),
    CONSTRAINT passport_validation_requests_revocation_check
        CHECK (revocation_status IN ('not_checked', 'good', 'revoked', 'stale', 'unknown')),
    -- passive authentication is a signature over a SOD, by a signer
    CONSTRAINT passport_validation_requests_passive_evidence_check CHECK (
        passive_authentication <> 'passed'
        OR num_nulls(sod_sha256, dsc_fingerprint_sha256, csca_fingerprint_sha256) = 0),
    -- EAC: the terminal proves itself over the channel that chip authentication (or PACE-CAM) has made
    CONSTRAINT passport_validation_requests_eac_check CHECK (
        terminal_authentication <> 'passed' OR chip_authentication = 'passed'
        OR coalesce(pace_mapping, '') = 'cam'),
    CONSTRAINT passport_validation_requests_status_check
        CHECK (status IN ('received', 'running', 'completed', 'failed', 'abandoned')),
    CONSTRAINT passport_validation_requests_status_columns_check CHECK (
        CASE status
            WHEN 'received' THEN started_at IS NULL AND completed_at IS NULL AND overall_result IS NULL
            WHEN 'running' THEN started_at IS NOT NULL AND completed_at IS NULL
                                AND overall_result IS NULL
            WHEN 'completed' THEN completed_at IS NOT NULL AND overall_result IS NOT NULL
            ELSE completed_at IS NOT NULL AND overall_result IS NULL AND cardinality(reasons) > 0
        END),
    CONSTRAINT passport_validation_requests_overall_result_check
        CHECK (overall_result IN ('valid', 'invalid', 'inconclusive')),
    -- 5.1: without passive authentication nothing is valid, and no failure is outweighed by a success;
    -- whether a stale or missing CRL may pass is the receiving State's policy, not the table's
    CONSTRAINT passport_validation_requests_valid_check CHECK (
        coalesce(overall_result, '') <> 'valid'
        OR (passive_authentication = 'passed' AND revocation_status NOT IN ('not_checked', 'revoked')
            AND access_result IN ('not_performed', 'passed')
            AND active_authentication NOT IN ('failed', 'error')
            AND chip_authentication NOT IN ('failed', 'error')
            AND terminal_authentication NOT IN ('failed', 'error'))),
    CONSTRAINT passport_validation_requests_reasons_given_check CHECK (
        coalesce(overall_result, 'valid') = 'valid' OR cardinality(reasons) > 0),
    -- codes only: free text would be the way in for personal data
    CONSTRAINT passport_validation_requests_reasons_check CHECK (
        array_position(reasons, NULL) IS NULL
        AND array_to_string(reasons, ',') ~ '^([a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*)?$'),
    CONSTRAINT passport_validation_requests_times_check CHECK (
        started_at >= requested_at AND completed_at >= coalesce(started_at, requested_at)),
    CONSTRAINT passport_validation_requests_retain_until_check CHECK (retain_until > requested_at)
);

CREATE INDEX passport_validation_requests_open_idx ON passport_validation_requests (requested_at)
    WHERE status IN ('received', 'running');
-- earlier inspections of the same document
CREATE INDEX passport_validation_requests_mrz_digest_idx
    ON passport_validation_requests (mrz_digest, requested_at) WHERE mrz_digest IS NOT NULL;
-- what a signer or an anchor that has fallen has vouched for
CREATE INDEX passport_validation_requests_dsc_idx
    ON passport_validation_requests (dsc_fingerprint_sha256, requested_at);
CREATE INDEX passport_validation_requests_csca_idx
    ON passport_validation_requests (csca_fingerprint_sha256, requested_at);
CREATE INDEX passport_validation_requests_system_idx
    ON passport_validation_requests (inspection_system_id, requested_at);
CREATE INDEX passport_validation_requests_result_idx
    ON passport_validation_requests (issuing_state, overall_result, requested_at);
CREATE INDEX passport_validation_requests_retain_until_idx ON passport_validation_requests (retain_until);

COMMENT ON TABLE passport_validation_requests IS
    'One row per inspection of an eMRTD: what was checked, with which result; no personal data in clear';
COMMENT ON COLUMN passport_validation_requests.inspection_system_id IS
    'Terminal or lane that asked; never an officer''s name';
COMMENT ON COLUMN passport_validation_requests.mrz_digest IS
    'HMAC-SHA-256 of document number, birth and expiry date; the key is not in this database';
COMMENT ON COLUMN passport_validation_requests.mrz_digest_key_id IS
    'Which key made mrz_digest; destroying the key makes its digests meaningless';
COMMENT ON COLUMN passport_validation_requests.sod_sha256 IS
    'SHA-256 of EF.SOD; names one document, so it is pseudonymous data and falls under retain_until';
COMMENT ON COLUMN passport_validation_requests.dsc_fingerprint_sha256 IS
    'Document signer certificate that verified the SOD';
COMMENT ON COLUMN passport_validation_requests.access_protocol IS
    'How the chip was opened: BAC or PACE (Doc 9303-11, 4)';
COMMENT ON COLUMN passport_validation_requests.passive_authentication IS
    'Signature, chain and data group hashes (Doc 9303-11, 5.1): data is genuine, a copy passes too';
COMMENT ON COLUMN passport_validation_requests.active_authentication IS
    'The chip is no copy (Doc 9303-11, 6.1)';
COMMENT ON COLUMN passport_validation_requests.chip_authentication IS
    'The chip is no copy, and a strong session (Doc 9303-11, 6.2); first half of EAC';
COMMENT ON COLUMN passport_validation_requests.terminal_authentication IS
    'The terminal may read fingerprints or iris (Doc 9303-11, 7.1); second half of EAC';
COMMENT ON COLUMN passport_validation_requests.revocation_status IS
    'Of the document signer; stale: the CRL was past nextUpdate; unknown: the State gives none';
COMMENT ON COLUMN passport_validation_requests.reasons IS 'Codes such as dsc_revoked, dg2_hash_mismatch';
COMMENT ON COLUMN passport_validation_requests.retain_until IS
    'The row is deleted after this time; set from the inspecting State''s law at the request';
