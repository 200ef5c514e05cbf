"""One file for each condition; `tocsin.rules.judge` knows them all, they do not know each other."""
