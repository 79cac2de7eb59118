DROP TABLE crl_cache;
