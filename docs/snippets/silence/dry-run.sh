tocsin silence add 'job=~"warehouse_.*"' --dry-run
