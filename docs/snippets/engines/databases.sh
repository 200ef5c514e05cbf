tocsin quality run sqlite:///shop.db --table orders --checks orders.checks.yaml
tocsin quality run duckdb:///shop.duckdb --table orders --checks orders.checks.yaml
tocsin quality run sqlite:///shop.db --table "SELECT * FROM orders WHERE amount > 5" --checks orders.checks.yaml
tocsin quality suggest sqlite:///shop.db --table orders -o suggested.checks.yaml
