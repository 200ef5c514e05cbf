import base64
import hashlib
import hmac
import time


def is_from_tocsin(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """`headers` with lower-case names, `body` as it came, before any parsing."""
    key, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:
        return False
    signed = b".".join((key.encode(), sent.encode(), body))
    good = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(good).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split())
