-- {{message}}
--
-- Table of {{service}} with one partition for each day. `martydb partitions` makes the partitions a week ahead and removes
-- them after their retention; declare the table in the manifest:
--
--     partitions: { public.{{service}}_log: { by: day, key: at, keep: 90d } }
--
-- A row without a partition is refused, so run it once right after this migration. A unique constraint must contain the
-- partition key.

CREATE TABLE {{service}}_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    entry jsonb NOT NULL,
    CONSTRAINT {{service}}_log_pkey PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX {{service}}_log_at_idx ON {{service}}_log (at);
