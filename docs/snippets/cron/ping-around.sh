job="http://127.0.0.1:8465/ping/-/nightly_backup"
curl -fsS -m 10 --retry 5 "$job/start?create=1"
output=$(tar -czf ../backup.tar.gz . 2>&1) && code=0 || code=$?
curl -fsS -m 10 --retry 5 --data-raw "$output" "$job/$code"
