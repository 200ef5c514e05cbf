"""When: check-ins come in, time passes, decisions are committed, notifications go out."""
