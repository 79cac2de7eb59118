-- user_id and showtime_id are numbers of other services: no foreign key reaches across databases.
CREATE TABLE bookings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    showtime_id bigint NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'confirmed', 'cancelled', 'expired')),
    total_amount numeric(10, 2) NOT NULL CHECK (total_amount >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
);

CREATE TABLE booked_seats (
    booking_id bigint NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    showtime_id bigint NOT NULL,
    seat text NOT NULL,
    -- A seat is sold once per showing.
    PRIMARY KEY (showtime_id, seat)
);

CREATE INDEX bookings_user_id_idx ON bookings (user_id);
CREATE INDEX bookings_expires_at_idx ON bookings (expires_at) WHERE status = 'pending';
CREATE INDEX booked_seats_booking_id_idx ON booked_seats (booking_id);
