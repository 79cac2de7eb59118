-- Signatures that were checked, one row per pair of subject and issuer.
--
-- A path is walked along these rows, not stored: document signer to CSCA is one step, and link
-- certificates add steps whenever a State changes its CSCA key (Doc 9303-12, 4 and 6).

CREATE TABLE certificate_chains (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subject_fingerprint_sha256 bytea NOT NULL,
    subject_certificate_id uuid,
    subject_kind text NOT NULL,
    issuer_certificate_id uuid NOT NULL,
    relation text NOT NULL,
    matched_by text NOT NULL,
    validation_status text NOT NULL DEFAULT 'pending',
    failure_reason text,
    validated_at timestamptz,
    revalidate_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT certificate_chains_subject_issuer_key
        UNIQUE (subject_fingerprint_sha256, issuer_certificate_id),
    CONSTRAINT certificate_chains_subject_fkey
        FOREIGN KEY (subject_certificate_id, subject_fingerprint_sha256)
        REFERENCES csca_certificates (id, fingerprint_sha256) ON DELETE CASCADE,
    CONSTRAINT certificate_chains_issuer_fkey
        FOREIGN KEY (issuer_certificate_id) REFERENCES csca_certificates (id) ON DELETE CASCADE,
    CONSTRAINT certificate_chains_subject_fingerprint_check
        CHECK (octet_length(subject_fingerprint_sha256) = 32),
    CONSTRAINT certificate_chains_subject_kind_check CHECK (subject_kind IN (
        'csca', 'document_signer', 'master_list_signer', 'deviation_list_signer', 'bar_code_signer')),
    -- CSCA certificates are kept here; all others belong to other services and are known by fingerprint
    CONSTRAINT certificate_chains_subject_id_check
        CHECK ((subject_kind = 'csca') = (subject_certificate_id IS NOT NULL)),
    CONSTRAINT certificate_chains_relation_check CHECK (relation IN ('self_signed', 'link', 'issued')),
    CONSTRAINT certificate_chains_relation_kind_check
        CHECK ((relation = 'issued') = (subject_kind <> 'csca')),
    CONSTRAINT certificate_chains_self_signed_check CHECK (
        (relation = 'self_signed') = (subject_certificate_id IS NOT DISTINCT FROM issuer_certificate_id)),
    CONSTRAINT certificate_chains_matched_by_check
        CHECK (matched_by IN ('key_identifier', 'issuer_dn', 'trial')),
    CONSTRAINT certificate_chains_validation_status_check
        CHECK (validation_status IN ('pending', 'valid', 'invalid')),
    CONSTRAINT certificate_chains_validated_at_check
        CHECK ((validation_status = 'pending') = (validated_at IS NULL)),
    CONSTRAINT certificate_chains_failure_reason_check
        CHECK ((validation_status = 'invalid') = (failure_reason IS NOT NULL)),
    CONSTRAINT certificate_chains_revalidate_at_check CHECK (revalidate_at > validated_at)
);

CREATE INDEX certificate_chains_issuer_idx ON certificate_chains (issuer_certificate_id);
CREATE INDEX certificate_chains_subject_idx
    ON certificate_chains (subject_certificate_id, subject_fingerprint_sha256)
    WHERE subject_certificate_id IS NOT NULL;
CREATE INDEX certificate_chains_pending_idx ON certificate_chains (created_at)
    WHERE validation_status = 'pending';
CREATE INDEX certificate_chains_revalidate_at_idx ON certificate_chains (revalidate_at)
    WHERE revalidate_at IS NOT NULL;

COMMENT ON TABLE certificate_chains IS
    'Edges of the certification paths: this subject was signed by the key of that CSCA, and how we know';
COMMENT ON COLUMN certificate_chains.subject_certificate_id IS
    'Set when the subject is itself a CSCA certificate (self-signed or link)';
COMMENT ON COLUMN certificate_chains.matched_by IS
    'How the issuer was found: AKI to SKI, issuer name to subject name, or by trying the keys';
COMMENT ON COLUMN certificate_chains.failure_reason IS 'Code, e.g. signature, validity, key_usage, revoked';
