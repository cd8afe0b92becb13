"""The own API of 4Calls: webhooks of an organization, which is the tenant."""

from hookline.systems.webhooks import crud

SYSTEM, PATH = "4calls", "/api/coordinator/organizations/{organization:str}/webhooks"
HANDLERS = crud(SYSTEM, PATH)
