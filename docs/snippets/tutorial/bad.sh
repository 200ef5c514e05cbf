tocsin run --job nightly_report -- sh -c 'echo "cannot reach the database" >&2; exit 1'
