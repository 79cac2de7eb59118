-- migrate:up
CREATE TABLE plans (code text PRIMARY KEY, title text NOT NULL);
INSERT INTO plans VALUES ('free', 'Free'), ('team', 'It''s: for teams');
ALTER TABLE orders ADD COLUMN note text;

-- migrate:down
ALTER TABLE orders DROP COLUMN note;
DROP TABLE plans;
