DROP TABLE certificate_chains;
