tocsin quality import target/sources.json --job dbt-freshness
