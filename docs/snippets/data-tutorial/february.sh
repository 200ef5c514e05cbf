python load.py 2
tocsin quality run --checks flights.checks.yaml
