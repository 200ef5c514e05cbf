python load.py 1
tocsin quality suggest flights.csv -o flights.checks.yaml
