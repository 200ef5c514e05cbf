tocsin quality import target/run_results.json --job dbt-tests
