DROP TABLE credential_nonces;
