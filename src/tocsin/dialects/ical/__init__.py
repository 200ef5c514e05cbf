"""iCalendar: events written and read, and what they mean for who is on call."""
