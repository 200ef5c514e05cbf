"""How it is said: messages, and the channels that carry them."""
