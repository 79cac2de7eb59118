DROP TABLE ocsp_cache;
