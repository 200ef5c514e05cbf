pg_dump --format=custom --file=tocsin.dump "$TOCSIN_DATABASE"
