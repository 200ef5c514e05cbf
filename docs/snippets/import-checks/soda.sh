tocsin quality import scan.json --job orders-soda
