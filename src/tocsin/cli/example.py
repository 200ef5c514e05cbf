"""The configuration that `tocsin init` writes: it works as it is, and shows what can be said."""

EXAMPLE = """\
# Tocsin's configuration: what is watched, and who is told.
# It works as it is: every job that checks in is watched, and the server's own output tells of trouble.
# What is commented out is an example: take the '#' away to use it. Then:
# `tocsin check` tells every mistake at once, with its line;
# `tocsin serve` starts the server; send it SIGHUP to read this file again.
# Editors complete and check this file after `tocsin schema > tocsin.schema.json`, with the first line:
# yaml-language-server: $schema=tocsin.schema.json

# What holds for every job that does not say otherwise.
defaults:
  timezone: UTC                     # schedules and deadlines are read in this zone
  grace_period_minutes: 15          # a run may start so late before it counts as missing

# Jobs by the name under which they check in. A job need not be listed to be watched; listing it says
# when it is expected, so that a run that never starts is noticed.
#jobs:
#  daily_etl:
#    description: Loads yesterday's orders into the warehouse
#    schedule: "0 2 * * *"           # cron, OnCalendar "Mon..Fri 02:00", "every 15m", or "sunday"
#    timezone: Europe/Berlin
#    deadline: "06:00"               # done by then, or a warning before and an alert after
#    severity_escalation: {warning_minutes_before: 30, critical_minutes_before: 15}
#    max_duration_minutes: 120
#    labels: {team: data}
#    runbook: https://wiki.example.com/daily-etl
#    owner: data team
#  business_report:
#    schedule: "0 7 * * *"
#    business_days_only: true        # not at weekends and not on public holidays
#    calendar: {country: DE, region: BY}

# What is watched for. A condition that no rule names keeps its default rule: job_failure, missing_run,
# sla_breach, stalled, no_data, min_records, failure_rate.
#rules:
#  - name: etl failed twice
#    condition: job_failure
#    job_pattern: "daily_.*"         # RE2, from the start of the job's name
#    matchers: ['team="data"']       # labels, with =, !=, =~ and !~
#    severity: critical              # info, warning, critical or page
#    in_a_row: 2                     # the first failure is forgiven

# Who can be told. Secrets are best kept elsewhere: env:NAME or file:/path.
receivers:
  - name: console
    console: {}
#  - name: data-team
#    slack: {url: "env:SLACK_URL"}
#    fallback: console
#  - name: on-call
#    webhook: {url: "https://hooks.example.com/tocsin", secret: "env:HOOK_SECRET"}
#    email:
#      host: mail.example.com
#      username: tocsin
#      password: "env:SMTP_PASSWORD"
#      from: tocsin@example.com
#      to: [on-call@example.com]

# Who is told of what: the first branch that matches decides, else the receiver of the whole route.
route:
  receiver: console
#  routes:
#    - {matchers: ['severity=~"critical|page"'], receiver: on-call}
#    - {matchers: ['team="data"'], receiver: data-team}

#alerts:
#  repeat_interval: 4h               # tell again what still fires and nobody has acknowledged
#  acknowledged_for: 24h             # tell again what has come again so long after that
#  deduplication: {window_minutes: 60, limit: 3}

# Without keys the server listens on this machine alone. People get in with a token, jobs with an ingest key.
#server: {host: 0.0.0.0, port: 8465}
#base_url: https://tocsin.example.com
#keys:
#  ingest: "env:TOCSIN_INGEST_KEY"
#  users: {ada: "env:ADA_TOKEN"}
"""
