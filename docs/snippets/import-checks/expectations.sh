tocsin quality import validation.json --job orders-expectations
