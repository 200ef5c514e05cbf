-- What a receiver was owed, newest first, however much others were.
CREATE INDEX notifications_of_target ON notifications (target, created_at);
