"""After a receiver was down or wrong: show what was given up and why, and have it sent again.

HOOKLINE_URL=http://127.0.0.1:8080 HOOKLINE_API_KEY=hk_… python examples/redrive.py [ENDPOINT]
"""

import os
import sys

from hookline.client.gateway import Gateway
from hookline.client.requests import act, fetch, listing


def main(endpoint: str = "") -> None:
    with Gateway(os.environ["HOOKLINE_URL"], os.environ["HOOKLINE_API_KEY"]) as gateway:
        dead = listing("deliveries", {"state": "dead", "endpoint": endpoint, "limit": 100})
        # Looked at first and retried afterwards: a list that is changed while it is read is hard to follow.
        ids = [row["id"] for page in gateway.pages(dead) for row in page.rows()]
        for delivery in ids:
            last = gateway.call(fetch("deliveries", delivery))["history"][-1]
            print(
                f"{delivery}: {last['status'] or last['cause']} at attempt {last['number']}. {last['hint']}"
            )
            gateway.call(act("deliveries", delivery, "retry"))
        print(f"{len(ids)} to be sent again")


if __name__ == "__main__":
    main(*sys.argv[1:2])
