"""Filters: CEL over `type`, `data`, `tags` and `time`. A filter that compiled never raises: it answers."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from hookline.clock import Micros
from hookline.errors import InvalidFilter, InvalidJson
from hookline.late import Late
from hookline.model.json import parse_json
from hookline.route.functions import ZONED, Regex, zone_of, zoned_functions
from hookline.route.plan import TYPE_NAMES, VARIABLES, Plan, plan_filter
from hookline.route.tokens import Tokens, tokenize

if TYPE_CHECKING:
    from hookline.route import cel_engine
    from hookline.route.cel_engine import Program
else:
    cel_engine = Late("hookline.route.cel_engine")

SLOW_FILTER = 0.05
"""Seconds. A filter that takes longer twice is switched off by its caller."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MATCHES = "_matches"
_FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
Answer = Callable[[object, object], object]
_PREFIX = re.compile(r"^Function '[^']*' error: ")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    matched: bool
    failed: bool = False
    """The filter could not answer. A field that is absent is no failure: it does not match."""
    reason: str = ""
    elapsed: float = 0.0
    """Seconds of the run alone."""


class FilterInput(msgspec.Struct, kw_only=True):
    """An event as filters see it. What they need is made when the first one asks, once for all of them."""

    type: str
    data: bytes
    tags: Mapping[str, str] | Sequence[str] = ()
    time: Micros
    _view: "View | None" = None

    def view(self) -> "View":
        if self._view is None:
            self._view = View(self)
        return self._view


class View:
    """The event inside the CEL library."""

    def __init__(self, event: FilterInput) -> None:
        self.fault = ""
        """Why there is no `data`."""
        self.trouble = ""
        """What one of our functions could not take in this run."""
        self.size = len(event.data) + sum(map(len, event.tags)) + sum(map(len, _values(event.tags)))
        self.roots: dict[str, object] = {"tags": event.tags}
        self.context = cel_engine.ENGINE.Context()
        self._regexes: dict[str, Regex] = {}
        self._extended = False
        try:
            self.context.add_variable("type", event.type)
            self.context.add_variable("tags", event.tags)
            self.context.add_variable("time", _EPOCH + timedelta(microseconds=event.time))
            self.roots["data"] = parse_json(event.data)
            self.context.add_variable("data", self.roots["data"])
        except InvalidJson as error:
            self.fault = f"data is not JSON: {error.detail.removeprefix('The body is not JSON: ')}"
        except (ValueError, TypeError, OverflowError) as error:
            self.fault = f"the event cannot be filtered: {error}"

    def extend(self, regexes: Mapping[str, Regex]) -> None:
        """Add what the library lacks, for the filters that use it."""
        self._regexes.update(regexes)
        if not self._extended:
            self._extended = True
            functions = {**zoned_functions(), _MATCHES: self._matches}
            self.context.update({name: self._watched(name, function) for name, function in functions.items()})

    def _watched(self, name: str, function: Answer) -> Answer:
        """The library prints what a callback raises; so ours answer None, and it is remembered here."""

        def call(subject: object, argument: object) -> object:
            answer = function(subject, argument)
            if answer is None:
                self.trouble = f"{name.strip('_')} cannot take this value"
            return answer

        return call

    def _matches(self, text: object, pattern: object) -> bool | None:
        regex = self._regexes.get(pattern) if isinstance(pattern, str) else None
        return regex.matches(text) if regex else None


class Filter:
    """A compiled filter. Make it with `compile_filter`."""

    def __init__(
        self, program: "Program", plan: Plan, regexes: Mapping[str, Regex], *, extended: bool
    ) -> None:
        self._program = program
        self._plan = plan
        self._reads_data = plan.reads_data
        self._regexes = regexes
        self._extended = extended

    def run(self, event: FilterInput, clock: Callable[[], float] = time.perf_counter) -> Verdict:
        """`clock` measures `elapsed`: wall time costs 0.1 µs a look, the thread's processor time 1.5 µs."""
        view = event.view()
        if view.fault and self._reads_data:
            return _failure(view.fault)
        if refusal := self._plan.refusal(view.roots, view.size):
            return _failure(refusal)
        if self._extended:
            view.extend(self._regexes)
            view.trouble = ""
        started = clock()
        try:
            answer = self._program.execute(view.context)
        except BaseException as error:
            # A panic of the library is no Exception; a signal or a cancellation goes on.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            return _explain(error, clock() - started)
        if self._extended and view.trouble:
            return _failure(view.trouble, clock() - started)
        return _answered(answer, clock() - started)


def compile_filter(source: str) -> Filter:
    """Raises `InvalidFilter`, with the position, for whatever is wrong with `source`."""
    tokens = tokenize(source)
    _compile(source)  # for the message, whose positions are those of the source as it was written
    plan = plan_filter(tokens)
    regexes = {pattern: Regex(pattern) for pattern in _arguments(tokens, "matches")}
    zones = {zone: zone_of(zone) for name in ZONED for zone in _arguments(tokens, name)}
    program = _compile(_with_own_matches(tokens))
    _check_names(program, plan)
    return Filter(program, plan, regexes, extended=bool(regexes or zones))


def _compile(source: str) -> "Program":
    """Raises InvalidFilter for what is wrong with `source`."""
    compile_ = cel_engine.ENGINE.compile  # an engine that is not there is a fault, and no filter's
    try:
        return compile_(source)
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise InvalidFilter(
            _told(str(error)), hint="The language is CEL: data.amount > 100 && type == 'a.b'"
        ) from None


def _check_names(program: "Program", plan: Plan) -> None:
    """Fails closed: were a name hidden from our reading of the source, the limits would not hold for it."""
    known = {*VARIABLES, *TYPE_NAMES, *(macro.variable for macro in plan.macros)}
    if hidden := set(program.variables()) - known:
        raise InvalidFilter(f"There is no variable {min(hidden)[:100]}.")


def _told(error: str) -> str:
    fault = _FAULT.search(error)
    if not fault:
        return "The filter is not CEL."
    return f"{fault[3][:200].rstrip('.')} (line {fault[1]}, column {fault[2]})."


def _arguments(tokens: Tokens, method: str) -> list[str]:
    """The constant argument of each call of `method`, which must have one, so that it is checked and compiled now."""
    found: list[str] = []
    for index, word in enumerate(tokens.words):
        if word.text != method or tokens.text(index + 1) != "(":
            continue
        argument = tokens.words[index + 2]
        if argument.kind == "string" and tokens.text(index + 3) == ")" and tokens.text(index - 1) == ".":
            found.append(str(cel_engine.ENGINE.compile(argument.text).execute()))
        elif argument.text != ")" or method not in ZONED:
            raise InvalidFilter(
                f"{method} takes one constant text ({tokens.where(index)}).",
                hint="Like type.matches('^call[.]')",
            )
    return found


def _with_own_matches(tokens: Tokens) -> str:
    """Calls of `matches` become calls of ours. The library prefers its own over one of the same name."""
    source = tokens.source
    for index in reversed(range(len(tokens.words))):
        word = tokens.words[index]
        if word.text == "matches" and tokens.text(index + 1) == "(":
            source = source[: word.start] + _MATCHES + source[word.start + len(word.text) :]
    return source


def _answered(answer: object, elapsed: float) -> Verdict:
    if isinstance(answer, bool):
        reason = "" if answer else "the filter says no"
        return Verdict(matched=answer, reason=reason, elapsed=elapsed)
    kind = type(answer).__name__
    return Verdict(matched=False, failed=True, reason=f"result was not a bool, got {kind}", elapsed=elapsed)


def _explain(error: BaseException, elapsed: float) -> Verdict:
    match error:
        case KeyError():
            return Verdict(
                matched=False, reason=f"the event has no field {error.args[0]!s:.100}", elapsed=elapsed
            )
        case IndexError():
            return Verdict(matched=False, reason=f"a list is shorter: {error!s:.100}", elapsed=elapsed)
        case TypeError():
            return _failure("a value has another type than the filter expects", elapsed)
        case ZeroDivisionError():
            return _failure("a number is divided by zero", elapsed)
        case OverflowError():
            return _failure("a number is too large", elapsed)
        case _:
            return _failure(f"the filter failed: {_PREFIX.sub('', str(error)):.200}", elapsed)


def _failure(reason: str, elapsed: float = 0.0) -> Verdict:
    return Verdict(matched=False, failed=True, reason=reason, elapsed=elapsed)


def _values(tags: Mapping[str, str] | Sequence[str]) -> Iterable[str]:
    return tags.values() if isinstance(tags, Mapping) else ()
