tocsin run --job nightly_report -- sh -c 'echo "42 rows written"'
