"""Credentials: ingest keys for jobs and tokens for persons; only their digests are kept."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from tocsin.engine.commands import AddToken, RevokeToken
from tocsin.web.api.describing import token_shape
from tocsin.web.api.inputs import Who, carry_out, checked_name
from tocsin.web.api.shape import Page
from tocsin.web.api.shapes import DoneShape
from tocsin.web.api.token_shapes import NewTokenShape, TokenShape
from tocsin.web.faults import Problem, ProblemError
from tocsin.web.settings import Credential, CredentialKind, digest_of, new_secret
from tocsin.web.wiring import Wired

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])


class NewToken(BaseModel):
    """The credential that shall be made."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    kind: CredentialKind
    """`ingest` only reports check-ins; `user` is a person and may do everything."""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Whose it is: the name that stands beside what is done with it."""


@router.get("")
def list_tokens(wired: Wired, _: Who) -> Page[TokenShape]:
    """List all credentials that are not revoked, without their secrets."""
    settings = wired.settings
    with wired.store.reading() as reading:
        kept = [token_shape(token) for token in reading.tokens()]
    return Page(
        items=[
            *_configured(settings.ingest_keys, CredentialKind.INGEST),
            *_configured(settings.user_tokens, CredentialKind.USER),
            *kept,
        ]
    )


def _configured(credentials: tuple[Credential, ...], kind: CredentialKind) -> list[TokenShape]:
    return [
        TokenShape(id="", kind=kind.value, name=one.name, created_at=None, source="file")
        for one in credentials
    ]


@router.post("", status_code=201)
def add_token(wired: Wired, who: Who, body: NewToken) -> NewTokenShape:
    """Make a credential; its secret is in this answer and nowhere else.

    The first one must be a user token: from then on nobody gets in without one.
    """
    if body.kind is CredentialKind.INGEST and not wired.access.has_users:
        message = "Make a user token first: with an ingest key alone nobody could log in any more."
        raise ProblemError(Problem(status=409, code="conflict", message=message, field="kind"))
    secret = new_secret(body.kind)
    name = checked_name(body.name, "name")
    done = carry_out(
        wired, AddToken(kind=body.kind.value, name=name, digest=digest_of(secret.encode()), who=who)
    )
    wired.access.refresh()
    return NewTokenShape(
        id=done.id,
        kind=body.kind.value,
        name=name,
        created_at=wired.clock.now(),
        source="store",
        secret=secret,
    )


@router.delete("/{token_id}")
def revoke_token(wired: Wired, who: Who, token_id: str) -> DoneShape:
    """Let a credential open nothing from now on; other servers of the same store follow within seconds.

    The last user token cannot be revoked, because nobody could log in any more.
    """
    with wired.store.reading() as reading:
        users = [token.id for token in reading.tokens() if token.kind == CredentialKind.USER.value]
    if users == [token_id] and not wired.settings.user_tokens:
        message = "This is the last user token; make another one first, or nobody could log in any more."
        raise ProblemError(Problem(status=409, code="conflict", message=message))
    done = carry_out(wired, RevokeToken(token_id=token_id, who=who))
    wired.access.refresh()
    return done
