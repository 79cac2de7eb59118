DROP TABLE csca_certificates;
