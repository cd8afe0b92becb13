"""The census: every block, table and list of the six systems' documents, with the tests that cover it.

`test_documents.py` fails when a document shows something that stands in none of these, and when a test is not there.
"""

from collections.abc import Mapping

_DOCUMENTS = "systems/test_documents.py::test_"
_SHOWN = "systems/test_shown.py::test_"
_SEEDS = "systems/test_seeds.py::test_"
_RECEIVERS = "systems/test_seed_receivers.py::test_"
_HISTORIES = "systems/test_histories.py::test_"
_TRIALS = "systems/test_trials.py::test_"
_EXAMPLE = f"{_SHOWN}a_delivery_is_the_example_field_by_field"
_EXAMPLE_COPIED = f"{_DOCUMENTS}an_example_is_copied_as_it_is"
_HEADERS = f"{_SHOWN}a_delivery_has_the_headers_of_the_table_and_no_others"
_HEADERS_COPIED = f"{_DOCUMENTS}the_headers_are_copied_as_they_are"
_EVERY_HEADER = f"{_DOCUMENTS}every_header_that_a_document_names_is_compared"
_BESIDE_THEM = f"{_SHOWN}headers_of_a_subscription_go_beside_those_of_the_system"
_COPIED = f"{_DOCUMENTS}answers_and_requests_are_copied_as_they_are"
_TYPES = f"{_DOCUMENTS}the_event_types_are_those_of_the_documents"
_HAS_TYPES = f"{_SHOWN}a_system_has_the_event_types_that_its_document_names"
_TIMES = f"{_DOCUMENTS}the_retry_times_are_those_of_the_documents"
_TRIES = "engine/test_retry_times.py::test_each_system_tries_again_to_the_second_and_then_no_more"
_FIELDS = f"{_DOCUMENTS}the_fields_of_a_configuration_are_those_of_the_document"
_TAKES = f"{_HISTORIES}callbacks_takes_the_configurations_of_its_document"
_OWN_FIELDS = f"{_DOCUMENTS}tests_and_the_log_have_the_fields_of_the_documents"
_PBX_COMMANDS = f"{_SEEDS}the_pbx_answers_its_own_commands"
_RECORDS = "engine/test_records.py::test_"
_DELIVERING = "engine/test_delivering.py::test_"

COVERED: Mapping[str, tuple[str, ...]] = {
    "000/Retell.ai Webhooks/table": (
        _COPIED,
        "systems/test_inbound.py::test_each_event_of_retell_has_its_path",
    ),
    "000/Cal.com Webhooks/table": (
        _COPIED,
        "systems/test_inbound.py::test_each_event_of_calcom_comes_in_by_one_path",
    ),
    "000/Configuration/php": (
        f"{_DOCUMENTS}an_output_is_that_of_the_document",
        "systems/test_outputs.py::test_an_output_sends_a_case_as_its_template_says",
    ),
    "000/Jira/json": (
        f"{_DOCUMENTS}what_jira_and_slack_get_is_copied_as_it_is",
        "presets/test_gateway_example.py::test_without_a_label_it_is_exactly_what_is_printed",
    ),
    "000/Slack/json": (
        f"{_DOCUMENTS}what_jira_and_slack_get_is_copied_as_it_is",
        "presets/test_gateway_example.py::test_slack_gets_exactly_what_is_printed",
    ),
    "000/Webhook Presets/table": (f"{_DOCUMENTS}every_preset_of_the_gateway_has_its_name",),
    "000/Template Variables/table": (_TYPES, f"{_SHOWN}a_service_case_has_the_fields_that_templates_name"),
    "000/Signature Verification/php": (
        f"{_RECEIVERS}the_gateways_own_middleware_accepts_what_is_forwarded_raw",
        "systems/test_inbound.py::test_with_a_secret_only_what_is_signed_is_accepted",
    ),
    "000/Outgoing Webhook Authentication/php": (
        _HEADERS_COPIED,
        f"{_SHOWN}an_output_of_the_gateway_is_sent_with_its_headers_and_no_signature",
    ),
    "000/Outgoing Webhook Retries/table": (_TIMES, _TRIES),
    "000/Outgoing Webhook Retries/php": (
        _TIMES,
        f"{_DOCUMENTS}the_timeouts_are_those_of_the_documents",
        _TRIES,
    ),
    "000/Failure Notifications/php": (
        _OWN_FIELDS,
        "engine/test_after_delivery.py::test_a_delivery_that_is_given_up_makes_an_event_and_one_critical_line",
        "engine/test_after_delivery.py::test_a_record_tells_how_the_deliveries_of_its_events_go",
    ),
    "000/Exchange Log/php": (_OWN_FIELDS, f"{_HISTORIES}the_gateways_log_has_what_went_out"),
    "000/Local Development/bash": (_COPIED,),
    "000/Webhook Testing Endpoint/php": (
        _OWN_FIELDS,
        f"{_TRIALS}the_gateway_tells_what_an_output_answered",
        f"{_TRIALS}the_gateways_test_has_three_fields_and_the_outputs_headers",
        f"{_TRIALS}the_gateway_waits_ten_seconds_whatever_the_output_says",
    ),
    "000/PHPUnit Tests/php": (f"{_SHOWN}an_output_of_the_gateway_is_sent_with_its_headers_and_no_signature",),
    "001/8 Available Events/table": (
        _TYPES,
        _HAS_TYPES,
        f"{_SHOWN}a_callback_request_holds_what_the_table_says",
    ),
    "001/HMAC Signature Verification/text": (_HEADERS_COPIED, _EVERY_HEADER, _HEADERS),
    "001/HMAC Signature Verification/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "001/HMAC Signature Verification/php": (f"{_RECEIVERS}the_php_of_callbacks_accepts_but_for_the_prefix",),
    "001/Webhook Configuration Fields/table": (_FIELDS, _TAKES),
    "001/Example Webhook Configuration/php": (_FIELDS, _TAKES, _BESIDE_THEM),
    "001/1. Event Trigger/text": (
        f"{_RECORDS}a_change_is_stored_with_its_events_which_are_delivered",
        "records/test_catalogue.py::test_a_walk_makes_exactly_the_events_that_it_must",
    ),
    "001/2. Webhook Discovery/text": (
        f"{_DELIVERING}every_endpoint_that_matches_gets_it_and_no_strangers",
        f"{_DELIVERING}an_event_that_matched_nothing_is_kept_and_says_so",
    ),
    "001/3. Job Dispatch/text": (f"{_DELIVERING}every_endpoint_that_matches_gets_it_and_no_strangers",),
    "001/4. Delivery Execution/text": (
        f"{_DELIVERING}what_is_in_hand_for_an_endpoint_that_is_paused_meanwhile_is_held",
        f"{_DELIVERING}an_endpoint_that_no_longer_subscribes_cancels_what_waits",
        f"{_HISTORIES}callbacks_counts_and_logs_what_was_sent",
    ),
    "001/5. Retry Logic/text": (_TIMES, _TRIES),
    "001/Webhook Configuration Metrics/php": (
        _FIELDS,
        f"{_HISTORIES}callbacks_counts_and_logs_what_was_sent",
    ),
    "001/Test Webhook Function/php": (
        _OWN_FIELDS,
        f"{_TRIALS}callbacks_test_has_no_envelope_and_the_systems_headers",
    ),
    "001/Example 1: Slack Integration/php": (_FIELDS, _TAKES),
    "001/Example 1: Slack Integration/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "001/Example 2: CRM Integration/php": (_FIELDS, _TAKES, _BESIDE_THEM),
    "002/Endpoint/text": (
        _COPIED,
        "systems/test_autoresponder.py::test_a_request_makes_a_ticket_and_publishes_it",
    ),
    "002/Creating Tickets via Webhook/json": (
        _COPIED,
        "systems/test_autoresponder.py::test_a_request_makes_a_ticket_and_publishes_it",
    ),
    "002/Signature Verification/javascript": (f"{_SEEDS}the_autoresponders_own_signer_is_believed",),
    "002/Available Events/table": (
        _TYPES,
        _HAS_TYPES,
        f"{_SHOWN}the_data_of_the_autoresponder_holds_what_the_table_says",
    ),
    "002/Webhook Payload Format/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "002/Headers/list": (
        _HEADERS_COPIED,
        _EVERY_HEADER,
        _HEADERS,
        f"{_SHOWN}without_a_secret_nothing_is_signed",
    ),
    "002/Verifying Signatures/javascript": (f"{_SEEDS}the_autoresponders_own_verifiers_accept",),
    "002/Verifying Signatures/python": (f"{_SEEDS}the_autoresponders_own_verifiers_accept",),
    "002/Test Incoming Webhook/bash": (f"{_SEEDS}the_autoresponder_takes_its_test_ticket",),
    **{
        f"003/{name} Events/list": (_TYPES, _HAS_TYPES)
        for name in ("Call", "Voicemail", "Extension", "Queue", "Paging", "Conference")
    },
    "003/Configuration/yaml": (
        f"{_DOCUMENTS}the_pbx_own_config_declares_what_it_shows",
        "cli/test_serve_config.py::test_a_pbx_config_starts_a_gateway_that_delivers",
    ),
    "003/Get All Webhook Subscriptions/bash": (_PBX_COMMANDS,),
    "003/Get All Webhook Subscriptions/json": (_COPIED, _PBX_COMMANDS),
    "003/Add Webhook Subscription/bash": (_PBX_COMMANDS,),
    "003/Add Webhook Subscription/json": (_COPIED, _PBX_COMMANDS),
    "003/Delete Webhook Subscription/bash": (_PBX_COMMANDS,),
    "003/Webhook Payload Format/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "003/HTTP Headers/text": (
        _HEADERS_COPIED,
        _EVERY_HEADER,
        _HEADERS,
        _BESIDE_THEM,
    ),
    "003/Future: HMAC Signature (Planned)/text": (_HEADERS_COPIED, _EVERY_HEADER, _HEADERS),
    "003/Call Started Event/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "003/Extension Registered Event/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "003/Voicemail New Event/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "003/Python Flask Example/python": (f"{_RECEIVERS}the_pbx_own_receivers_take_a_call",),
    "003/Node.js Express Example/javascript": (f"{_RECEIVERS}the_pbx_own_receivers_take_a_call",),
    "003/Check Subscription Status/bash": (_PBX_COMMANDS,),
    "003/Check Subscription Status/list": (
        _COPIED,
        f"{_HISTORIES}the_pbx_counts_what_its_guide_says_to_look_for",
    ),
    "003/Common Issues/list": (
        f"{_DELIVERING}a_failure_is_tried_again_at_the_scheduled_time_with_the_same_id_and_body",
    ),
    "004/Webhook Events Dispatched/list": (_TYPES, _HAS_TYPES),
    "004/Webhook Events Dispatched/list 2": (_TYPES, _HAS_TYPES),
    "004/Database Schema/list": (f"{_HISTORIES}urpa_sends_again_what_has_failed",),
    "004/Database Schema/list 2": (
        "systems/test_webhooks.py::test_another_tenant_and_a_key_that_may_not_find_nothing",
    ),
    "004/HMAC Signature Verification/list": (_HEADERS_COPIED, _EVERY_HEADER, _HEADERS),
    "004/Event Headers/list": (_HEADERS_COPIED, _EVERY_HEADER, _HEADERS),
    "004/URPA Webhook Endpoints/list": (_COPIED, f"{_HISTORIES}urpa_answers_every_request_of_its_list"),
    "004/4Calls Webhook Endpoints/list": (_COPIED, f"{_HISTORIES}4calls_answers_every_request_of_its_list"),
    "004/Webhook Payload Format/json": (_EXAMPLE_COPIED, _EXAMPLE),
    "004/Signature Verification/php": (f"{_SEEDS}the_php_that_encodes_the_payload_again_agrees",),
}
"""Unit → where it is tested."""

BESIDE: Mapping[str, str] = {
    "001/Overhead Analysis/table": "What a save took in the system itself.",
    "001/REFERENCES/list": "Files of the system.",
    "001/REFERENCES/list 2": "Files of the system.",
    "003/Logs/text": "Lines of the PBX's own log; Hookline's have their own form, in the reference of events and metrics.",
    "004/Backend Implementation/list": "A table of the system's database.",
    "004/Test Suite/list": "A file of the system.",
    "004/URPA Module/list": "Files of the system.",
    "004/4Calls Module/list": "Files of the system.",
    "004/Frontend/list": "Files of the system.",
    "004/Testing/list": "A file of the system.",
    "004/Next Steps/bash": "A command of the framework that the system is built with.",
    "004/Next Steps/bash 2": "A command of the framework that the system is built with.",
    "004/Next Steps/bash 3": "A command of the framework that the system is built with.",
}
"""What says nothing of a request, a delivery or a rule."""
