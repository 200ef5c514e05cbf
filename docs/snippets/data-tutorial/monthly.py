"""The job: loads the flights of a month, and checks what it has written."""

import sys

from load import load

import tocsin

with tocsin.job("load_flights") as run:
    run.records(ok=load(sys.argv[1]))
    run.check("flights.csv", "flights.checks.yaml")
