-- c_nonce values of the nonce endpoint, OpenID4VCI 1.0 section 7.
--
-- That endpoint takes no access token, so a nonce is no column of access_tokens: it meets a token only
-- in the credential request (8.2), which then claims it here.

CREATE TABLE credential_nonces (
    c_nonce_digest bytea PRIMARY KEY,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    used_by_token_id uuid,
    CONSTRAINT credential_nonces_used_by_token_id_fkey
        FOREIGN KEY (used_by_token_id) REFERENCES access_tokens (id) ON DELETE CASCADE,
    CONSTRAINT credential_nonces_c_nonce_digest_check CHECK (octet_length(c_nonce_digest) = 32),
    CONSTRAINT credential_nonces_expires_at_check CHECK (expires_at > issued_at),
    CONSTRAINT credential_nonces_used_check
        CHECK ((used_at IS NULL) = (used_by_token_id IS NULL) AND used_at BETWEEN issued_at AND expires_at)
);

CREATE INDEX credential_nonces_expires_at_idx ON credential_nonces (expires_at);
CREATE INDEX credential_nonces_used_by_token_id_idx ON credential_nonces (used_by_token_id)
    WHERE used_by_token_id IS NOT NULL;

COMMENT ON TABLE credential_nonces IS
    'Nonces against the replay of key proofs: claimed by UPDATE ... WHERE used_at IS NULL, once';
COMMENT ON COLUMN credential_nonces.c_nonce_digest IS 'SHA-256 of the c_nonce';
COMMENT ON COLUMN credential_nonces.used_by_token_id IS
    'Access token of the credential request whose proof carried the nonce';
