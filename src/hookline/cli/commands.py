"""The table of all commands. Modules are named as text, so that a command loads its own and nothing else."""

import msgspec

RUN, LOOK, SETUP, TOOLS = "Run", "Events and deliveries", "Set up", "Tools"


class Command(msgspec.Struct, frozen=True):
    name: str
    target: str
    """`module:function` below `hookline.cli`."""
    help: str
    """One line, for the list; the function's docstring is the long form."""
    group: str
    """Empty for a verb of a noun."""


class Noun(msgspec.Struct, frozen=True):
    name: str
    help: str
    group: str
    verbs: tuple[Command, ...]


def _verb(name: str, target: str, text: str) -> Command:
    return Command(name, target, text, "")


COMMANDS: tuple[Command | Noun, ...] = (
    Command("dev", "dev:dev", "Try it: SQLite in ./data, a built-in receiver, a first delivery.", RUN),
    Command("serve", "serve:serve", "Run everything in one process: API and delivery.", RUN),
    Command("api", "serve:api", "Run only the API; workers deliver (PostgreSQL).", RUN),
    Command("worker", "serve:worker", "Run only delivery (PostgreSQL).", RUN),
    Command("apply", "apply:apply", "Make tenants, endpoints and sources what a file says.", SETUP),
    Command("migrate", "migrate:migrate", "Bring the database to this version.", RUN),
    Command("doctor", "doctor:doctor", "Check settings, disk, database, key, network; say how to mend.", RUN),
    Noun(
        "endpoints",
        "Where to send: list, create, change, test.",
        SETUP,
        (
            _verb("list", "endpoints:list_", "List endpoints."),
            _verb("create", "endpoints:create_endpoint", "Create an endpoint."),
            _verb("show", "endpoints:show", "Show an endpoint."),
            _verb("update", "endpoints:update", "Change an endpoint."),
            _verb("delete", "endpoints:delete", "Delete an endpoint; what waits for it is cancelled."),
            _verb("enable", "endpoint_acts:enable", "Switch an endpoint on."),
            _verb("disable", "endpoint_acts:disable", "Switch an endpoint off; its deliveries are held."),
            _verb(
                "rotate",
                "endpoint_acts:rotate",
                "Make a new signing secret; the old one signs on for a while.",
            ),
            _verb("secret", "endpoint_acts:secret", "Reveal the signing secrets."),
            _verb("test", "endpoint_acts:send_test", "Send a test event now and show the exchange."),
            _verb("stats", "endpoint_acts:stats", "Show what was sent, hour by hour."),
        ),
    ),
    Noun(
        "event-types",
        "The catalogue of events: names, schemas, examples.",
        SETUP,
        (
            _verb("list", "event_types:list_", "List event types."),
            _verb("put", "event_types:put_type", "Make an event type, or replace it."),
            _verb("show", "event_types:show", "Show an event type."),
            _verb("delete", "event_types:delete", "Delete an event type; its events stay."),
        ),
    ),
    Noun(
        "sources",
        "Who sends to us: list, create, change, delete.",
        SETUP,
        (
            _verb("list", "sources:list_", "List sources."),
            _verb("create", "sources:create_source", "Create a source; print the URL for the provider."),
            _verb("show", "sources:show", "Show a source."),
            _verb("update", "sources:update", "Change a source."),
            _verb("delete", "sources:delete", "Delete a source; what it sends is refused."),
            _verb("secrets", "sources:secrets", "Reveal the secrets."),
            _verb("confirm", "sources:confirm_secret", "Confirm the secret that the provider told."),
        ),
    ),
    Noun(
        "providers",
        "The catalogue of senders: how they sign, what a source must say.",
        SETUP,
        (
            _verb("list", "providers:list_", "List providers."),
            _verb("show", "providers:show", "Show a provider."),
        ),
    ),
    Noun(
        "presets",
        "Ready endpoints for other systems: Jira, Slack and more.",
        SETUP,
        (
            _verb("list", "presets:list_", "List presets."),
            _verb("show", "preset_show:show", "Show a preset: settings, actions, what to do there."),
            _verb("test", "preset_test:send_test", "Send a real test case with settings; nothing is kept."),
        ),
    ),
    Noun(
        "template",
        "What an endpoint would send, without sending it.",
        SETUP,
        (_verb("render", "template:render", "Show the request that an endpoint would get for an event."),),
    ),
    Noun(
        "systems",
        "The webhook systems that Hookline stands in for.",
        SETUP,
        (
            _verb("list", "systems:list_", "List systems."),
            _verb("show", "systems:show", "Show a system: wire format, retries, event types."),
            _verb("enable", "systems:enable", "Use a system for a tenant: serve its own paths."),
            _verb("disable", "systems:disable", "Use a system no more."),
        ),
    ),
    Noun(
        "keys",
        "API keys: who may do what.",
        SETUP,
        (
            _verb("list", "keys:list_", "List keys."),
            _verb("create", "key_create:create_key", "Make a key; it is shown this once."),
            _verb("revoke", "keys:revoke", "Revoke a key: it stops within five seconds."),
        ),
    ),
    Noun(
        "tenants",
        "Tenants: the walls between customers (admin keys only).",
        SETUP,
        (
            _verb("list", "tenants:list_", "List tenants."),
            _verb("create", "tenants:create_tenant", "Create a tenant."),
            _verb("show", "tenants:show", "Show a tenant."),
            _verb("change", "tenants:change_tenant", "Change a tenant's name or metadata."),
            _verb("delete", "tenants:delete", "Delete a tenant with everything that is its own."),
        ),
    ),
    Command("publish", "publish:publish_event", "Publish an event.", LOOK),
    Command("tail", "tail:tail", "Follow deliveries as they happen.", LOOK),
    Noun(
        "events",
        "What was published.",
        LOOK,
        (
            _verb("list", "events:list_", "List events, newest first."),
            _verb("show", "events:show", "Show an event and what it matched."),
        ),
    ),
    Noun(
        "deliveries",
        "What was sent, what waits, what failed.",
        LOOK,
        (
            _verb("list", "deliveries:list_", "List deliveries, newest first."),
            _verb("show", "deliveries:show", "Show a delivery with every attempt."),
            _verb("retry", "deliveries:retry", "Try deliveries again, now."),
            _verb("cancel", "deliveries:cancel", "Cancel deliveries that wait."),
        ),
    ),
    Noun(
        "records",
        "Objects of a system as they are; saving one publishes what has changed.",
        LOOK,
        (
            _verb("list", "records:list_", "List the records of a type."),
            _verb("show", "records:show", "Show a record."),
            _verb("put", "records:put_record", "Save a record, whole."),
            _verb("patch", "records:patch_record", "Change fields of a record."),
            _verb("delete", "records:delete", "Delete a record and its deadlines."),
        ),
    ),
    Noun(
        "receipts",
        "What came to sources: accepted, duplicate, refused and why.",
        LOOK,
        (
            _verb("list", "receipts:list_", "List receipts, newest first."),
            _verb("show", "receipts:show", "Show a request with headers, body and events."),
            _verb("accept", "receipts:accept", "Accept a request that was refused."),
        ),
    ),
    Command("sign", "sign:sign", "Sign a request as a provider does, and print it.", TOOLS),
    Command("verify", "verify:verify", "Verify a raw request as a source would; say why not.", TOOLS),
    Command("send", "send:send", "Send a signed sample of a provider to a source.", TOOLS),
    Noun(
        "catalog",
        "Folders of providers and presets: check them, record samples.",
        TOOLS,
        (
            _verb("check", "catalog:check", "Check folders and their samples."),
            _verb("record", "catalog_record:record", "Write a sample from a request that came."),
        ),
    ),
    Noun(
        "config",
        "Settings: show the effective ones, check them.",
        TOOLS,
        (
            _verb("show", "config:show", "Show every effective setting, secrets masked."),
            _verb("check", "config:check", "Check the settings; say what is wrong."),
        ),
    ),
    Command(
        "rotate-keys",
        "rotate_keys:rotate_keys",
        "Seal stored secrets again under the first secret key.",
        TOOLS,
    ),
    Command("openapi", "openapi:openapi", "Print the API's OpenAPI document.", TOOLS),
    Command("completion", "completion:completion", "Print a completion script for a shell.", TOOLS),
    Command("version", "version:version", "Print the version.", TOOLS),
)
