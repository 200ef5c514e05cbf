curl -fsS -m 10 --retry 5 "http://127.0.0.1:8465/ping/-/nightly_backup?create=1"
