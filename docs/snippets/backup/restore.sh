cp tocsin-2026-03-01.db /var/lib/tocsin/tocsin.db
tocsin serve --data /var/lib/tocsin
