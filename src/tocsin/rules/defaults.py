"""The rules of somebody who has configured none.

What nobody has promised gets nobody out of bed: a run that is only unlike those before it is a warning.
"""

from tocsin.rules.finding import Severity
from tocsin.rules.rule import Rule

DEFAULT_RULES = (
    Rule(name="job failed", condition="job_failure"),
    Rule(name="run missing", condition="missing_run"),
    Rule(name="promise broken", condition="sla_breach"),
    Rule(name="run stalled", condition="stalled"),
    Rule(name="no data", condition="no_data"),
    Rule(name="too few records", condition="min_records"),
    Rule(name="records failed", condition="failure_rate"),
    Rule(name="bad data", condition="data_quality"),
    Rule(name="clock wrong", condition="clock_skew"),
    Rule(name="deadline at risk", condition="deadline_risk"),
    Rule(name="unusual duration", condition="duration_anomaly", severity=Severity.WARNING),
)
