tocsin batch dead-letters export --state orders.db --pipeline orders -o letters.jsonl.gz
