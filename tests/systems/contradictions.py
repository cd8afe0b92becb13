"""Where the documents of the six systems say two things, what Hookline does, and the test that shows it."""

from typing import NamedTuple

from tests.systems.shown import CALL, CALL_STARTED, REGISTERED, VOICEMAIL


class Contradiction(NamedTuple):
    """Where a document says two things."""

    unit: str
    says: str
    choice: str
    words: tuple[str, ...]
    """Of the document: what contradicts what."""
    test: str
    """That it is done as chosen: file and name."""
    lacks: str = ""
    """What the unit should have by those words, and has not."""


_SHOWN = "systems/test_shown.py::test_"
_EXAMPLE = f"{_SHOWN}a_delivery_is_the_example_field_by_field"
_HEADERS = f"{_SHOWN}a_delivery_has_the_headers_of_the_table_and_no_others"
_TRIES = "engine/test_retry_times.py::test_each_system_tries_again_to_the_second_and_then_no_more"
_SIGNED = "systems/test_inbound.py::test_with_a_secret_only_what_is_signed_is_accepted"
_OUTPUTS = "systems/test_outputs.py::test_"
_SNIPPETS = "systems/test_receivers.py::test_the_snippets_accept_a_real_delivery_and_nothing_else"

GATEWAY: tuple[Contradiction, ...] = (
    Contradiction(
        "000/Configuration/php",
        "An output has a method and a template; the job that delivers always posts, and a payload of its own.",
        "Method and template of the output count.",
        ("'webhook_method' => 'POST'", "->post($this->config->webhook_url, $this->payload)"),
        f"{_OUTPUTS}an_output_is_listed_changed_and_deleted",
    ),
    Contradiction(
        "000/Jira/json",
        "The preset jira is of Jira Service Management; its body is one of Jira's issues, which has no request.",
        "jira makes that very issue; jira_service_management is a preset beside it.",
        ("| Jira Service Management | `jira` |", '"issuetype": {"name": "Service Request"}'),
        "presets/test_gateway_example.py::test_without_a_label_it_is_exactly_what_is_printed",
    ),
    Contradiction(
        "000/Signature Verification/php",
        "The header is X-Retell-Signature in hex; Retell itself signs v=…,d=… in the same header.",
        "Either is accepted; Cal.com's X-Cal-Signature-256 beside X-Calcom-Signature, too.",
        ("X-{$provider}-Signature", "hash_hmac('sha256', $request->getContent(), $secret)"),
        _SIGNED,
    ),
    Contradiction(
        "000/Signature Verification/php",
        "hash_equals raises where there is no header, and 401 is meant to be answered.",
        "401 is answered.",
        ("hash_equals($expected, $signature)", "abort(401);"),
        _SIGNED,
    ),
    Contradiction(
        "000/Outgoing Webhook Retries/table",
        "The backoff is exponential by its sentence; the delays of the table do not double.",
        "The delays are those of the table.",
        ("retried with exponential backoff", "| 4 | 300 seconds |"),
        _TRIES,
    ),
)
_KEY = "callback_123_created_1699876543"
CALLBACKS: tuple[Contradiction, ...] = (
    Contradiction(
        "001/Example 1: Slack Integration/json",
        "The example has no idempotency_key, which the payload format has.",
        "It is in every body, and in the header.",
        (f'"idempotency_key": "{_KEY}"',),
        _EXAMPLE,
        lacks="idempotency_key",
    ),
    Contradiction(
        "001/Example 1: Slack Integration/json",
        "The payload is full callback data; the example has neither branch, service nor status.",
        "All fields that the callback request has are sent, and none is made up.",
        ("Prepare payload with full callback data", '"branch_name": "Salon Berlin Mitte"'),
        _EXAMPLE,
        lacks="branch_name",
    ),
    Contradiction(
        "001/Example 1: Slack Integration/json",
        "What is past its expires_at is expired by the table, and overdue in the example.",
        "The date makes it overdue; expired is a status that the system gives it.",
        (
            "Callback expired (SLA breach) | Callback + expires_at",
            '"expires_at": "2025-11-13T17:00:00+01:00"',
        ),
        "records/test_catalogue.py::test_an_overdue_callback_is_told_as_the_system_told_it",
    ),
    Contradiction(
        "001/HMAC Signature Verification/json",
        "The key ends with a second of November 2023; the timestamp beside it is of November 2025.",
        "The key ends with the second of the timestamp.",
        (f'"idempotency_key": "{_KEY}"', '"timestamp": "2025-11-13T16:30:45+01:00"'),
        _EXAMPLE,
    ),
    Contradiction(
        "001/HMAC Signature Verification/json",
        'Its last line is a remark, "full callback data", in a place for fields.',
        "All fields that the callback request has are sent.",
        ("// ... full callback data",),
        _EXAMPLE,
    ),
    Contradiction(
        "001/HMAC Signature Verification/php",
        "It compares the bare hex with the header, which has sha256= before it.",
        "The header is as the list of headers has it; the page for receivers mends the example.",
        (
            "X-Webhook-Signature: sha256=<hmac_signature>",
            "hash_equals($signature, $_SERVER['HTTP_X_WEBHOOK_SIGNATURE'])",
        ),
        _SNIPPETS,
    ),
    Contradiction(
        "001/Test Webhook Function/php",
        "A test has neither event nor idempotency_key, which bodies and headers have.",
        "Its body is the one that is shown, its headers are those of a delivery.",
        ("// Sends test payload:", f'"idempotency_key": "{_KEY}"'),
        "systems/test_trials.py::test_callbacks_test_has_no_envelope_and_the_systems_headers",
        lacks="idempotency_key",
    ),
    Contradiction(
        "001/Webhook Configuration Fields/table",
        "max_retry_attempts counts retries by its description, attempts by the delivery flow: 3 with the first.",
        "It counts attempts in all.",
        ("| `max_retry_attempts` | integer | Retry failed deliveries | 3 |", "Attempt 3: +60 seconds"),
        _TRIES,
    ),
    Contradiction(
        "001/Webhook Configuration Fields/table",
        "The table has no company_id, which two examples give.",
        "The key says whose a configuration is; the answer tells it in company_id.",
        ("'company_id' => 1,",),
        "systems/test_callbacks.py::test_the_nine_fields_and_the_five_metrics",
        lacks="company_id",
    ),
    Contradiction(
        "001/8 Available Events/table",
        "Two of the eight events are not implemented yet.",
        "All eight are sent.",
        ("Callback overdue (not yet implemented)", "Callback escalated (not yet implemented)"),
        f"{_SHOWN}a_system_has_the_event_types_that_its_document_names",
    ),
)
SUPPORT: tuple[Contradiction, ...] = (
    Contradiction(
        "002/Creating Tickets via Webhook/json",
        "What comes in is ticket.create, which stands in no table of events; those have ticket.created.",
        "ticket.create comes in, and nothing else does; ticket.created goes out.",
        ('"event": "ticket.create",', "| `ticket.created` |"),
        "systems/test_autoresponder.py::test_what_is_no_ticket_is_refused_with_its_field",
    ),
    Contradiction(
        "002/Headers/list",
        "All webhooks include the signature, and those without a secret do not.",
        "Without a secret there is no such header.",
        ("All outgoing webhooks include these headers:", "HMAC-SHA256 signature (if secret configured)"),
        f"{_SHOWN}without_a_secret_nothing_is_signed",
    ),
    Contradiction(
        "002/Verifying Signatures/javascript",
        "timingSafeEqual raises for a header of another length, where 401 is meant to be answered.",
        "The header has always 64 letters; the page for receivers looks at the length first.",
        ("return crypto.timingSafeEqual(", "return res.status(401)"),
        _SNIPPETS,
    ),
)
PBX: tuple[Contradiction, ...] = (
    *(
        Contradiction(
            example.unit,
            "The id ends with a millisecond of December 2023; the timestamp beside it is of December 2025.",
            "The id ends with the millisecond of the timestamp.",
            (f'"event_id": "{example.body["event_id"]}"', f'"timestamp": "{example.body["timestamp"]}"'),
            _EXAMPLE,
        )
        for example in (CALL, CALL_STARTED, REGISTERED, VOICEMAIL)
    ),
    Contradiction(
        CALL.unit,
        "The time has six digits of a second outside, and none in the data.",
        "As it is shown: the one outside is Hookline's, the one in the data is its publisher's.",
        ('"timestamp": "2025-12-07T12:00:00.000000"', '"timestamp": "2025-12-07T12:00:00"\n'),
        _EXAMPLE,
    ),
    Contradiction(
        "003/Configuration/yaml",
        "max_retries is the number of retry attempts by its remark; the log says attempt 1/3.",
        "It counts attempts in all.",
        ("max_retries: 3          # Number of retry attempts", "(attempt 1/3)"),
        _TRIES,
    ),
    Contradiction(
        "003/Add Webhook Subscription/json",
        "A subscription has three fields in the answer to its adding, and seven in the list.",
        "Each answer is as it is shown.",
        ('"created_at": "2025-12-07T12:00:00"',),
        "systems/test_pbx.py::test_a_subscription_is_added_listed_and_deleted",
        lacks="created_at",
    ),
    Contradiction(
        "003/Future: HMAC Signature (Planned)/text",
        "A subscription has a secret, and no header is signed yet.",
        "The planned header is sent where there is a secret.",
        ('secret: "your-webhook-secret"  # Optional', "X-Webhook-Signature: sha256=abc123..."),
        _HEADERS,
    ),
)
URPA_AND_4CALLS: tuple[Contradiction, ...] = (
    Contradiction(
        "004/4Calls Webhook Endpoints/list",
        "Events of both systems are logged and retried; only URPA has a table of attempts, and paths to read it.",
        "Both are kept and tried again; deliveries of 4Calls are read by /v1/deliveries.",
        ("Webhook events are logged for debugging", "`GET /api/urpa/webhooks/events`"),
        _TRIES,
        lacks="/webhooks/events",
    ),
    Contradiction(
        "004/Signature Verification/php",
        "The signature is of the payload as PHP encodes it again, elsewhere of the payload.",
        "The body is written as PHP encodes it, so that both agree.",
        ("json_encode($payload)", "HMAC-SHA256 signature generated from payload and secret"),
        "systems/test_seeds.py::test_the_php_that_encodes_the_payload_again_agrees",
    ),
)
CONTRADICTIONS = (*GATEWAY, *CALLBACKS, *SUPPORT, *PBX, *URPA_AND_4CALLS)
