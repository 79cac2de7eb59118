"""The effect of an event, which takes place exactly once: its id and the effect are written in one transaction."""

import json
import os

INBOX = os.environ.get("INBOX", "inbox")


def handle(database, source, event_id, subject, payload):
    """Handles one event; True if it had its effect now, False if it had it before."""
    number = json.loads(payload)["n"]
    with database.transaction(), database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {INBOX} (source, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", (source, event_id)
        )
        if cursor.rowcount == 0:
            return False
        cursor.execute(
            "INSERT INTO total AS t (subject, events, sum) VALUES (%s, 1, %s) "
            "ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum",
            (f"{source} {subject}", number),
        )
        return True
