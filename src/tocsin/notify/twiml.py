"""What Twilio is told to say, in its own language (TwiML, https://www.twilio.com/docs/voice/twiml)."""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

KEY_SECONDS: Final = 10
TIMES_SAID: Final = 2

NOTHING: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
KEYS_HINT: Final = "Press 4 to acknowledge, 6 to resolve, or 1 to hear it again."


def say(text: str, *, language: str, voice: str = "") -> str:
    """Return a document that reads a text aloud and hangs up."""
    return _response(_say(text, language, voice))


def ask(text: str, *, action: str, language: str, voice: str = "") -> str:
    """Return a document that reads a text aloud twice and posts the key that is pressed to `action`."""
    return _response(
        f'<Gather input="dtmf" numDigits="1" timeout="{KEY_SECONDS}" method="POST" '
        f"action={quoteattr(action)}>"
        + _say(f"{text} {KEYS_HINT}", language, voice, times=TIMES_SAID)
        + "</Gather>"
        + _say("No key was pressed. It stays open.", language, voice)
    )


def answer(text: str) -> str:
    """Return a document that answers a text message."""
    return _response(f"<Message>{escape(text)}</Message>")


def _response(inner: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


def _say(text: str, language: str, voice: str, times: int = 1) -> str:
    named = f" voice={quoteattr(voice)}" if voice else ""
    loop = f' loop="{times}"' if times > 1 else ""
    return f"<Say language={quoteattr(language)}{named}{loop}>{escape(text)}</Say>"
