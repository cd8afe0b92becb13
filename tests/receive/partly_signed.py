"""What schemes that do not sign the whole body do sign of it, read without any code of the receiver."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl


class Partly(NamedTuple):
    why: str
    signed: Callable[[bytes], object]
    """The values of a body that count. Two bodies with the same ones are the same to whoever signed."""


def _nothing(_: bytes) -> object:
    return ()


def _adyen(body: bytes) -> object:
    items = [one["NotificationRequestItem"] for one in json.loads(body)["notificationItems"]]
    return [
        (
            *(item.get(name) for name in ("pspReference", "originalReference", "merchantAccountCode")),
            *(item.get("merchantReference"), item.get("amount"), item.get("eventCode"), item.get("success")),
            item["additionalData"]["hmacSignature"],
        )
        for item in items
    ]


def _amazon(body: bytes) -> object:
    names = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    fields: dict[str, Any] = json.loads(body)
    return [fields.get(name) for name in (*names, "Signature", "SignatureVersion")]


def _mailgun_json(body: bytes) -> object:
    signature = json.loads(body)["signature"]
    return signature["timestamp"], signature["token"], signature["signature"]


def _mailgun_form(body: bytes) -> object:
    fields = dict(_fields(body))
    return [fields.get(name) for name in ("timestamp", "token", "signature")]


def _graph_states(body: bytes) -> object:
    return [item["clientState"] for item in json.loads(body)["value"]]


def _graph_tokens(body: bytes) -> object:
    return json.loads(body)["validationTokens"]


def _sorted_fields(body: bytes) -> object:
    return sorted(_fields(body))


def _fields(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


_SNS = "the named fields are signed, not the JSON around them; of the certificate's URL only the host counts"
_TOKENS = "the tokens prove who sent it, and are not tied to the notifications"
PARTLY: dict[str, Partly] = {
    "adyen/item": Partly("eight fields of each item are signed, and nothing else", _adyen),
    "aws-sns/v1": Partly(_SNS, _amazon),
    "aws-sns/v2": Partly(_SNS, _amazon),
    "jira/jwt": Partly("the token proves who sent it, and says nothing of the body", _nothing),
    "mailgun/form": Partly("time and token are signed, not the other fields", _mailgun_form),
    "mailgun/json": Partly("time and token are signed, not what happened", _mailgun_json),
    "microsoft-graph/client-state": Partly("a static secret in each item", _graph_states),
    "microsoft-graph/validation-tokens": Partly(_TOKENS, _graph_tokens),
    "microsoft-graph/validation-tokens-v1": Partly(_TOKENS, _graph_tokens),
    "monday/jwt": Partly("the token is made for the URL, and says nothing of the body", _nothing),
    "twilio/form": Partly("fields are signed as they decode: %2B and %2b are the same", _sorted_fields),
}
"""Where a turned bit in the body may change nothing, and why."""

SEVERAL: dict[str, str] = {
    "box/v1": "two keys sign, and one that fits is enough",
    "circleci/v1": "signatures of versions that are not known stand beside it",
    "docusign/hmac": "a header for each key of the account, and one that fits is enough",
    "paddle/h1": "two signatures while the secret is rolled",
    "pagerduty/v1": "two signatures while the secret is rolled",
    "standard/v1": "two signatures while the secret is rolled",
    "stripe/v1": "v0 never counts, and there are two v1 while the secret is rolled",
}
"""Where a turned bit in a header that holds signatures may change nothing: another one there is as good."""
