tocsin quality run --checks export.checks.yaml
