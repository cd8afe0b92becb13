"""Publish with the SDK: each event has a key made from what happened, so that whatever is repeated happens once.

HOOKLINE_URL=http://127.0.0.1:8080 HOOKLINE_API_KEY=hk_… python examples/publish.py
"""

import json
import os
import time
from typing import Any

from hookline.client.faults import Problem, Unreachable
from hookline.client.gateway import Gateway
from hookline.client.requests import Request, publish

CALLS = (("c_1", 73), ("c_2", 12), ("c_3", 340))
"""What happened: a call's id, and its seconds."""
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which the same request may well be accepted."""


def main() -> None:
    with Gateway(os.environ["HOOKLINE_URL"], os.environ["HOOKLINE_API_KEY"]) as gateway:
        for call, seconds in CALLS:
            data = json.dumps({"call": call, "seconds": seconds}).encode()
            told = send(gateway, publish("call.ended", data, idempotency_key=f"call-{call}-ended"))
            new = "already there" if told["duplicate"] else f"accepted for {len(told['matched'])} endpoint(s)"
            print(f"{call}: {told['id']} {new}")


def send(gateway: Gateway, request: Request, *, tries: int = 8) -> dict[str, Any]:
    """What Hookline answers. Repeats, for two minutes or so, what a repeat may help: the key makes it safe."""
    for attempt in range(tries):
        try:
            answer: dict[str, Any] = gateway.call(request)
        except Problem as problem:
            if problem.status not in AGAIN:
                raise  # it says what to mend: `detail`, `hint`, `field`
        except Unreachable:
            pass
        else:
            return answer
        time.sleep(min(30, 2**attempt))
    raise TimeoutError(f"nobody accepted {request.path}")


if __name__ == "__main__":
    main()
