DROP TABLE showtimes;
DROP TABLE theaters;
