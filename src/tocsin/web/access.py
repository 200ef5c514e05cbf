"""Who may do what: credentials from the configuration and from the store, known by their digests alone."""

from dataclasses import dataclass, field
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
    """Every credential there is: names by digest. `complete` says that the store could be asked."""

    ingest: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    complete: bool = False


class Access:
    """Answers who somebody is, from memory; what the store says is at most some seconds old.

    A look-up by digest needs no constant time: nobody can choose a secret by its digest.
    """

    def __init__(self, store: Store, settings: WebSettings) -> None:
        self._store = store
        self._settings = settings
        self._on_loopback = is_loopback(settings.host)
        self._known = Known()
        self._look_at_seconds = 0.0
        self.refresh()

    @property
    def is_open(self) -> bool:
        """Whether no credential exists, so that everybody on this machine may do everything.

        Never while the store cannot be read, because then we do not know; and never when others can reach
        us, also when the last credential was just revoked.
        """
        known = self._known
        return self._on_loopback and known.complete and not known.ingest and not known.users

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
        return bool(self._known.users)

    def refresh(self) -> None:
        """Ask the store for its credentials; where it cannot answer, what was known stays known."""
        try:
            with self._store.reading() as reading:
                tokens = reading.tokens()
        except StoreError:
            known = self._known
            self._known = Known(
                ingest=known.ingest or _by_digest(self._settings.ingest_keys, [], CredentialKind.INGEST),
                users=known.users or _by_digest(self._settings.user_tokens, [], CredentialKind.USER),
                complete=known.complete,
            )
            return
        self._known = Known(
            ingest=_by_digest(self._settings.ingest_keys, tokens, CredentialKind.INGEST),
            users=_by_digest(self._settings.user_tokens, tokens, CredentialKind.USER),
            complete=True,
        )

    def user(self, secret: bytes) -> str | None:
        """Return the name of the person whose token this is, or None."""
        return self._known.users.get(digest_of(secret)) if secret else None

    def reporter(self, secret: bytes) -> str | None:
        """Return the name of whoever may report check-ins with this secret, or None; a person may too."""
        known = self._known
        digest = digest_of(secret)
        return known.ingest.get(digest) or known.users.get(digest)

    def ingest_key(self, secret: bytes) -> str | None:
        """Return the name of an ingest key, or None; tokens of persons are not taken from addresses."""
        return self._known.ingest.get(digest_of(secret))


def _by_digest(configured: tuple[Credential, ...], kept: list[Token], kind: CredentialKind) -> dict[str, str]:
    names = {token.digest: token.name for token in kept if token.kind == kind.value}
    return names | {credential.digest: credential.name for credential in configured}


def secret_of(authorization: bytes) -> bytes:
    """Return the secret of an Authorization header that says Bearer, else nothing."""
    scheme, _, secret = authorization.partition(b" ")
    return secret.strip() if scheme.lower() == b"bearer" else b""
