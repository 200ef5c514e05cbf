tocsin oncall who
tocsin oncall who payments --at "2026-12-19 03:00"
tocsin oncall next payments --days 7
