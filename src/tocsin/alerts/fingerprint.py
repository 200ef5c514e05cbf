"""What makes two findings the same trouble."""

import hashlib

from tocsin.jobs.job import Job
from tocsin.rules.finding import Finding

FIELDS = ("job", "environment", "condition", "rule")
OF_ERRORS = frozenset({"error_class", "error_cause", "error_signature"})
"""Labels of alerts that change while the trouble is the same."""
_ALWAYS = ("job", "environment")


def fingerprint(job: Job, finding: Finding, fields: tuple[str, ...]) -> str:
    """Return the fingerprint of a finding: 16 hexadecimal digits over the chosen fields and their values.

    `fields` are names of FIELDS or of labels of the job; a label that is missing counts as empty. An
    alert belongs to one job in one environment, so that these two always count. The trouble of backfills is
    one of its own.
    """
    known = {
        "job": job.name,
        "environment": job.environment,
        "condition": finding.condition,
        "rule": finding.rule,
    }
    labels = dict(job.definition.labels)
    text = "\x1f".join(
        f"{name}\x1e{known.get(name, labels.get(name, ''))}" for name in sorted({*_ALWAYS, *fields})
    )
    if finding.backfill:
        text += "\x1fbackfill"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
