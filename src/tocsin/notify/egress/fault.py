"""Why a connection failed, in words that hold no more than the fault.

The text of the errors themselves may hold the address, which may be a secret.
"""

import http.client
import socket
import ssl

from tocsin.notify.egress.deadline import Deadline


def fault_of(error: Exception, deadline: Deadline) -> str:
    """Return the reason for a person; what the deadline ended ran out of time, whatever its error says."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if deadline.over or isinstance(cause, TimeoutError):
        return "it took too long"
    if isinstance(cause, socket.gaierror):
        return "the name of the host does not resolve"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {(cause.reason or 'the connection ended').lower().replace('_', ' ')}"
    if isinstance(cause, http.client.HTTPException) and not isinstance(cause, OSError):
        return "the answer was not HTTP"
    return (
        (cause.strerror or "").lower()
        if isinstance(cause, OSError) and cause.strerror
        else "the connection ended"
    )
