"""How others speak: translators of foreign messages, each pure and for one protocol."""
