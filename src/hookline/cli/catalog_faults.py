"""What is wrong with a provider's samples: each is put to the code that receives, and must become what stands beside it."""

from collections.abc import Iterator
from datetime import datetime

from hookline.cli.shelf import Shelf, inbound_of
from hookline.clock import SECOND, Micros
from hookline.errors import InvalidField, NotProven
from hookline.model.provider import Algorithm, Provider
from hookline.model.sample import Sample, SampleAnswer
from hookline.receive.handshake import Answered
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver


def faults_of(shelf: Shelf) -> Iterator[str]:
    """A sentence each, with the file that it speaks of."""
    yield from _missing(shelf)
    for sample in shelf.samples:
        file = f"{shelf.name}/{sample.name}.http"
        try:
            yield from (f"{file}: {fault}" for fault in _of_sample(shelf, sample))
        except InvalidField as error:
            yield f"{shelf.name}/samples.yaml: {sample.name}: {error.field}: {error.detail}"


def now_of(sample: Sample) -> Micros:
    """Raises InvalidField."""
    try:
        return Micros(int(datetime.fromisoformat(sample.now).timestamp() * SECOND))
    except ValueError:
        raise InvalidField(f"{sample.now!r:.64} is no time of RFC 3339.", field="now") from None


def _missing(shelf: Shelf) -> Iterator[str]:
    shown = shelf.file.shown
    proven = {sample.rule.scheme for sample in shelf.samples}
    shaken = {sample.rule.handshake for sample in shelf.samples}
    for name, scheme in shown.schemes.items():
        if scheme.algorithm is not Algorithm.NONE and name not in proven:
            yield f"{shelf.name}/samples.yaml: no sample is signed by the scheme {name}"
    for name in shown.handshakes:
        if name not in shaken:
            yield f"{shelf.name}/samples.yaml: no sample is the handshake {name}"


def _of_sample(shelf: Shelf, sample: Sample) -> Iterator[str]:
    provider = shelf.file.provider(sample.parameters, sample.overrides)
    inbound = inbound_of(sample)
    if sample.rule.scheme:
        yield from _of_signature(provider, sample, inbound)
    receiver = Receiver(provider, Choices(secrets=sample.secrets))
    shaker = receiver.handshake(inbound)
    found = shaker.name if shaker else ""
    if found != sample.rule.handshake:
        yield f"it is {_named(found)}; samples.yaml says {_named(sample.rule.handshake)}"
    elif shaker is None:
        yield from _of_events(receiver, sample, inbound)
    else:
        yield from _of_handshake(receiver, sample, inbound)


def _of_signature(provider: Provider, sample: Sample, inbound: Inbound) -> Iterator[str]:
    """Its own scheme proves it, no other does."""
    own, now = sample.rule.scheme, now_of(sample)
    verdict = Receiver(provider, Choices(secrets=sample.secrets, schemes=(own,))).verify(inbound, now)
    if verdict.refusal is not None:
        detail = f" ({verdict.detail})" if verdict.detail else ""
        yield f"the scheme {own} refuses it: {verdict.refusal}{detail}"
    for name, scheme in provider.schemes.items():
        if name == own or scheme.algorithm is Algorithm.NONE:
            continue
        try:
            other = Receiver(provider, Choices(secrets=sample.secrets, schemes=(name,)))
        except InvalidField:  # its secret is none of that scheme's form
            continue
        if other.verify(inbound, now).refusal is None:
            yield f"the scheme {name} accepts it too; samples.yaml says {own}"


def _of_events(receiver: Receiver, sample: Sample, inbound: Inbound) -> Iterator[str]:
    found, wanted = receiver.identify(inbound).items, sample.rule.events
    if len(found) != len(wanted):
        shown = ", ".join(f"{{id: {item.id!r}, type: {item.type}}}" for item in found)
        yield f"it holds {len(found)} events ({shown}); samples.yaml says {len(wanted)}"
        return
    for number, (item, event) in enumerate(zip(found, wanted, strict=True)):
        for field, is_, said in (
            ("id", item.id, event.id),
            ("type", item.type, event.type),
            ("original", item.original, event.original or item.original),
        ):
            if is_ != said:
                yield f"events[{number}].{field} is {is_!r}; samples.yaml says {said!r}"


def _of_handshake(receiver: Receiver, sample: Sample, inbound: Inbound) -> Iterator[str]:
    shaker = receiver.handshake(inbound)
    assert shaker is not None
    if shaker.rule.signed != bool(sample.rule.scheme):
        must = "must be" if shaker.rule.signed else "is not"
        yield f"this handshake {must} signed; samples.yaml says scheme: {sample.rule.scheme or 'none'}"
    wanted = sample.rule.answer
    if wanted is None:
        yield "samples.yaml does not say how this handshake is answered (`answer`)"
        return
    answer = receiver.shake(shaker, inbound).answer or Answered(NotProven.status, [], b"")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    yield from _of_answer(answer.status, answer.body.decode(errors="replace"), headers, wanted)


def _of_answer(status: int, body: str, headers: dict[str, str], wanted: SampleAnswer) -> Iterator[str]:
    if status != wanted.status:
        yield f"it is answered with {status}; samples.yaml says {wanted.status}"
    if body != wanted.body:
        yield f"the answer's body is {body!r:.200}; samples.yaml says {wanted.body!r:.200}"
    for name, value in wanted.headers.items():
        if headers.get(name) != value:
            yield f"the answer's header {name} is {headers.get(name)!r}; samples.yaml says {value!r}"


def _named(handshake: str) -> str:
    return f"the handshake {handshake}" if handshake else "an event"
