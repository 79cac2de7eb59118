-- Access tokens for the credential endpoint, OpenID4VCI 1.0 section 6; DPoP is RFC 9449.

CREATE TABLE access_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    offer_id uuid,
    grant_type text NOT NULL,
    authorization_code_digest bytea,
    token_digest bytea NOT NULL,
    refresh_token_digest bytea,
    token_type text NOT NULL,
    dpop_jkt text,
    client_id text,
    scope text,
    authorization_details jsonb,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    refresh_expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revocation_reason text,
    CONSTRAINT access_tokens_offer_id_fkey
        FOREIGN KEY (offer_id) REFERENCES credential_offers (id) ON DELETE CASCADE,
    CONSTRAINT access_tokens_token_digest_key UNIQUE (token_digest),
    CONSTRAINT access_tokens_refresh_token_digest_key UNIQUE (refresh_token_digest),
    -- RFC 6749 4.1.2: a code is used once, and a second use revokes what the first one gave
    CONSTRAINT access_tokens_authorization_code_digest_key UNIQUE (authorization_code_digest),
    CONSTRAINT access_tokens_digests_check CHECK (
        octet_length(token_digest) = 32
        AND octet_length(refresh_token_digest) = 32
        AND octet_length(authorization_code_digest) = 32),
    CONSTRAINT access_tokens_grant_type_check CHECK (grant_type IN (
        'authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:pre-authorized_code')),
    CONSTRAINT access_tokens_authorization_code_check
        CHECK ((grant_type = 'authorization_code') = (authorization_code_digest IS NOT NULL)),
    -- a pre-authorized code exists only in an offer; a wallet may start the other flow without one
    CONSTRAINT access_tokens_pre_authorized_check CHECK (
        grant_type <> 'urn:ietf:params:oauth:grant-type:pre-authorized_code' OR offer_id IS NOT NULL),
    CONSTRAINT access_tokens_token_type_check CHECK (token_type IN ('Bearer', 'DPoP')),
    -- RFC 9449 6.1: base64url of the key's SHA-256 JWK thumbprint (RFC 7638)
    CONSTRAINT access_tokens_dpop_jkt_check CHECK (dpop_jkt ~ '^[A-Za-z0-9_-]{43}$'),
    CONSTRAINT access_tokens_dpop_bound_check CHECK ((token_type = 'DPoP') = (dpop_jkt IS NOT NULL)),
    -- 13, Protecting the Access Token: over 5 minutes is long lived, and only for a bound token
    CONSTRAINT access_tokens_bearer_lifetime_check
        CHECK (dpop_jkt IS NOT NULL OR expires_at - issued_at <= interval '5 minutes'),
    CONSTRAINT access_tokens_authorization_details_check
        CHECK (jsonb_typeof(authorization_details) = 'array'),
    CONSTRAINT access_tokens_expires_at_check CHECK (expires_at > issued_at),
    CONSTRAINT access_tokens_refresh_check CHECK (
        (refresh_token_digest IS NULL) = (refresh_expires_at IS NULL)
        AND (refresh_expires_at IS NULL OR refresh_expires_at > issued_at)),
    CONSTRAINT access_tokens_revoked_check
        CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL))
);

-- 4.1.1: a pre-authorized code is single use. Two token requests that race meet here, not in the service.
CREATE UNIQUE INDEX access_tokens_pre_authorized_once_idx ON access_tokens (offer_id)
    WHERE grant_type = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';
CREATE INDEX access_tokens_offer_id_idx ON access_tokens (offer_id);
CREATE INDEX access_tokens_expires_at_idx ON access_tokens (expires_at);
CREATE INDEX access_tokens_client_id_idx ON access_tokens (client_id, issued_at)
    WHERE client_id IS NOT NULL;

COMMENT ON TABLE access_tokens IS
    'Access tokens that were issued for the credential endpoint; no token or code is stored in clear';
COMMENT ON COLUMN access_tokens.offer_id IS
    'Offer that led here; NULL when the wallet began the authorization code flow itself (3.4)';
COMMENT ON COLUMN access_tokens.authorization_code_digest IS
    'SHA-256 of the authorization code that was exchanged; unique, so that a replay is seen';
COMMENT ON COLUMN access_tokens.token_digest IS 'SHA-256 of the access token';
COMMENT ON COLUMN access_tokens.refresh_token_digest IS 'SHA-256 of the refresh token given with it';
COMMENT ON COLUMN access_tokens.dpop_jkt IS
    'Thumbprint of the key that the token is bound to (RFC 9449 6.1); a DPoP proof must match it';
COMMENT ON COLUMN access_tokens.authorization_details IS
    'RFC 9396 details as granted, with credential_identifiers (6.2)';
