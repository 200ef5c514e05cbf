tocsin run --job nightly_backup -- sh -c 'echo 42 files saved'
