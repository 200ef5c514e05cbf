"""The configuration: tocsin.yaml read, checked and made into values; it alone knows every channel."""
