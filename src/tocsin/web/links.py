"""Which addresses lead to a page, and which might act."""

from urllib.parse import urlsplit


def web_link(text: str) -> str:
    """Return an address that may be made a link: http and https alone, else nothing."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in ("http", "https") and parts.netloc else ""
