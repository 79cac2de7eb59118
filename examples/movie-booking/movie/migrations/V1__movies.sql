CREATE TABLE movies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    description text,
    genre text NOT NULL,
    language text NOT NULL,
    duration_minutes integer NOT NULL CHECK (duration_minutes > 0),
    release_date date,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX movies_genre_idx ON movies (genre);
CREATE INDEX movies_release_date_idx ON movies (release_date);
