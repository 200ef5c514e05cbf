tocsin backup "tocsin-$(date +%F).db"
