"""The signing secrets of an endpoint: given, kept or made, by the rules of its dialect and its system."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from hookline.api.parts import Parts
from hookline.clock import Micros
from hookline.deliver.dialect import Envelope
from hookline.deliver.sign import check_secret, new_secret, new_signing_key, new_text, sign_with
from hookline.errors import InvalidField
from hookline.model.endpoint import Secret
from hookline.model.ids import SecretId
from hookline.model.system import SecretRule

_FIELD = "secrets"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a body says of them."""

    values: Sequence[str] | None
    unsigned: bool
    preset: bool
    """A preset was chosen, and with it whether requests are signed."""
    rule: SecretRule | None
    """Of the endpoint's system, if it has one."""


def secrets_of(
    given: Given, parts: Parts, dialect: Envelope, now: Micros, known: Sequence[Secret]
) -> tuple[Secret, ...]:
    """`known`: those that the endpoint has. Raises InvalidField."""
    if given.unsigned:
        if given.values:
            raise InvalidField("An unsigned endpoint has no secrets.", hint="Send one of both.", field=_FIELD)
        return ()
    if given.values is not None:
        for value in given.values:
            check_secret_for(value, dialect, given.rule)
        return tuple(new_secret_of(value, parts, now) for value in given.values)
    if dialect.signing is None:
        if known and not given.preset:
            raise InvalidField(
                f"The endpoint has secrets, and the dialect {dialect.name} does not sign.",
                hint="Send unsigned: true, and they go.",
                field=_FIELD,
            )
        return ()
    if known:
        for secret in known:
            check_secret_for(secret.value, dialect, given.rule)
        return tuple(known)
    wanted = given.rule is None or given.rule.made
    return (new_secret_of(made_secret(dialect, rule=given.rule), parts, now),) if wanted else ()


def new_secret_of(value: str, parts: Parts, now: Micros) -> Secret:
    return Secret(id=parts.ids.secret(), value=value, created_at=now)


def check_secret_for(value: str, dialect: Envelope, rule: SecretRule | None) -> None:
    """Raises InvalidField unless endpoints of this dialect and system can sign with `value`."""
    if dialect.signing is None:
        raise InvalidField(
            f"The dialect {dialect.name} does not sign.", hint="Leave the secret out.", field=_FIELD
        )
    check_secret(value, dialect.keys)
    if rule is not None and len(value) < rule.minimum:
        raise InvalidField(
            f"A secret of this system has at least {rule.minimum} characters.",
            hint="Leave it out, and one is made." if rule.made else "Take a longer one.",
            field=_FIELD,
        )
    sign_with(Secret(id=SecretId(""), value=value, created_at=Micros(0)), dialect.signing)


def made_secret(
    dialect: Envelope, kind: Literal["hmac", "ed25519"] = "hmac", *, rule: SecretRule | None = None
) -> str:
    """Raises InvalidField for a kind that the dialect cannot sign with."""
    if kind == "ed25519":
        value = new_signing_key()
    else:
        value = new_secret() if rule is None else new_text(rule.prefix)
    check_secret_for(value, dialect, rule)
    return value
