"""Template: an endpoint's own form of what it sends, in Liquid."""

from typing import Annotated, Any

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=256 * 1024)]


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent in the place of the dialect's body. Either `json` or `text`, or neither: then the body stays."""

    json: Any = None
    """A tree whose texts are templates; what comes out is always JSON."""
    text: Text = ""
    """One template for the whole body."""
    content_type: Annotated[str, msgspec.Meta(max_length=255)] = "application/json"
    """Of the body. Where it is JSON, a text that is not JSON is not sent."""
    path: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """A template for path and query, in the place of those of `url`; it begins with `/`. The host stays."""
    headers: Annotated[dict[str, str], msgspec.Meta(max_length=50)] = {}
    """Beside `headers`; values are templates. One that comes out empty is not sent."""
    strict: bool = False
    """A variable that is missing makes the delivery fail; otherwise it is empty, and told with the attempt."""
