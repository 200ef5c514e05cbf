tocsin jobs
tocsin alerts
