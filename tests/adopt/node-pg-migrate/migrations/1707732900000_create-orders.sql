-- Up Migration
CREATE TYPE order_status AS ENUM ('new', 'paid');
CREATE TABLE orders (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    status order_status NOT NULL DEFAULT 'new',
    total numeric(12, 2) NOT NULL
);
CREATE INDEX orders_customer_id ON orders (customer_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.total = round(NEW.total, 2);
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();

-- Down Migration
DROP TABLE orders;
DROP FUNCTION touch();
DROP TYPE order_status;
