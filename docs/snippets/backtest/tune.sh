tocsin tune nightly_backup --since 90d
