-- {{message}}
--
-- Table of {{service}} in four partitions by the hash of a key: smaller indexes, and VACUUM of one partition at a time. The
-- number of partitions cannot be changed later without moving the rows. A unique constraint must contain the key.

CREATE TABLE {{service}}_item (
    owner_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    entry jsonb NOT NULL,
    CONSTRAINT {{service}}_item_pkey PRIMARY KEY (owner_id, id)
) PARTITION BY HASH (owner_id);

CREATE TABLE {{service}}_item_0 PARTITION OF {{service}}_item FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE {{service}}_item_1 PARTITION OF {{service}}_item FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE {{service}}_item_2 PARTITION OF {{service}}_item FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE {{service}}_item_3 PARTITION OF {{service}}_item FOR VALUES WITH (MODULUS 4, REMAINDER 3);
