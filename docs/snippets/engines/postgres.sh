tocsin quality run postgresql://etl@db.example.com/shop --table public.orders --checks orders.checks.yaml
tocsin quality run --checks shop.checks.yaml          # which says where, and whose data it is
