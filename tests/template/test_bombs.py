"""Templates that are made to hurt: each is stopped by its limit, within 50 ms of it, in CPU time that is measured."""

import gc
import time
from contextlib import suppress
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookline.errors import InvalidTemplate
from hookline.template.engine import Limits, Scope, TemplateFailed, compile_text
from hookline.template.filters.filter import arity
from hookline.template.filters.table import FILTERS
from hookline.template.values import decode

LIMITS = Limits()
SLACK = 0.05
YARD = 0.012
"""CPU seconds of `slowness`'s sum on a machine that nobody else is busy on."""
HOSTILE = {
    "big": "x" * 200_000,
    "words": "ab " * 60_000,
    "marks": "<script" * 28_000,
    "open": "<" * 200_000,
    "escapes": "%41" * 60_000,
    "entities": "&amp" * 50_000,
    "emoji": "😀" * 60_000,
    "control": "\x01" * 170_000,
    "lines": "\n \n" * 60_000,
    "digits": "9" * 200_000,
    "mega": "y" * 1_000_000,
    "numbers": list(range(8_000)),
    "texts": [f"name {n % 97}" for n in range(5_000)],
    "many": list(range(200_000)),
    "rows": [{"id": n, "name": f"n{n % 7}", "price": decode(b"1.50")} for n in range(2_000)],
    "tree": [{"a": [{"b": "c" * 10}] * 10}] * 3_000,
    "deep": decode(b"[" * 60 + b"]" * 60),
    "far": decode(b"1e999999"),
    "large": decode(b"1e400"),
    "tiny": decode(b"1e-400"),
}
LOOP = "{{% for n in (1..10000) %}}{}{{% endfor %}}"


def soon_enough(seconds: float, limit: float = LIMITS.seconds) -> bool:
    """On a machine that is slow, or shared, everything takes as much longer; which it is at this moment is measured."""
    return seconds < limit + SLACK or seconds < limit + SLACK * slowness()


def slowness() -> float:
    begun = time.thread_time()
    sum(n % 7 for n in range(200_000))
    return (time.thread_time() - begun) / YARD


def spent(source: str) -> tuple[float, str]:
    """CPU seconds of the rendering, and why it ended; empty for one that came to its end.

    Without the garbage collector: it goes through the heap of all tests, which no template made.
    """
    template = compile_text(source, "template")
    scope = Scope(HOSTILE, limits=LIMITS)
    gc.disable()
    begun = time.thread_time()
    reason = ""
    try:
        template.text(scope)
    except TemplateFailed as error:
        reason = error.reason
    finally:
        gc.enable()
    return time.thread_time() - begun, reason


LOOPS, OUTPUT, VALUE, NAMES, TIME, NUMBER = (
    "turned more than 10,000 times",
    "wrote more than 1 MiB",
    "more than 256 KiB",
    "assigns more than 1 MiB",
    "ran longer than 100 ms",
    "more than a hundred digits",
)


@pytest.mark.parametrize(
    ("source", "limit"),
    [
        ("{% for n in (1..100000000000) %}x{% endfor %}", LOOPS),
        ("{% for n in (1..100000000000) reversed %}x{% endfor %}", LOOPS),
        ("{% for n in (1..large) limit: 1 %}x{% endfor %}", LOOPS),
        ("{% for n in (1..200) %}{% for m in (1..200) %}{% endfor %}{% endfor %}", LOOPS),
        ("{% for n in (1..6000) %}{% endfor %}" * 2, LOOPS),
        ("{% for n in many %}{% endfor %}", LOOPS),
        (LOOP.format("{{ big }}"), OUTPUT),
        (LOOP.format("{{ tree }}"), OUTPUT),
        (LOOP.format("{% cycle big, mega %}"), OUTPUT),
        (LOOP.format("x" * 500), OUTPUT),
        ("{{ many }}", OUTPUT),
        ("{{ control | json }}{{ control | json }}", OUTPUT),
        ("{% assign a = 'x' %}" + LOOP.format("{% assign a = a | append: a %}"), VALUE),
        ("{% capture a %}" + LOOP.format("{{ big }}") + "{% endcapture %}", VALUE),
        ("{{ big | replace: 'x', big }}", VALUE),
        ("{{ big | replace: '', big }}", VALUE),
        ("{{ (1..100000000000) | join }}", LOOPS),
        ("{{ (1..100000000000) | json }}", LOOPS),
        ("{{ 1 | default: (1..100000000000) | concat: (1..100000000000) }}", LOOPS),
        ("{{ (1..9000) | join: 'a separator that is long enough to make much' }}", VALUE),
        ("{{ (1..4000) | join: big }}", VALUE),
        ("{{ big | split: '' }}", VALUE),
        ("{{ big | prepend: words | upcase }}", VALUE),
        ("{{ many | sort }}", VALUE),
        ("{{ emoji | url_encode }}", VALUE),
        ("{{ open | html }}", VALUE),
        ("{% assign a = (1..10000000) %}", VALUE),
        ("".join(f"{{% assign a{n} = big | append: '!' %}}" for n in range(500)), NAMES),
        ("{% assign a = 3 %}" + LOOP.format("{% assign a = a | times: a %}"), NUMBER),
        ("{{ large | floor }}", NUMBER),
        (LOOP.format("{{ tree | json | size }}"), TIME),
        (LOOP.format("{{ tree | json | size }}{{ many | json | size }}"), TIME),
        (LOOP.format("{{ marks | strip_html | size }}"), TIME),
        (LOOP.format("{{ emoji | cut: 30000, 'json' | size }}"), TIME),
        (LOOP.format("{% assign a = numbers | sort_natural | reverse | uniq | sort %}"), TIME),
        (LOOP.format("{{ texts | sort | size }}"), TIME),
        (LOOP.format("{% if mega contains 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyz' %}{% endif %}"), TIME),
        (LOOP.format("{% if tree == rows or tree contains rows %}{% endif %}"), TIME),
        (LOOP.format("{% if true %}{% endif %}" * 1_000), TIME),
        (LOOP.format("{% for m in many reversed %}{% break %}{% endfor %}" * 20), TIME),
        (LOOP.format("{{ 'a'" + " | append: 'b'" * 100 + " }}"), TIME),
        ("{% case 1 %}{% when 1,1,1,1,1,1,1,1,1,1 %}" * 25 + "x" + "{% endcase %}" * 25, TIME),
    ],
)
def test_a_bomb_is_stopped_by_its_limit(source: str, limit: str) -> None:
    seconds, reason = spent(source)
    assert limit in reason
    assert soon_enough(seconds)


@pytest.mark.parametrize(
    "source",
    [
        "{{ '2026-01-01' | date: '%9999999d' }}",
        "{{ big | date: '%Y' }}",
        "{{ digits | date: '%Y' }}{{ large | date: '%Y' }}{{ far | date: '%Y' }}",
        "{{ far | plus: 1 }}{{ tiny | times: tiny }}{{ large | modulo: 3 }}",
        "{{ large | times: large }}{{ tiny | round: 30 }}",
        "{{ digits | plus: digits }}{{ digits | round: digits }}",
        "{{ big | slice: large, large }}{{ big | truncate: digits }}",
        "{% for n in (1..far) %}{% endfor %}{% for n in (far..large) %}{% endfor %}",
        "{% for n in many offset: large %}{% endfor %}{% for n in many limit: tiny %}{% endfor %}",
        "{{ lines | adf | json }}{{ lines | squish }}{{ lines | first_line }}",
        "{{ words | truncatewords: 50000 }}",
        "{{ escapes | url_decode }}",
        "{{ entities | strip_html }}",
        "{{ deep }}{{ deep | json }}{{ deep | join }}{{ deep | sort }}",
        "{{ 9" + "9" * 1900 + " | times: 3 }}",
        "{{ 9" + "9" * 1900 + ".5 | json }}",
    ],
)
def test_what_is_wild_and_not_large_ends_soon(source: str) -> None:
    assert soon_enough(spent(source)[0])


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_takes_longer_than_the_limit_whatever_it_is_given(name: str) -> None:
    least, most, _ = arity(FILTERS[name])
    for count in range(least, min(most, 1) + 1):
        for values in product(HOSTILE, repeat=count + 1):
            given = f": {', '.join(values[1:])}" if count else ""
            assert soon_enough(spent(f"{{{{ {values[0]} | {name}{given} | size }}}}")[0])


@pytest.mark.parametrize(
    "source",
    [
        "{{" * 30_000,
        "{%" * 30_000,
        "{%  " * 16_000,
        "{{ " + "(" * 2_000 + " }}",
        "{{ " + '["x"' * 500 + " }}",
        "{{" + " " * 2_000 + "}}",
        "{% else" + " " * 2_000 + "%}",
        "{% raw %}" * 7_000,
        "{% comment %}" * 5_000,
        "{% comment" * 6_000,
        "{% if " + "a and " * 330 + "a %}{% endif %}",
        "{{ " + "a[" * 600 + "1" + "]" * 600 + " }}",
        "{% if a %}" * 6_000,
        "{{ a | " * 9_000,
        "{{ 'a' | append: '" + "(" * 1_900 + "' }}",
        "x" * 65_536,
        "{" * 65_536,
    ],
)
def test_a_source_that_is_made_to_be_slow_compiles_or_is_refused_at_once(source: str) -> None:
    """Without the garbage collector, as in `spent`. The best of three: a machine that is busy with others counts their
    share of the core as ours, and what is slow by itself is slow each time.
    """
    assert soon_enough(min(compiling(source) for _ in range(3)), limit=0)


def compiling(source: str) -> float:
    """Seconds of processor."""
    gc.disable()
    begun = time.thread_time()
    try:
        with suppress(InvalidTemplate):
            compile_text(source, "template")
    finally:
        gc.enable()
    return time.thread_time() - begun


NAMES_OF = st.sampled_from(sorted(HOSTILE))
ARGUMENT = NAMES_OF | st.sampled_from(
    ["1", "-1", "0", "99999999999", "1.5", "''", "'x'", "' '", "(1..9999)", "(1..99999999)", "n", "a"]
)


@st.composite
def calls(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(FILTERS)))
    least, most, _ = arity(FILTERS[name])
    given_ = draw(st.lists(ARGUMENT, min_size=least, max_size=most))
    return f" | {name}" + (f": {', '.join(given_)}" if given_ else "")


OUTPUTS = st.builds("{{{{ {}{} }}}}".format, ARGUMENT, st.lists(calls(), max_size=4).map("".join))
ASSIGNS = st.builds("{{% assign a = {}{} %}}".format, ARGUMENT, st.lists(calls(), max_size=4).map("".join))
CONDITIONS = st.builds(
    "{} {} {}".format, ARGUMENT, st.sampled_from(["==", "<", ">=", "contains", "and"]), ARGUMENT
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    loops = st.builds(
        "{{% for n in {} {} %}}{}{{% endfor %}}".format,
        ARGUMENT,
        st.sampled_from(["", "reversed", "limit: 3", "offset: 199990", "limit: large", "offset: n"]),
        inner,
    )
    ifs = st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, CONDITIONS, inner, inner)
    captures = st.builds("{{% capture a %}}{}{{% endcapture %}}".format, inner)
    cases = st.builds(
        "{{% case {} %}}{{% when {}, {} %}}{}{{% endcase %}}".format, ARGUMENT, ARGUMENT, ARGUMENT, inner
    )
    cycles = st.builds("{{% cycle {}, {} %}}".format, ARGUMENT, ARGUMENT)
    return loops | ifs | captures | cases | cycles | st.lists(inner, max_size=3).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.recursive(OUTPUTS | ASSIGNS, blocks, max_leaves=8))
def test_no_template_runs_longer_than_its_limit(source: str) -> None:
    with suppress(InvalidTemplate):
        assert soon_enough(spent(source)[0])
