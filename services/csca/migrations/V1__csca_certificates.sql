-- CSCA certificates: the national trust anchors of eMRTDs (ICAO Doc 9303-12).
--
-- What a State has issued is recorded even where it misses the profile of Doc 9303-12, 7.1: lengths are
-- bounded against parsing errors, and nullable columns are extensions that old certificates lack.

CREATE TABLE csca_certificates (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    fingerprint_sha256 bytea NOT NULL,
    certificate_der bytea NOT NULL,
    certificate_kind text NOT NULL,
    country_code text NOT NULL,
    mrz_state_code text,
    subject_dn text NOT NULL,
    issuer_dn text NOT NULL,
    serial_number bytea NOT NULL,
    subject_key_identifier bytea,
    authority_key_identifier bytea,
    public_key_sha256 bytea NOT NULL,
    public_key_algorithm text NOT NULL,
    signature_algorithm text NOT NULL,
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL,
    private_key_not_before timestamptz,
    private_key_not_after timestamptz,
    source text NOT NULL,
    source_reference text,
    trust_status text NOT NULL DEFAULT 'unverified',
    trust_reason text,
    trust_decided_by text,
    trust_decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT csca_certificates_fingerprint_sha256_key UNIQUE (fingerprint_sha256),
    -- target of the foreign key that keeps a chain's id and fingerprint together
    CONSTRAINT csca_certificates_id_fingerprint_sha256_key UNIQUE (id, fingerprint_sha256),
    -- 0x30 is an ASN.1 SEQUENCE; PEM or base64 by mistake is refused
    CONSTRAINT csca_certificates_certificate_der_check CHECK (
        octet_length(certificate_der) BETWEEN 64 AND 65536
        AND substring(certificate_der FROM 1 FOR 1) = '\x30'),
    CONSTRAINT csca_certificates_fingerprint_check
        CHECK (fingerprint_sha256 = sha256(certificate_der)),
    CONSTRAINT csca_certificates_public_key_check CHECK (octet_length(public_key_sha256) = 32),
    CONSTRAINT csca_certificates_kind_check CHECK (certificate_kind IN ('self_signed', 'link')),
    -- 7.1: countryName is ISO 3166-1 alpha-2 in upper case; UN and EU are in use as well
    CONSTRAINT csca_certificates_country_code_check CHECK (country_code ~ '^[A-Z]{2}$'),
    -- Doc 9303-3, 5: three letters, but D for Germany
    CONSTRAINT csca_certificates_mrz_state_code_check CHECK (mrz_state_code ~ '^([A-Z]{3}|D)$'),
    CONSTRAINT csca_certificates_dn_check CHECK (
        octet_length(subject_dn) BETWEEN 1 AND 2000 AND octet_length(issuer_dn) BETWEEN 1 AND 2000),
    CONSTRAINT csca_certificates_self_signed_check
        CHECK (certificate_kind <> 'self_signed' OR subject_dn = issuer_dn),
    -- RFC 5280 4.1.2.2 allows 20 octets
    CONSTRAINT csca_certificates_serial_number_check CHECK (octet_length(serial_number) BETWEEN 1 AND 32),
    CONSTRAINT csca_certificates_key_identifiers_check CHECK (
        octet_length(subject_key_identifier) BETWEEN 1 AND 64
        AND octet_length(authority_key_identifier) BETWEEN 1 AND 64),
    CONSTRAINT csca_certificates_algorithms_check CHECK (
        public_key_algorithm ~ '^[0-2](\.[0-9]+)+$' AND signature_algorithm ~ '^[0-2](\.[0-9]+)+$'),
    CONSTRAINT csca_certificates_validity_check CHECK (not_after > not_before),
    CONSTRAINT csca_certificates_private_key_usage_check
        CHECK (private_key_not_after > private_key_not_before),
    CONSTRAINT csca_certificates_source_check
        CHECK (source IN ('bilateral', 'icao_master_list', 'national_master_list', 'pkd', 'own')),
    CONSTRAINT csca_certificates_trust_status_check
        CHECK (trust_status IN ('unverified', 'trusted', 'distrusted', 'revoked')),
    -- trust in an anchor is somebody's decision, never a default
    CONSTRAINT csca_certificates_trust_decision_check CHECK (
        CASE WHEN trust_status = 'unverified'
             THEN trust_decided_at IS NULL AND trust_decided_by IS NULL
             ELSE trust_decided_at IS NOT NULL AND trust_decided_by IS NOT NULL
        END),
    CONSTRAINT csca_certificates_trust_reason_check
        CHECK (trust_status NOT IN ('distrusted', 'revoked') OR trust_reason IS NOT NULL)
);

-- the issuer of a document signer: by key identifier, else by name
CREATE INDEX csca_certificates_subject_key_identifier_idx
    ON csca_certificates (subject_key_identifier, country_code);
CREATE INDEX csca_certificates_subject_dn_idx ON csca_certificates (subject_dn);
-- not unique: some CAs have used a serial number twice
CREATE INDEX csca_certificates_issuer_serial_idx ON csca_certificates (issuer_dn, serial_number);
-- self-signed and link certificate of one key
CREATE INDEX csca_certificates_public_key_idx ON csca_certificates (public_key_sha256);
CREATE INDEX csca_certificates_trusted_idx ON csca_certificates (country_code, not_after)
    WHERE trust_status = 'trusted';
CREATE INDEX csca_certificates_not_after_idx ON csca_certificates (not_after);

COMMENT ON TABLE csca_certificates IS
    'Country Signing CA certificates, self-signed and link (ICAO Doc 9303-12)';
COMMENT ON COLUMN csca_certificates.fingerprint_sha256 IS 'SHA-256 of certificate_der; identity everywhere';
COMMENT ON COLUMN csca_certificates.certificate_kind IS
    'self_signed, or link: the old key signs the new one, so that trust passes on at a key change';
COMMENT ON COLUMN csca_certificates.country_code IS
    'countryName of the subject in upper case, ISO 3166-1 alpha-2; subject_dn keeps it as issued';
COMMENT ON COLUMN csca_certificates.mrz_state_code IS
    'Issuing State as in the MRZ (Doc 9303-3, 5) without filler: UTO, D; for matching a document';
COMMENT ON COLUMN csca_certificates.subject_dn IS 'RFC 4514 string of the name as issued';
COMMENT ON COLUMN csca_certificates.serial_number IS
    'Content octets of the DER INTEGER, big-endian; no number type holds 20 octets exactly as issued';
COMMENT ON COLUMN csca_certificates.public_key_sha256 IS 'SHA-256 of the SubjectPublicKeyInfo';
COMMENT ON COLUMN csca_certificates.private_key_not_after IS
    'End of privateKeyUsagePeriod: what the key signs later is not valid, though the certificate is';
COMMENT ON COLUMN csca_certificates.source_reference IS
    'Where it came from: master list fingerprint, diplomatic note, ticket';
COMMENT ON COLUMN csca_certificates.trust_status IS
    'Decision of the receiving State; a place in a master list is evidence, not trust';
