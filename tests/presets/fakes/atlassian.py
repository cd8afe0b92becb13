"""What the fakes of the three Jira presets share: issues, their fields, comments, search and workflow."""

import re
from typing import Any, ClassVar

import msgspec

from tests.presets.fakes.base import Fake, Refused, Routes, Ticket, basic, utf16
from tests.presets.fakes.server import Answer, Request

PROJECTS = ("SUPPORT", "SUP")
ISSUE_TYPES = ("Service Request", "Task")
PRIORITIES = ("Lowest", "Low", "Medium", "High", "Highest", "Major", "Blocker")
RESOLUTIONS = ("Done", "Won't Do")
MOST_TEXT = 32_767
BY_LABEL = re.compile(r'labels = "([^"\s]+)" ORDER BY created')
BY_TEXT = re.compile(r'description ~ "\\"([^"\\]+)\\"" ORDER BY created')

Errors = dict[str, str]
"""Field → what is wrong with it."""


class AtlassianFake(Fake):
    """An issue's `fields` hold also its `status`: the id of the last transition."""

    VERSION: ClassVar[str] = "2"
    """Of the API that its links lead to."""
    TRANSITIONS: ClassVar[dict[str, tuple[str, str, str]]] = {
        "": ("", "To Do", "new"),
        "11": ("To Do", "To Do", "new"),
        "21": ("In Progress", "In Progress", "indeterminate"),
        "31": ("Done", "Done", "done"),
    }
    """Id → its name, the status that it leads to, and that status's category. Empty: how an issue begins."""

    def routes(self) -> Routes:
        issue = "/rest/api/{version}/issue"
        return {
            f"POST {issue}": self.create,
            f"GET {issue}/{{key}}": self.read,
            f"PUT {issue}/{{key}}": self.edit,
            f"POST {issue}/{{key}}/comment": self.comment,
            f"GET {issue}/{{key}}/transitions": self.transitions,
            f"POST {issue}/{{key}}/transitions": self.transition,
            "GET /rest/api/2/search": self.search_data_center,
            "GET /rest/api/3/search/jql": self.search_cloud,
        }

    def ticket(self, id_: str) -> Ticket:
        if id_ not in self.tickets:
            told = "Issue does not exist or you do not have permission to see it."
            raise Refused(self.fault(404, told))
        return super().ticket(id_)

    def fault(self, status: int, message: str) -> Answer:
        return Answer(status=status, json={"errorMessages": [message], "errors": {}})

    def _routed(self, request: Request) -> Answer:
        wanted = (
            f"Bearer {self.given['token']}"
            if self.given.get("auth") == "bearer"
            else basic(self.given["email"], self.given["token"])
        )
        if request.headers.get("authorization") != wanted:
            return self.fault(401, "Client must be authenticated to access this resource.")
        prefix = self.here(self.given["site"]).removeprefix(self.url)
        if not request.path.startswith(f"{prefix}/"):
            return self.fault(404, f"Nothing is at {request.path}.")
        return super()._routed(msgspec.structs.replace(request, path=request.path.removeprefix(prefix)))

    def create(self, request: Request) -> Answer:
        body = self.json_of(request)
        fields = body.get("fields")
        if set(body) != {"fields"} or not isinstance(fields, dict):
            raise Refused(self.fault(400, "The body has fields, and nothing else."))
        rich = self.rich(request)
        self.check(fields, rich=rich, needed=("project", "issuetype", "summary"))
        ticket = self.keep(fields["project"]["key"], fields)
        return Answer(status=201, json=self.named(ticket))

    def keep(self, project: str, fields: dict[str, Any]) -> Ticket:
        number = len(self.tickets) + 1
        key = f"{project}-{number}"
        self.tickets[key] = Ticket(id=key, fields={**fields, "status": "", "id": str(10_000 + number)})
        return self.tickets[key]

    def named(self, ticket: Ticket) -> dict[str, Any]:
        number = ticket.fields["id"]
        return {
            "id": number,
            "key": ticket.id,
            "self": f"{self.here(self.given['site'])}/rest/api/{self.VERSION}/issue/{number}",
        }

    def read(self, request: Request) -> Answer:
        self.rich(request)
        ticket = self.ticket(request.at["key"])
        _, name, category = self.TRANSITIONS[ticket.fields["status"]]
        status = {"name": name, "statusCategory": {"key": category}}
        asked = {"status": status, "summary": ticket.fields.get("summary")}
        fields = {field: asked[field] for field in request.query["fields"].split(",")}
        return Answer(status=200, json={**self.named(ticket), "fields": fields})

    def edit(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["key"])
        body = self.json_of(request)
        if set(body) != {"fields"}:
            raise Refused(self.fault(400, "The body has fields, and nothing else."))
        self.check(body["fields"], rich=self.rich(request))
        ticket.fields.update(body["fields"])
        return Answer(status=204)

    def comment(self, request: Request) -> Answer:
        ticket = self.ticket(request.at["key"])
        body = self.json_of(request)
        text = self.text_of(body.get("body"), rich=self.rich(request))
        if set(body) != {"body"} or not text or utf16(text) > MOST_TEXT:
            raise Refused(self.wrong({"comment": "Comment body can not be empty!"}))
        ticket.comments.append(text)
        number = str(len(ticket.comments))
        where = f"{self.named(ticket)['self']}/comment/{number}"
        return Answer(status=201, json={"id": number, "self": where, "body": body["body"]})

    def transitions(self, request: Request) -> Answer:
        self.rich(request)
        self.ticket(request.at["key"])
        known = [
            {"id": id_, "name": name, "to": {"name": status}}
            for id_, (name, status, _) in self.TRANSITIONS.items()
            if id_
        ]
        return Answer(status=200, json={"transitions": known})

    def transition(self, request: Request) -> Answer:
        self.rich(request)
        ticket = self.ticket(request.at["key"])
        body = self.json_of(request)
        id_ = body.get("transition", {}).get("id")
        resolution = body.get("fields", {"resolution": {"name": "Done"}})
        if (
            not id_
            or not isinstance(id_, str)
            or id_ not in self.TRANSITIONS
            or set(body) - {"transition", "fields"}
        ):
            raise Refused(self.fault(400, f"Transition id '{id_}' is not valid for this issue."))
        if resolution not in [{"resolution": {"name": name}} for name in RESOLUTIONS]:
            raise Refused(self.wrong({"resolution": "The resolution is not known."}))
        ticket.fields["status"] = id_
        ticket.closed = self.TRANSITIONS[id_][2] == "done"
        return Answer(status=204)

    def search_cloud(self, request: Request) -> Answer:
        if not self.cloud:
            return self.fault(404, "Nothing is here.")
        return Answer(status=200, json={"issues": self.found(request), "isLast": True})

    def search_data_center(self, request: Request) -> Answer:
        if self.cloud:
            return self.fault(
                410, "The requested API has been removed. Please migrate to /rest/api/3/search/jql."
            )
        found = self.found(request)
        return Answer(status=200, json={"startAt": 0, "maxResults": 1, "total": len(found), "issues": found})

    def found(self, request: Request) -> list[dict[str, Any]]:
        jql = request.query.get("jql", "")
        label, text = BY_LABEL.fullmatch(jql), BY_TEXT.fullmatch(jql)
        if not label and not text:
            raise Refused(self.fault(400, f"Error in the JQL Query: {jql}"))
        found = [
            ticket
            for ticket in self.tickets.values()
            if (label and label[1] in ticket.fields.get("labels", ()))
            or (text and text[1] in ticket.fields.get("description", ""))
        ]
        shown = [{**self.named(one), "fields": {"summary": one.fields["summary"]}} for one in found]
        return shown[: int(request.query.get("maxResults", "50"))]

    @property
    def cloud(self) -> bool:
        return bool(self.given.get("deployment", "cloud") == "cloud")

    def rich(self, request: Request) -> bool:
        """Whether texts are documents in this version of the API. Raises Refused for one that is not there."""
        version = request.at.get("version")
        if version not in ({"2", "3"} if self.cloud else {"2"}):
            raise Refused(self.fault(404, f"There is no version {version}."))
        return version == "3"

    def wrong(self, errors: Errors) -> Answer:
        return Answer(status=400, json={"errorMessages": [], "errors": errors})

    def check(self, fields: dict[str, Any], *, rich: bool, needed: tuple[str, ...] = ()) -> None:
        """Raises Refused."""
        errors = {name: f"{name} is required." for name in needed if not fields.get(name)}
        for name, value in fields.items():
            told = self.fault_of(name, value, rich=rich)
            if told:
                errors[name] = told
        if errors:
            raise Refused(self.wrong(errors))

    def fault_of(self, name: str, value: Any, *, rich: bool) -> str:  # noqa: PLR0911 - a table of fields
        """Empty where the value is good."""
        match name:
            case "project":
                return "" if value in [{"key": key} for key in PROJECTS] else "valid project is required"
            case "issuetype":
                good = [{"name": known} for known in ISSUE_TYPES]
                return "" if value in good else "Specify a valid issue type"
            case "priority":
                good = [{"name": known} for known in PRIORITIES]
                return "" if value in good else "The priority selected is invalid."
            case "summary":
                return fault_of_summary(value)
            case "description":
                text = self.text_of(value, rich=rich)
                return "" if text and utf16(text) <= MOST_TEXT else "The text is empty or too long."
            case "labels":
                good_labels = isinstance(value, list) and all(
                    re.fullmatch(r"\S{1,255}", one) for one in value
                )
                return "" if good_labels else "A label can't contain spaces."
        return f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."

    def text_of(self, value: Any, *, rich: bool) -> str:
        """Raises Refused where it is of the wrong kind."""
        if rich:
            return self.text_of_document(value)
        if not isinstance(value, str):
            raise Refused(self.fault(400, "Operation value must be a string"))
        return value

    def text_of_document(self, value: Any) -> str:
        if not isinstance(value, dict) or not fits(value, "doc", version=1):
            raise Refused(
                self.fault(
                    400, "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
                )
            )
        return "\n\n".join(self.text_of_paragraph(one) for one in value["content"])

    def text_of_paragraph(self, node: Any) -> str:
        if not isinstance(node, dict) or not fits(node, "paragraph"):
            raise Refused(self.fault(400, "INVALID_INPUT"))
        return "".join(self.text_of_inline(one) for one in node["content"])

    def text_of_inline(self, node: Any) -> str:
        if node == {"type": "hardBreak"}:
            return "\n"
        if set(node) != {"type", "text"} or node["type"] != "text" or not node["text"]:
            raise Refused(self.fault(400, "INVALID_INPUT"))
        return str(node["text"])


def fault_of_summary(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        return "You must specify a summary of the issue."
    if "\n" in value or "\r" in value:
        return "The summary is invalid because it contains newline characters."
    return "" if utf16(value) <= 255 else "Summary can't exceed 255 characters."


def fits(node: dict[str, Any], kind: str, **beside: int) -> bool:
    """A node of this kind with a list of content, and nothing else but what stands beside."""
    return isinstance(node.get("content"), list) and node == {
        "type": kind,
        "content": node["content"],
        **beside,
    }
