"""`hookline openapi`."""

import msgspec

from hookline.api.app import NOUNS
from hookline.api.hot import HOT
from hookline.api.openapi import build_document
from hookline.cli.output import print_json


def openapi() -> None:
    """Print the OpenAPI 3.1 document of this version's API. It needs neither a server nor a key.

    For example:

        hookline openapi > openapi.json
    """
    print_json(msgspec.json.encode(build_document(NOUNS, HOT)))
