-- Entries of the directory, as the LDIF files carry them.
--
-- The PKD is a way of distribution: an entry here is not trusted before its signature leads to a CSCA
-- that the csca service trusts (Doc 9303-12, 5 and 6).

CREATE TABLE pkd_certificate_entries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    collection text NOT NULL,
    entry_dn text NOT NULL,
    entry_kind text NOT NULL,
    object_class text[] NOT NULL,
    country_code text NOT NULL,
    pkd_version bigint,
    conformance_code text,
    conformance_text text,
    content_der bytea NOT NULL,
    content_sha256 bytea NOT NULL,
    issuer_dn text NOT NULL,
    subject_dn text,
    serial_number bytea,
    subject_key_identifier bytea,
    authority_key_identifier bytea,
    crl_number numeric(49, 0),
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    first_manifest_id uuid NOT NULL,
    last_manifest_id uuid NOT NULL,
    removed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pkd_certificate_entries_entry_dn_key UNIQUE (entry_dn),
    CONSTRAINT pkd_certificate_entries_first_manifest_id_fkey
        FOREIGN KEY (first_manifest_id) REFERENCES pkd_download_manifest (id),
    CONSTRAINT pkd_certificate_entries_last_manifest_id_fkey
        FOREIGN KEY (last_manifest_id) REFERENCES pkd_download_manifest (id),
    CONSTRAINT pkd_certificate_entries_collection_check CHECK (collection ~ '^00[1-9]$'),
    CONSTRAINT pkd_certificate_entries_entry_dn_check CHECK (octet_length(entry_dn) BETWEEN 1 AND 2000),
    CONSTRAINT pkd_certificate_entries_entry_kind_check
        CHECK (entry_kind IN ('dsc', 'bcsc', 'bcsc_nc', 'crl', 'master_list', 'deviation_list')),
    CONSTRAINT pkd_certificate_entries_collection_kind_check CHECK (
        CASE collection WHEN '001' THEN entry_kind IN ('dsc', 'bcsc', 'bcsc_nc', 'crl')
                        WHEN '002' THEN entry_kind = 'master_list'
                        ELSE true END),
    CONSTRAINT pkd_certificate_entries_object_class_check CHECK (
        cardinality(object_class) > 0 AND array_position(object_class, NULL) IS NULL),
    CONSTRAINT pkd_certificate_entries_country_code_check CHECK (country_code ~ '^[A-Z]{2}$'),
    CONSTRAINT pkd_certificate_entries_pkd_version_check CHECK (pkd_version >= 0),
    -- why an object does not conform is said in the non-conformant branch alone
    CONSTRAINT pkd_certificate_entries_conformance_check CHECK (
        collection NOT IN ('001', '002') OR (conformance_code IS NULL AND conformance_text IS NULL)),
    CONSTRAINT pkd_certificate_entries_content_der_check CHECK (
        octet_length(content_der) BETWEEN 32 AND 67108864
        AND substring(content_der FROM 1 FOR 1) = '\x30'),
    CONSTRAINT pkd_certificate_entries_content_sha256_check CHECK (content_sha256 = sha256(content_der)),
    CONSTRAINT pkd_certificate_entries_kind_columns_check CHECK (
        CASE WHEN entry_kind IN ('dsc', 'bcsc', 'bcsc_nc')
             THEN num_nulls(subject_dn, serial_number, valid_until) = 0
             WHEN entry_kind = 'crl'
             THEN num_nonnulls(subject_dn, serial_number) = 0 AND valid_until IS NOT NULL
             ELSE num_nonnulls(subject_dn, serial_number, valid_until) = 0
        END),
    CONSTRAINT pkd_certificate_entries_serial_number_check
        CHECK (octet_length(serial_number) BETWEEN 1 AND 32),
    CONSTRAINT pkd_certificate_entries_key_identifiers_check CHECK (
        octet_length(subject_key_identifier) BETWEEN 1 AND 64
        AND octet_length(authority_key_identifier) BETWEEN 1 AND 64),
    CONSTRAINT pkd_certificate_entries_crl_number_check
        CHECK (crl_number >= 0 AND (crl_number IS NULL OR entry_kind = 'crl')),
    CONSTRAINT pkd_certificate_entries_validity_check CHECK (valid_until > valid_from),
    CONSTRAINT pkd_certificate_entries_names_check CHECK (
        octet_length(issuer_dn) BETWEEN 1 AND 2000 AND octet_length(subject_dn) BETWEEN 1 AND 2000)
);

-- passive authentication: the signer by the SOD's issuer and serial, by SKI, or by fingerprint
CREATE INDEX pkd_certificate_entries_issuer_serial_idx
    ON pkd_certificate_entries (issuer_dn, serial_number);
CREATE INDEX pkd_certificate_entries_subject_key_identifier_idx
    ON pkd_certificate_entries (subject_key_identifier) WHERE subject_key_identifier IS NOT NULL;
CREATE INDEX pkd_certificate_entries_content_sha256_idx ON pkd_certificate_entries (content_sha256);
CREATE INDEX pkd_certificate_entries_current_idx
    ON pkd_certificate_entries (country_code, entry_kind, valid_until) WHERE removed_at IS NULL;
CREATE INDEX pkd_certificate_entries_first_manifest_id_idx ON pkd_certificate_entries (first_manifest_id);
-- after a complete file: whatever it did not contain is gone
CREATE INDEX pkd_certificate_entries_last_manifest_id_idx ON pkd_certificate_entries (last_manifest_id);

COMMENT ON TABLE pkd_certificate_entries IS
    'LDAP entries of the ICAO PKD: certificates, CRLs, master lists; not yet trusted by being here';
COMMENT ON COLUMN pkd_certificate_entries.entry_dn IS
    'Distinguished name in the directory, e.g. cn=...,o=dsc,c=UT,dc=data,dc=download,dc=pkd,dc=icao,dc=int';
COMMENT ON COLUMN pkd_certificate_entries.object_class IS
    'As in the entry, e.g. inetOrgPerson, pkdDownload, cRLDistributionPoint, pkdMasterList';
COMMENT ON COLUMN pkd_certificate_entries.country_code IS 'c= of the entry in upper case';
COMMENT ON COLUMN pkd_certificate_entries.pkd_version IS 'Attribute pkdVersion of the entry';
COMMENT ON COLUMN pkd_certificate_entries.conformance_code IS
    'Attribute pkdConformanceCode: why the object is in the branch dc=nc-data';
COMMENT ON COLUMN pkd_certificate_entries.content_der IS
    'userCertificate, certificateRevocationList or pkdMasterListContent, decoded';
COMMENT ON COLUMN pkd_certificate_entries.issuer_dn IS
    'Issuer of the certificate or CRL; of a signed list, the issuer of its signer';
COMMENT ON COLUMN pkd_certificate_entries.serial_number IS 'Content octets of the DER INTEGER, big-endian';
COMMENT ON COLUMN pkd_certificate_entries.valid_from IS
    'notBefore, thisUpdate, or the signing time of a master list';
COMMENT ON COLUMN pkd_certificate_entries.valid_until IS 'notAfter or nextUpdate; a signed list has none';
COMMENT ON COLUMN pkd_certificate_entries.removed_at IS
    'When a newer version no longer had the entry; kept, because old documents still point to it';
