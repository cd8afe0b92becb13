"""Which of a provider's schemes a source tries."""

import pytest

from hookline.model.receipt import Refusal
from hookline.receive.receiver import Choices, Receiver
from tests.catalog.provider_cases import PROVIDERS
from tests.clock import NOON
from tests.receive.making import request

TIMED = {"timestamp_header": "X-Timestamp"}


def generic(choices: Choices, **parameters: str) -> Receiver:
    return Receiver(PROVIDERS["generic"].provider({"header": "X-Signature", **parameters}, {}), choices)


@pytest.mark.parametrize(("parameters", "tried"), [({}, "body"), (TIMED, "timestamped")])
def test_a_scheme_that_its_parameters_rule_out_is_not_tried(parameters: dict[str, str], tried: str) -> None:
    receiver = generic(Choices(secrets=("secret",)), **parameters)
    assert [scheme.name for scheme in receiver.schemes] == [tried]


def test_where_all_are_ruled_out_nothing_is_proven() -> None:
    receiver = generic(Choices(secrets=("secret",), schemes=("timestamped",)))
    signed = request(b"{}", {"X-Signature": "abc", "X-Timestamp": "1"})
    assert receiver.verify(signed, NOON).refusal is Refusal.NO_SIGNATURE
