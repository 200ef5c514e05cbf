tocsin drill --job nightly_backup --severity page
