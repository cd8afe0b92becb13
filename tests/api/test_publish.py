"""Publishing one event: what is accepted, what is refused, and that refusal leaves no trace."""

from hookline.model.api_key import Scope
from tests.api.conftest import Keys
from tests.api.running import Running


async def test_an_event_is_accepted_with_what_it_matched(api: Running, keys: Keys) -> None:
    """An event is accepted, says which endpoints it must reach, and can be read back byte for byte."""
    made = await api.call("POST", "/v1/endpoints", keys["manage"], json={"url": "http://127.0.0.1:9999/x"})
    assert made.status == 201, made.body
    told = await api.call(
        "POST", "/v1/events", keys["publish"], body=b'{"type":"call.started","data":{"b": 1.50,"a":"\\u00fc"}}'
    )
    assert told.status == 202, told.body
    assert told.json["matched"] == [made.json["id"]]
    shown = await api.call("GET", f"/v1/events/{told.json['id']}", keys["read"])
    assert b'"data":{"b": 1.50,"a":"\\u00fc"}' in shown.body
