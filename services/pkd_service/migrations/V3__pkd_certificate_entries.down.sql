DROP TABLE pkd_certificate_entries;
