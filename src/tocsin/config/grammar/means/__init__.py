"""The kinds of channel that a receiver may have, one file each, and what they share."""
