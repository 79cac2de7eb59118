ALTER TABLE orders ADD COLUMN paid BOOL NOT NULL DEFAULT FALSE;
CREATE INDEX orders_customer ON orders (customer);
