DROP TABLE booked_seats;
DROP TABLE bookings;
