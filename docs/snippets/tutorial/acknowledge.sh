tocsin ack 3f08 --note "the database was restarted"
