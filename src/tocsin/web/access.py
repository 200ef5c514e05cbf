"""Who may do what: credentials from the configuration and from the store, known by their digests alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.clock import monotonic
from tocsin.errors import StoreError
from tocsin.store.base import Store
from tocsin.store.rows import Token
from tocsin.web.settings import Credential, CredentialKind, WebSettings, digest_of, is_loopback

FRESH_SECONDS: Final = 5.0
ANYBODY: Final = "anonymous (loopback)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Credentials: the names of their holders by digest."""

    ingest: Mapping[str, str]
    users: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self.ingest and not self.users


_NOBODY: Final = Known(ingest={}, users={})


class Access:
    """Answers who somebody is, from memory; what the store says is at most some seconds old.

    What is configured and what the store keeps are two values, each replaced as a whole, so that any thread
    may ask at any time. A look-up by digest needs no constant time: nobody can choose a secret by its digest.
    """

    def __init__(self, store: Store, settings: WebSettings) -> None:
        self._store = store
        self._on_loopback = is_loopback(settings.host)
        self._kept: Known | None = None
        self._look_at_seconds = 0.0
        self.settings = settings
        self._configured = _configured(settings)
        self.refresh()

    def reload(self, settings: WebSettings) -> None:
        """Let in from now on whom these settings name; the address that we are bound to stays what it was."""
        self._configured = _configured(settings)
        self.settings = settings

    @property
    def is_open(self) -> bool:
        """Whether no credential exists, so that everybody on this machine may do everything.

        Never before the store was read, because then we do not know; and never when others can reach
        us, also when the last credential was just revoked.
        """
        kept = self._kept
        return self._on_loopback and kept is not None and kept.is_empty and self._configured.is_empty

    def is_due(self) -> bool:
        """Whether it is time to ask the store again; says so to one caller each time."""
        now_seconds = monotonic()
        if now_seconds < self._look_at_seconds:
            return False
        self._look_at_seconds = now_seconds + FRESH_SECONDS
        return True

    @property
    def has_users(self) -> bool:
        """Whether anybody can log in."""
        return bool(self._configured.users or (self._kept or _NOBODY).users)

    def refresh(self) -> None:
        """Ask the store for its credentials; where it cannot answer, what was known stays known."""
        try:
            with self._store.reading() as reading:
                tokens = reading.tokens()
        except StoreError:
            return
        self._kept = Known(
            ingest=_kept(tokens, CredentialKind.INGEST), users=_kept(tokens, CredentialKind.USER)
        )

    def user(self, secret: bytes) -> str | None:
        """Return the name of the person whose token this is, or None."""
        return self._user(digest_of(secret)) if secret else None

    def reporter(self, secret: bytes) -> str | None:
        """Return the name of whoever may report check-ins with this secret, or None; a person may too."""
        digest = digest_of(secret)
        return self._ingest(digest) or self._user(digest)

    def ingest_key(self, secret: bytes) -> str | None:
        """Return the name of an ingest key, or None; tokens of persons are not taken from addresses."""
        return self._ingest(digest_of(secret))

    def _ingest(self, digest: str) -> str | None:
        return self._configured.ingest.get(digest) or (self._kept or _NOBODY).ingest.get(digest)

    def _user(self, digest: str) -> str | None:
        return self._configured.users.get(digest) or (self._kept or _NOBODY).users.get(digest)


def _configured(settings: WebSettings) -> Known:
    return Known(ingest=_by_digest(settings.ingest_keys), users=_by_digest(settings.user_tokens))


def _by_digest(credentials: tuple[Credential, ...]) -> Mapping[str, str]:
    return {credential.digest: credential.name for credential in credentials}


def _kept(tokens: list[Token], kind: CredentialKind) -> Mapping[str, str]:
    return {token.digest: token.name for token in tokens if token.kind == kind.value}


def secret_of(authorization: bytes) -> bytes:
    """Return the secret of an Authorization header that says Bearer, else nothing."""
    scheme, _, secret = authorization.partition(b" ")
    return secret.strip() if scheme.lower() == b"bearer" else b""
