DROP TABLE passport_validation_cache;
