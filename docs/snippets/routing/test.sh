tocsin routes show
tocsin routes test severity=page job=daily_etl team=data
tocsin routes test severity=critical environment=staging --at 2026-11-22T03:00+01:00
tocsin routes test severity=info --expect team-slack,morning-mail
