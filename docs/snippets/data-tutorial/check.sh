tocsin check flights.checks.yaml
tocsin quality run --checks flights.checks.yaml
