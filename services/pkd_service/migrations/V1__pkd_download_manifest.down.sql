DROP TABLE pkd_download_manifest;
