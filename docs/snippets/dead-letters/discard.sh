tocsin batch dead-letters discard --state orders.db --id 2 --yes
