tocsin check && tocsin oncall gaps --days 90
