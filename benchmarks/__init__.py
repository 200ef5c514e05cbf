"""How fast it is, as ratios against a bare floor in one run; `python -m benchmarks` prints a table."""
