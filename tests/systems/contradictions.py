"""Where the documents of the six systems say two things, and what Hookline does."""

from typing import NamedTuple

from tests.systems.shown import CALL, CALL_STARTED, REGISTERED, VOICEMAIL


class Contradiction(NamedTuple):
    """Where a document says two things."""

    unit: str
    says: str
    choice: str


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction(
        "001/Example 1: Slack Integration/json",
        "The example has no idempotency_key, which the payload format has.",
        "It is in every body, and in the header.",
    ),
    Contradiction(
        "001/HMAC Signature Verification/json",
        "The key ends with a second of November 2023; the timestamp beside it is of November 2025.",
        "The key ends with the second of the timestamp.",
    ),
    Contradiction(
        "001/HMAC Signature Verification/json",
        'Its last line is a remark, "full callback data", in a place for fields.',
        "All fields that the callback request has are sent.",
    ),
    Contradiction(
        "001/HMAC Signature Verification/php",
        "It compares the bare hex with the header, which has sha256= before it.",
        "The header is as the list of headers has it; the page for receivers mends the example.",
    ),
    Contradiction(
        "001/Webhook Configuration Fields/table",
        "max_retry_attempts counts retries by its description, attempts by the delivery flow: 3 with the first.",
        "It counts attempts in all.",
    ),
    Contradiction(
        "001/8 Available Events/table",
        "Two of the eight events are not implemented yet.",
        "All eight are sent.",
    ),
    *(
        Contradiction(
            example.unit,
            "The id ends with a millisecond of December 2023; the timestamp beside it is of December 2025.",
            "The id ends with the millisecond of the timestamp.",
        )
        for example in (CALL, CALL_STARTED, REGISTERED, VOICEMAIL)
    ),
    Contradiction(
        "003/Configuration/yaml",
        "max_retries is the number of retry attempts by its remark; the log says attempt 1/3.",
        "It counts attempts in all.",
    ),
    Contradiction(
        "003/Future: HMAC Signature (Planned)/text",
        "A subscription has a secret, and no header is signed yet.",
        "The planned header is sent where there is a secret.",
    ),
    Contradiction(
        "002/Verifying Signatures/javascript",
        "timingSafeEqual raises for a header of another length, where 401 is meant to be answered.",
        "The header has always 64 letters; the page for receivers looks at the length first.",
    ),
    Contradiction(
        "004/Signature Verification/php",
        "The signature is of the payload as PHP encodes it again, elsewhere of the payload.",
        "The body is written as PHP encodes it, so that both agree.",
    ),
    Contradiction(
        "000/Signature Verification/php",
        "The header is X-Retell-Signature in hex; Retell itself signs v=…,d=… in the same header.",
        "Either is accepted; Cal.com's X-Cal-Signature-256 beside X-Calcom-Signature, too.",
    ),
)
