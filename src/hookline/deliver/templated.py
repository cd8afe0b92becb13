"""Talkers of one request: an endpoint's own template, and a body as its dialect has it."""

import msgspec

from hookline.deliver.target import Target
from hookline.deliver.variables import LIMITS, moment, variables_of
from hookline.deliver.verdict import Asked, Sent, Talk, Verdict
from hookline.errors import HooklineError, InvalidTemplate, InvalidUrl
from hookline.model.attempt import Cause, Exchange, Headers
from hookline.model.event import Event
from hookline.model.template import Template
from hookline.net.header import check_value
from hookline.net.request import Request
from hookline.net.url import parse_url
from hookline.template.engine import Scope, TemplateFailed, compile_text
from hookline.template.text import TextTemplate, compile_document
from hookline.template.tree import JsonTemplate, compile_tree

_JSON = "application/json"


class Plain:
    """A Talker: nothing is rendered, but a token may be needed first."""

    looks = renders = False

    def __init__(self, target: Target) -> None:
        self._target = target

    def talk(self, asked: Asked) -> Talk:
        request = self._request(asked)
        exchange = yield request
        return Verdict(exchange=exchange, sent=self._sent(request))

    def preview(self, asked: Asked) -> Verdict:
        request = self._request(asked)
        sent = msgspec.structs.replace(self._sent(request), body=request.body)
        return Verdict(exchange=Exchange(), sent=sent)

    def _request(self, asked: Asked) -> Request:
        body = self._target.dialect.body(asked.event) if asked.body is None else asked.body
        return self._target.request(asked.event, body=body, attempt=asked.attempt, now=asked.now)

    def _sent(self, request: Request) -> Sent:
        endpoint = self._target.endpoint
        return Sent(url=endpoint.url, method=endpoint.method, headers=self._target.recorded(request))


class Templated:
    """A Talker: body, path and headers are rendered."""

    looks, renders = False, True

    def __init__(self, target: Target, template: Template) -> None:
        """Raises InvalidTemplate."""
        self.target = target
        self._rules = template
        self._body = compile_body(template)
        self._path = compile_text(template.path, "template.path")
        self._headers = [
            (name, compile_text(text, f"template.headers.{name}")) for name, text in template.headers.items()
        ]

    def talk(self, asked: Asked) -> Talk:
        scope = self.scope(asked)
        request = self._tried(asked, scope)
        if isinstance(request, Verdict):
            return request
        sent = self.sent(request)
        exchange = yield request
        return Verdict(exchange=exchange, sent=sent, missing=tuple(scope.missing))

    def preview(self, asked: Asked) -> Verdict:
        scope = self.scope(asked)
        request = self._tried(asked, scope)
        if isinstance(request, Verdict):
            return request
        return Verdict(exchange=Exchange(), sent=self.sent(request), missing=tuple(scope.missing))

    def _tried(self, asked: Asked, scope: Scope) -> Request | Verdict:
        """The request, or why there is none."""
        try:
            return self.request(asked, scope)
        except TemplateFailed as failed:
            return self._failed(failed.reason, scope)
        except (HooklineError, ValueError) as error:
            return self._failed(str(error), scope)

    def scope(self, asked: Asked) -> Scope:
        """What one attempt's texts see together."""
        return Scope(
            variables_of(asked), strict=self._rules.strict, now=moment(asked.event.time), limits=LIMITS
        )

    def request(self, asked: Asked, scope: Scope) -> Request:
        """Raises TemplateFailed, InvalidUrl, ValueError."""
        body = self._made(asked.event, scope) if asked.body is None else asked.body
        url = self.target.url
        if self._rules.path:
            path = self._path.text(scope)
            if not path.startswith("/"):
                raise InvalidUrl(
                    "The path that the template makes does not begin with /.", field="template.path"
                )
            url = parse_url(f"{url.text.removesuffix(url.target)}{path}")
        return self.target.request_to(
            url,
            self._lines(scope),
            asked.event,
            method=self.target.endpoint.method,
            body=body,
            attempt=asked.attempt,
            now=asked.now,
        )

    def sent(self, request: Request) -> Sent:
        return Sent(
            url=request.url.text,
            method=request.method,
            headers=self.target.recorded_to(request),
            body=request.body,
        )

    def _made(self, event: Event, scope: Scope) -> bytes:
        """JSON as the dialect writes it."""
        if self._body is None:
            return self.target.dialect.body(event)
        body = self._body.render(scope)
        return self.target.dialect.written(body) if self._is_json else body

    @property
    def _is_json(self) -> bool:
        return is_json(self._rules.content_type)

    def _lines(self, scope: Scope) -> Headers:
        own = [] if self._body is None else [("Content-Type", self._rules.content_type)]
        own += [(name, text.text(scope)) for name, text in self._headers]
        for name, value in own:
            check_value(name, value)
        return tuple((name, value) for name, value in own if value)

    def _failed(self, reason: str, scope: Scope) -> Verdict:
        return Verdict(exchange=Exchange(cause=Cause.TEMPLATE, detail=reason), missing=tuple(scope.missing))


def compile_body(template: Template) -> JsonTemplate | TextTemplate | None:
    """None: the dialect's body stays. Raises InvalidTemplate."""
    if template.json is not None and template.text:
        raise InvalidTemplate("A template is JSON or text.", hint="Leave one of both out.", field="template")
    if template.json is not None:
        return compile_tree(template.json, "template.json")
    if template.text:
        return compile_document(template.text, "template.text", promises_json=is_json(template.content_type))
    return None


def is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == _JSON or kind.endswith("+json")
