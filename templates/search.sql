-- {{message}}
--
-- Table of {{service}} whose rows are found by their words: `martydb serve` searches all such tables at once (POST search). The
-- column is kept by the server, and the language is a configuration of PostgreSQL (`\dF` of psql lists them).
--
-- A table that exists already gets the column in one migration, which rewrites it under an exclusive lock, and the index by CREATE
-- INDEX CONCURRENTLY in the next one.

CREATE TABLE {{service}}_article (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    body text NOT NULL,
    search tsvector NOT NULL GENERATED ALWAYS AS
        (setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')) STORED
);

CREATE INDEX {{service}}_article_search_idx ON {{service}}_article USING gin (search);
