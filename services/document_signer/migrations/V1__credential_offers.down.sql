DROP TABLE credential_offers;
