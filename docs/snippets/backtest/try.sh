cp tocsin.yaml new.yaml        # and then change new.yaml
tocsin backtest new.yaml --since 90d
