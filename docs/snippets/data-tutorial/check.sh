tocsin quality run --checks flights.checks.yaml
