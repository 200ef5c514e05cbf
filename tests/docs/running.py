"""What people run who follow the documentation, with what they have set."""

import base64
import subprocess
from pathlib import Path

from tests.docs.conftest import Served

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ENVIRONMENT = {
    "SLACK_URL": "https://hooks.slack.com/services/T0/B0/x",
    "TEAMS_URL": "https://prod-1.westeurope.logic.azure.com/workflows/0a/triggers/manual/paths/invoke?sig=x",
    "TELEGRAM_URL": "tgram://123456789:AAcd/987654321",
    "PAGERDUTY_SECRET": "0123456789abcdef0123456789abcdef01234567",
    "PAGERDUTY_KEY": "0123456789abcdef0123456789abcdef",
    "HOOK_SECRET": SECRET,
    "HEARTBEAT_URL": "https://hc-ping.com/5d2c1e0a-7b1f-4a55-9a43-1c2d3e4f5a6b",
    "FAILURE_URL": "https://hc-ping.com/5d2c1e0a-7b1f-4a55-9a43-1c2d3e4f5a6b/fail",
    "SLACK_TOKEN": "xoxb-0123456789-abcdef",
    "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
    "TWILIO_AUTH_TOKEN": "fedcba9876543210fedcba9876543210",
    "SMTP_PASSWORD": "correct horse battery",
    "TOCSIN_INGEST_KEY": "tcs_in_0123456789abcdef",
    "ADA_TOKEN": "tcs_us_0123456789abcdef",
    "TOCSIN_DATABASE": "postgresql://tocsin@db.example.com/tocsin",
    "CIO_API_KEY": "0123456789abcdef0123",
    "CIO_SITE_ID": "fedcba9876543210fedc",
    "SHOP_TOKEN": "0123456789abcdef",
}


def run(words: list[str], served: Served, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Return how a command ended in a folder, for somebody whose server this is."""
    key = {"TOCSIN_KEY": "", "TOCSIN_ENVIRONMENT": "production"}
    return subprocess.run(
        words,
        cwd=folder,
        env={**ENVIRONMENT, **served.environment, **key},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
