"""What we say: the alert's life, who is told of it, and what keeps it from being said."""
