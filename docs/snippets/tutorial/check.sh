tocsin check --next
