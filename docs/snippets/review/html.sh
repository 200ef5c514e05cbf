tocsin report --from 2026-10-05 --to 2026-10-11 --timezone Europe/Berlin --format html -o week.html
