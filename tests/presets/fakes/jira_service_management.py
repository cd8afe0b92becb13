"""Jira Service Management: requests of one desk with two request types, which are issues of Jira too."""

from typing import Any, ClassVar

from tests.presets.fakes.atlassian import MOST_TEXT, AtlassianFake
from tests.presets.fakes.base import Refused, Routes, utf16
from tests.presets.fakes.server import Answer, Request

FORMS = {"25": ("summary", "description", "priority", "labels"), "26": ("summary", "description")}
"""Request type → the fields of its form."""


class JiraServiceManagementFake(AtlassianFake):
    preset = "jira_service_management"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.atlassian.net",
        "email": "hookline@acme.example",
        "token": "t0ken",
        "service_desk": "4",
        "request_type": "25",
    }
    TRANSITIONS: ClassVar[dict[str, tuple[str, str, str]]] = {
        "": ("", "Waiting for support", "new"),
        "11": ("Start work", "In Progress", "indeterminate"),
        "31": ("Resolve this issue", "Resolved", "done"),
    }

    def routes(self) -> Routes:
        request = "/rest/servicedeskapi/request"
        return {
            f"POST {request}": self.raise_request,
            f"POST {request}/{{key}}/comment": self.say,
            **super().routes(),
        }

    def raise_request(self, request: Request) -> Answer:
        body = self.json_of(request)
        if set(body) != {"serviceDeskId", "requestTypeId", "requestFieldValues"}:
            raise Refused(self.told(400, "Unrecognized or missing field."))
        if body["serviceDeskId"] != "4":
            raise Refused(self.told(404, "The service desk does not exist.", "sd.agent.error.no.servicedesk"))
        form = FORMS.get(body["requestTypeId"])
        if form is None:
            raise Refused(self.told(400, "The request type does not exist."))
        values = body["requestFieldValues"]
        self.check_values(values, form)
        ticket = self.keep("SUPPORT", values)
        site = self.here(self.given["site"])
        web = f"{site}/servicedesk/customer/portal/4/{ticket.id}"
        named = {"issueId": ticket.fields["id"], "issueKey": ticket.id, "_links": {"web": web}}
        return Answer(status=201, json={**body, **named})

    def check_values(self, values: dict[str, Any], form: tuple[str, ...]) -> None:
        """Raises Refused for the first field that is wrong."""
        for name in ("summary", *values):
            told = self.fault_of(name, values.get(name), rich=False)
            if name not in form:
                told = f"Field {name} is not on the form of this request type."
            if told:
                raise Refused(self.told(400, told, "sd.request.create.error.field", name))

    def say(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["key"])
        body = self.json_of(request)
        text = body.get("body")
        if set(body) != {"body", "public"} or type(body["public"]) is not bool:
            raise Refused(self.told(400, "A comment has body and public."))
        if not isinstance(text, str) or not text.strip() or utf16(text) > MOST_TEXT:
            raise Refused(self.told(400, "Comment body can not be empty!"))
        ticket.comments.append(text)
        return Answer(status=201, json={"id": str(len(ticket.comments)), **body})

    def told(self, status: int, message: str, key: str = "sd.error", *parameters: str) -> Answer:
        words = {"i18nKey": key, "parameters": list(parameters)}
        return Answer(status=status, json={"errorMessage": message, "i18nErrorMessage": words})

    def limited(self, seconds: int) -> Answer:
        told = {"errorMessage": "Rate limit exceeded."}
        return Answer(status=429, json=told, headers={"Retry-After": str(seconds)})
