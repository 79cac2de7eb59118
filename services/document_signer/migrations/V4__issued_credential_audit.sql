-- Audit trail of issuance. Append-only: a revocation is a new row, not a change of an old one.
--
-- No foreign keys: the trail outlives the offers and tokens that it names. No credential either, only
-- its digest (OpenID4VCI 1.0, Storage of the Credentials: issuers should not keep what they signed).

CREATE TABLE issued_credential_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL DEFAULT gen_random_uuid(),
    event_type text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_type text NOT NULL,
    actor_id text NOT NULL,
    request_id text,
    offer_id uuid,
    access_token_id uuid,
    credential_id uuid,
    credential_configuration_id text,
    credential_format text,
    credential_digest bytea,
    credential_expires_at timestamptz,
    holder_key_thumbprint text,
    signer_fingerprint_sha256 bytea,
    status_list_uri text,
    status_list_index bigint,
    reason text,
    details jsonb NOT NULL DEFAULT '{}',
    retain_until timestamptz NOT NULL,
    CONSTRAINT issued_credential_audit_event_id_key UNIQUE (event_id),
    -- credential_accepted, _failure and _deleted are the wallet's notifications (11.1)
    CONSTRAINT issued_credential_audit_event_type_check CHECK (event_type IN (
        'offer_created', 'offer_withdrawn', 'offer_locked', 'token_issued', 'token_revoked',
        'issuance_refused', 'issuance_deferred', 'credential_issued',
        'credential_accepted', 'credential_failure', 'credential_deleted',
        'credential_suspended', 'credential_reinstated', 'credential_revoked')),
    CONSTRAINT issued_credential_audit_actor_type_check
        CHECK (actor_type IN ('wallet', 'operator', 'service', 'system')),
    CONSTRAINT issued_credential_audit_actor_id_check CHECK (actor_id <> ''),
    -- Appendix A of OpenID4VCI 1.0
    CONSTRAINT issued_credential_audit_credential_format_check CHECK (credential_format IN (
        'dc+sd-jwt', 'mso_mdoc', 'jwt_vc_json', 'jwt_vc_json-ld', 'ldp_vc')),
    CONSTRAINT issued_credential_audit_digests_check CHECK (
        octet_length(credential_digest) = 32 AND octet_length(signer_fingerprint_sha256) = 32),
    CONSTRAINT issued_credential_audit_holder_key_check
        CHECK (holder_key_thumbprint ~ '^[A-Za-z0-9_-]{43}$'),
    CONSTRAINT issued_credential_audit_credential_id_check
        CHECK (event_type NOT LIKE 'credential\_%' OR credential_id IS NOT NULL),
    CONSTRAINT issued_credential_audit_issued_check CHECK (
        event_type <> 'credential_issued'
        OR (credential_configuration_id IS NOT NULL AND credential_format IS NOT NULL
            AND credential_digest IS NOT NULL AND signer_fingerprint_sha256 IS NOT NULL)),
    CONSTRAINT issued_credential_audit_status_list_check CHECK (
        (status_list_uri IS NULL) = (status_list_index IS NULL) AND status_list_index >= 0),
    CONSTRAINT issued_credential_audit_status_list_uri_check CHECK (status_list_uri ~ '^https://\S+$'),
    CONSTRAINT issued_credential_audit_reason_check CHECK (
        event_type NOT IN ('issuance_refused', 'token_revoked', 'credential_suspended',
                           'credential_revoked')
        OR (reason IS NOT NULL AND reason <> '')),
    CONSTRAINT issued_credential_audit_details_check CHECK (jsonb_typeof(details) = 'object'),
    CONSTRAINT issued_credential_audit_retain_until_check CHECK (retain_until > occurred_at)
);

-- one issuance and one revocation per credential: revocation is final, suspension is not
CREATE UNIQUE INDEX issued_credential_audit_issued_once_idx ON issued_credential_audit (credential_id)
    WHERE event_type = 'credential_issued';
CREATE UNIQUE INDEX issued_credential_audit_revoked_once_idx ON issued_credential_audit (credential_id)
    WHERE event_type = 'credential_revoked';
-- a position in a status list is given once: two credentials on it would be revoked together
CREATE UNIQUE INDEX issued_credential_audit_status_list_idx
    ON issued_credential_audit (status_list_uri, status_list_index)
    WHERE event_type = 'credential_issued';
CREATE INDEX issued_credential_audit_credential_id_idx ON issued_credential_audit (credential_id, id);
CREATE INDEX issued_credential_audit_offer_id_idx ON issued_credential_audit (offer_id, id);
CREATE INDEX issued_credential_audit_actor_idx
    ON issued_credential_audit (actor_type, actor_id, occurred_at);
CREATE INDEX issued_credential_audit_occurred_at_idx ON issued_credential_audit (occurred_at);
CREATE INDEX issued_credential_audit_retain_until_idx ON issued_credential_audit (retain_until);

-- The service's login may UPDATE and DELETE every table, so privileges cannot keep the trail whole.
CREATE FUNCTION issued_credential_audit_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Write a new event; rows may be deleted once retain_until has passed.';
END
$$;

CREATE TRIGGER issued_credential_audit_no_update
    BEFORE UPDATE ON issued_credential_audit
    FOR EACH ROW EXECUTE FUNCTION issued_credential_audit_refuse_change();
CREATE TRIGGER issued_credential_audit_no_delete
    BEFORE DELETE ON issued_credential_audit
    FOR EACH ROW WHEN (OLD.retain_until > now())
    EXECUTE FUNCTION issued_credential_audit_refuse_change();
CREATE TRIGGER issued_credential_audit_no_truncate
    BEFORE TRUNCATE ON issued_credential_audit
    FOR EACH STATEMENT EXECUTE FUNCTION issued_credential_audit_refuse_change();

COMMENT ON TABLE issued_credential_audit IS
    'Append-only events of issuance and of a credential''s life; deletable only after retain_until';
COMMENT ON COLUMN issued_credential_audit.actor_id IS
    'client_id, operator account or service name; never data of the holder';
COMMENT ON COLUMN issued_credential_audit.offer_id IS
    'credential_offers.id, without a foreign key: the trail outlives the offer';
COMMENT ON COLUMN issued_credential_audit.access_token_id IS
    'access_tokens.id, without a foreign key: the trail outlives the token';
COMMENT ON COLUMN issued_credential_audit.credential_digest IS
    'SHA-256 of the issued credential, which itself is not kept';
COMMENT ON COLUMN issued_credential_audit.holder_key_thumbprint IS
    'RFC 7638 thumbprint of the key that the credential is bound to; NULL for a bearer credential';
COMMENT ON COLUMN issued_credential_audit.signer_fingerprint_sha256 IS
    'SHA-256 of the document signer certificate whose key signed the credential';
COMMENT ON COLUMN issued_credential_audit.status_list_index IS
    'Position in the Token Status List at status_list_uri; revocation sets the bit there';
COMMENT ON FUNCTION issued_credential_audit_refuse_change() IS
    'Refuses a change of the audit trail with SQLSTATE 23001';
