-- What a target calls the message about an alert, so that later ones can change it or follow it.
ALTER TABLE notifications ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN reference TEXT NOT NULL DEFAULT '';
