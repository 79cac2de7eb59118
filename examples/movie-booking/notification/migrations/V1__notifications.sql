CREATE TABLE notifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    -- The event that caused it: one that is delivered twice is sent once.
    event_id uuid NOT NULL UNIQUE,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    subject text NOT NULL,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);

CREATE INDEX notifications_user_id_idx ON notifications (user_id);
CREATE INDEX notifications_queued_idx ON notifications (created_at) WHERE status = 'queued';
