tocsin silence add 'job=~"warehouse_.*"' --for 2h --comment "upgrade of the warehouse"
