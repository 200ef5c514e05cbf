tocsin quality suggest orders.csv -o orders.checks.yaml   # checks to begin with; change them
tocsin quality run --checks orders.checks.yaml            # ends with 1 if one failed, and says which rows
