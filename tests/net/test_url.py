"""One strict parser: a text has one meaning, or it is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.errors import InvalidUrl
from hookline.net.url import MAX_URL, Url, parse_url

CANONICAL = {
    "HTTPS://EXAMPLE.com": "https://example.com/",
    "https://example.com:443/Hook?b=1&a=%2f#top": "https://example.com/Hook?b=1&a=%2f",
    "http://example.com:80": "http://example.com/",
    "http://example.com:8080?x": "http://example.com:8080/?x",
    "https://example.com./": "https://example.com/",
    "https://bücher.example/ü?q=ü": "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC",
    "https://BÜCHER.example/": "https://xn--bcher-kva.example/",
    "https://xn--bcher-kva.example/": "https://xn--bcher-kva.example/",
    "https://[2001:DB8:0::0001]:8443/": "https://[2001:db8::1]:8443/",
    "https://[::ffff:1.2.3.4]/": "https://[::ffff:102:304]/",
    "https://example.com/a/../b//c;d=1,2?e[f]={g}|<h>": "https://example.com/a/../b//c;d=1,2?e[f]=%7Bg%7D%7C%3Ch%3E",
    "https://example.com/100%?%zz": "https://example.com/100%?%zz",
}


@pytest.mark.parametrize(("text", "canonical"), CANONICAL.items())
def test_the_canonical_text_is_the_one_spelling_of_a_url(text: str, canonical: str) -> None:
    assert parse_url(text).text == canonical
    assert parse_url(canonical).text == canonical


def test_the_parts_say_what_is_dialled_and_what_is_asked_for() -> None:
    assert parse_url("https://[2001:db8::1]:8443/a?b") == Url(
        scheme="https",
        host="2001:db8::1",
        port=8443,
        target="/a?b",
        text="https://[2001:db8::1]:8443/a?b",
    )


def test_a_refusal_names_the_field_and_says_how_to_mend_it() -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse_url("https://user:hunter2@example.com/")
    assert caught.value.field == "url"
    assert "auth" in caught.value.hint
    assert "hunter2" not in caught.value.detail + caught.value.hint


def test_a_url_may_not_grow_over_its_bound_by_being_encoded() -> None:
    parse_url("https://example.com/" + "a" * (MAX_URL - 20))
    with pytest.raises(InvalidUrl):
        parse_url("https://example.com/" + "ü" * 1000)


hosts = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="aA0x179.-_[]:%@\\xn。．ⅰß\u0430", max_size=30),
    st.ip_addresses().map(lambda ip: f"[{ip}]" if ip.version == 6 else str(ip)),
    st.from_regex(r"(xn--)?[a-z0-9äöüßéñ日本語-]{1,20}(\.[a-z]{2,5})?\.?", fullmatch=True),
)
urls = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["http://", "https://", "HTTP://", "https:/", "//"]),
        hosts,
        st.one_of(st.just(""), st.integers(-1, 70000).map(lambda port: f":{port}"), st.text(max_size=5)),
        st.one_of(st.just(""), st.text(max_size=20).map("/{}".format), st.text(max_size=20)),
    ),
)


@given(urls)
def test_any_text_is_refused_or_has_a_canonical_form_that_parses_to_itself(text: str) -> None:
    try:
        url = parse_url(text)
    except InvalidUrl:
        return
    assert parse_url(url.text) == url
    assert re.fullmatch(r"https?://[a-z0-9._:\[\]-]+/[\x21-\x7e]*", url.text)
    assert not set(url.text) & set('\\"<>{}^`|@#') - set(url.target)
    assert url.target.isascii()
    assert 0 < url.port < 65536
    assert len(url.text) <= MAX_URL


@given(st.characters(), st.sampled_from(["https://exam{}ple.com/", "https://{}/", "https://1{}2.3.4.5/"]))
def test_no_single_character_in_a_host_breaks_the_parser_or_leaves_it_other_than_ascii(
    char: str, where: str
) -> None:
    try:
        url = parse_url(where.format(char))
    except InvalidUrl:
        return
    assert url.host.isascii()
    assert parse_url(url.text) == url
