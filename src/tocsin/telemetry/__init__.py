"""How we are watched: what the server counts of itself, and the health it reads from that."""
