export TOCSIN_TOKEN=$(tocsin token create --user ada)
tocsin token create --ingest "cron jobs of db1"
tocsin token list
