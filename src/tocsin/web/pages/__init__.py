"""The pages for people: drawn on the server, readable and usable without a script."""
