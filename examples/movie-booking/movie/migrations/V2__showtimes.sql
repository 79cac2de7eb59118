CREATE TABLE theaters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    city text NOT NULL,
    total_seats integer NOT NULL CHECK (total_seats > 0)
);

CREATE TABLE showtimes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    movie_id bigint NOT NULL REFERENCES movies (id),
    theater_id bigint NOT NULL REFERENCES theaters (id),
    starts_at timestamptz NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price >= 0),
    UNIQUE (theater_id, starts_at)
);

CREATE INDEX showtimes_movie_id_starts_at_idx ON showtimes (movie_id, starts_at);
