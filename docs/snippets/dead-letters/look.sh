export TOCSIN_BATCH_STATE=orders.db
tocsin batch dead-letters
tocsin batch dead-letters show 1
tocsin batch dead-letters list --reason "not known" --since 2d --json
