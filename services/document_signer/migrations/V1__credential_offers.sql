-- Credential offers, OpenID4VCI 1.0 section 4.1.
--
-- A code or a state that a wallet presents is a bearer secret: the table holds digests only, so that a
-- copy of the database opens no issuance. The codes have 128 bits or more of entropy, plain SHA-256 is
-- enough for them; a transaction code has a few digits and needs a key that is not in this database.

CREATE TABLE credential_offers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    credential_issuer text NOT NULL,
    credential_configuration_ids text[] NOT NULL,
    authorization_server text,
    subject_ref text,
    pre_authorized_code_digest bytea,
    authorization_code_grant boolean NOT NULL DEFAULT false,
    issuer_state_digest bytea,
    tx_code_digest bytea,
    tx_code_input_mode text,
    tx_code_length bigint,
    tx_code_description text,
    tx_code_failures bigint NOT NULL DEFAULT 0,
    tx_code_max_failures bigint NOT NULL DEFAULT 5,
    status text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz,
    CONSTRAINT credential_offers_pre_authorized_code_digest_key UNIQUE (pre_authorized_code_digest),
    CONSTRAINT credential_offers_issuer_state_digest_key UNIQUE (issuer_state_digest),
    -- 12.2.1: the issuer identifier is an https URL without query and fragment
    CONSTRAINT credential_offers_credential_issuer_check
        CHECK (credential_issuer ~ '^https://[^?#\s]+$'),
    -- 4.1.1: non-empty array of unique strings (uniqueness is the service's to keep: no subquery here)
    CONSTRAINT credential_offers_configuration_ids_check CHECK (
        array_ndims(credential_configuration_ids) = 1
        AND array_position(credential_configuration_ids, NULL) IS NULL
        AND '' <> ALL (credential_configuration_ids)),
    CONSTRAINT credential_offers_configuration_ids_not_empty_check
        CHECK (cardinality(credential_configuration_ids) > 0),
    CONSTRAINT credential_offers_authorization_server_check
        CHECK (authorization_server ~ '^https://[^?#\s]+$'),
    CONSTRAINT credential_offers_digests_check CHECK (
        octet_length(pre_authorized_code_digest) = 32
        AND octet_length(issuer_state_digest) = 32
        AND octet_length(tx_code_digest) = 32),
    -- issuer_state is a parameter of the authorization_code grant alone
    CONSTRAINT credential_offers_issuer_state_check
        CHECK (issuer_state_digest IS NULL OR authorization_code_grant),
    -- tx_code belongs to the pre-authorized code; its hints mean nothing without it
    CONSTRAINT credential_offers_tx_code_check CHECK (
        CASE WHEN tx_code_digest IS NULL
             THEN tx_code_input_mode IS NULL AND tx_code_length IS NULL AND tx_code_description IS NULL
                  AND tx_code_failures = 0
             ELSE pre_authorized_code_digest IS NOT NULL AND tx_code_input_mode IS NOT NULL
        END),
    CONSTRAINT credential_offers_tx_code_input_mode_check
        CHECK (tx_code_input_mode IN ('numeric', 'text')),
    CONSTRAINT credential_offers_tx_code_length_check CHECK (tx_code_length BETWEEN 4 AND 64),
    CONSTRAINT credential_offers_tx_code_description_check
        CHECK (char_length(tx_code_description) <= 300),
    -- an offer whose transaction code was guessed at too often cannot stay open
    CONSTRAINT credential_offers_tx_code_failures_check CHECK (
        tx_code_max_failures BETWEEN 1 AND 20
        AND tx_code_failures BETWEEN 0 AND tx_code_max_failures
        AND (tx_code_failures < tx_code_max_failures OR status <> 'open')),
    CONSTRAINT credential_offers_status_check
        CHECK (status IN ('open', 'redeemed', 'withdrawn', 'locked')),
    CONSTRAINT credential_offers_redeemed_check
        CHECK ((status = 'redeemed') = (redeemed_at IS NOT NULL)),
    CONSTRAINT credential_offers_redeemed_at_check CHECK (redeemed_at BETWEEN created_at AND expires_at),
    CONSTRAINT credential_offers_expires_at_check CHECK (expires_at > created_at)
);

CREATE INDEX credential_offers_open_idx ON credential_offers (expires_at) WHERE status = 'open';
CREATE INDEX credential_offers_subject_ref_idx ON credential_offers (subject_ref, created_at);
CREATE INDEX credential_offers_created_at_idx ON credential_offers (created_at);

COMMENT ON TABLE credential_offers IS
    'OpenID4VCI 1.0 credential offers; one row is one offer, redeemed at most once';
COMMENT ON COLUMN credential_offers.credential_configuration_ids IS
    'Keys of credential_configurations_supported in the issuer metadata (4.1.1)';
COMMENT ON COLUMN credential_offers.subject_ref IS
    'Opaque reference into the system that knows the person; never a name or a document number';
COMMENT ON COLUMN credential_offers.pre_authorized_code_digest IS
    'SHA-256 of the pre-authorized code; NULL: that grant is not offered';
COMMENT ON COLUMN credential_offers.issuer_state_digest IS
    'SHA-256 of issuer_state, which binds the authorization request to this offer (5.1.3)';
COMMENT ON COLUMN credential_offers.tx_code_digest IS
    'HMAC-SHA-256 of the transaction code, keyed outside this database: a few digits would be guessed';
COMMENT ON COLUMN credential_offers.status IS
    'open, redeemed, withdrawn or locked (too many wrong transaction codes); expiry is expires_at alone';
COMMENT ON COLUMN credential_offers.expires_at IS
    'The pre-authorized code must be short lived (4.1.1); the offer ends with it';
