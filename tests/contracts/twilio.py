"""A look-alike of Twilio's API of 2010-04-01, which takes what its documentation allows and nothing else."""

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from tests.contracts.receivers import HttpReceiver, Received, answered

SID = "AC" + "0123456789abcdef" * 2
NUMBER = re.compile(r"\+[1-9]\d{1,14}")
SENDER = re.compile(r"\+[1-9]\d{1,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}")
SERVICE = re.compile(r"MG[0-9a-f]{32}")
INVALID_NUMBER = "+15005550001"
NO_ROUTE = "+15005550002"
BLOCKED = "+15005550004"
QUEUE_FULL = "+15005550008"
MADE = "SM" + "0" * 32
KNOWN = {
    "Messages": {"To", "From", "MessagingServiceSid", "Body", "StatusCallback"},
    "Calls": {"To", "From", "Twiml", "Url", "Timeout", "StatusCallback", "StatusCallbackEvent"},
}
REASONS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}

Fault = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request that Twilio makes to the address that it was given."""

    path: str
    body: bytes
    signature: str


class Twilio(HttpReceiver):
    """Makes messages and calls; its magic numbers behave as Twilio's own do in tests."""

    password = "T0SECRET0B0SECRET"

    def accepting(self, asked: Received) -> bytes:
        """Answer 201 to what may be made, else the error that Twilio would give."""
        found = next(self.faults(asked), None)
        if found is None:
            made = {"sid": MADE, "status": "queued", "error_code": None, "num_segments": "1"}
            return answered(201, "Created", json.dumps(made).encode())
        status, code, text = found
        body = {
            "code": code,
            "message": text,
            "more_info": "https://www.twilio.com/docs/errors",
            "status": status,
        }
        return answered(status, REASONS[status], json.dumps(body).encode())

    def faults(self, asked: Received) -> Iterator[Fault]:
        """Return what Twilio would not do."""
        login = "Basic " + base64.b64encode(f"{SID}:{self.password}".encode()).decode()
        if asked.headers.get("authorization") != login:
            yield 401, 20003, "Authenticate"
        found = re.fullmatch(
            rf"POST /2010-04-01/Accounts/{SID}/(Messages|Calls)\.json HTTP/1\.1", asked.first
        )
        if found is None:
            yield 404, 20404, "The requested resource was not found"
            return
        if asked.headers["content-type"] != "application/x-www-form-urlencoded":
            yield 400, 21602, "A message body is required"
        pairs = parse_qsl(asked.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        fields = dict(pairs)
        if len(fields) < len(pairs) or fields.keys() - KNOWN[found[1]]:
            yield 400, 20001, "unknown parameters"
        yield from self._of_number(fields.get("To", ""))
        yield from self._of_callback(fields)
        yield from self.of_message(fields) if found[1] == "Messages" else self.of_call(fields)

    def _of_number(self, number: str) -> Iterator[Fault]:
        if number == INVALID_NUMBER or not NUMBER.fullmatch(number):
            yield 400, 21211, f"The 'To' number {number} is not a valid phone number."
        if number == NO_ROUTE:
            yield 400, 21612, "The 'To' phone number cannot be reached from this 'From' number."
        if number == BLOCKED:
            yield 400, 21610, "Attempt to send to unsubscribed recipient"
        if number == QUEUE_FULL:
            yield 400, 21611, "This 'From' number has exceeded the maximum number of queued messages"

    def _of_callback(self, fields: dict[str, str]) -> Iterator[Fault]:
        """Return whether Twilio could never reach the address, which is then an error of the request."""
        if "StatusCallback" in fields and "." not in (urlsplit(fields["StatusCallback"]).hostname or ""):
            yield 400, 21609, "The 'StatusCallback' URL is not a valid URL."
        if fields.get("StatusCallbackEvent", "completed") not in {
            "initiated",
            "ringing",
            "answered",
            "completed",
        }:
            yield 400, 21626, "Invalid Statuscallback Events"

    def of_message(self, fields: dict[str, str]) -> Iterator[Fault]:
        """Return what is wrong with a message."""
        if ("From" in fields) == ("MessagingServiceSid" in fields):
            yield 400, 21603, "A 'From' phone number is required"
        if "From" in fields and not SENDER.fullmatch(fields["From"]):
            yield 400, 21212, "The 'From' number is not a valid phone number"
        if "MessagingServiceSid" in fields and not SERVICE.fullmatch(fields["MessagingServiceSid"]):
            yield 400, 21701, "The Messaging Service does not exist"
        if not fields.get("Body"):
            yield 400, 21602, "Message body is required"
        if len(fields["Body"]) > 1600:
            yield 400, 21617, "The concatenated message body exceeds the 1600 character limit"

    def of_call(self, fields: dict[str, str]) -> Iterator[Fault]:
        """Return what is wrong with a call."""
        if not NUMBER.fullmatch(fields.get("From", "")):
            yield 400, 21212, "Invalid 'From' number"
        if ("Twiml" in fields) == ("Url" in fields):
            yield 400, 21205, "Url or Twiml is required"
        if len(fields["Twiml"]) > 4000:
            yield 400, 21218, "The Twiml is too long"
        if not 0 < int(fields.get("Timeout", "60")) <= 600:
            yield 400, 21220, "Timeout"
        yield from of_twiml(fields["Twiml"])


def of_twiml(text: str) -> Iterator[Fault]:
    """Return what Twilio would not understand in a document."""
    root = ET.fromstring(text)  # noqa: S314 - our own document, which is what is tested
    if root.tag != "Response":
        yield 400, 12100, "Document parse failure"
    for verb in root.iter():
        if verb.tag not in {"Response", "Say", "Gather", "Pause", "Message"}:
            yield 400, 12200, f"unknown verb {verb.tag}"
    for gather in root.iter("Gather"):
        if set(gather.attrib) - {"input", "numDigits", "timeout", "method", "action"}:
            yield 400, 12200, "unknown attribute"
        if {verb.tag for verb in gather} - {"Say", "Pause", "Play"}:
            yield 400, 13333, "invalid nested verb"


def callback(asked: Received, status: str, *, error: str = "", sid: str = MADE, token: str) -> Callback:
    """Return what Twilio posts when what was asked for has come to a status, signed by its own library."""
    made = dict(parse_qsl(asked.body.decode("ascii")))
    what = "Call" if "/Calls." in asked.first else "Message"
    fields = {"AccountSid": SID, "To": made["To"], "From": made["From"], f"{what}Sid": sid}
    fields[f"{what}Status"] = status
    if error:
        fields["ErrorCode"] = error
    where = urlsplit(made["StatusCallback"])._replace(fragment="")
    signature = RequestValidator(token).compute_signature(where.geturl(), fields)
    return Callback(path=f"{where.path}?{where.query}", body=urlencode(fields).encode(), signature=signature)
