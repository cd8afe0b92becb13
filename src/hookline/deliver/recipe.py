"""Recipe: a preset with the settings of one endpoint: where its requests go, and what they are. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.catalog.preset_settings import secret_names
from hookline.deliver.dialect import Envelope
from hookline.deliver.masking import Mask
from hookline.deliver.prepared import Form, Prepared, Texts
from hookline.deliver.target import Target, compile_target
from hookline.deliver.variables import LIMITS, moment
from hookline.deliver.verdict import Asked, Sent
from hookline.errors import InvalidUrl
from hookline.model.attempt import Headers
from hookline.model.case import Action
from hookline.model.endpoint import Auth, Endpoint
from hookline.net.header import MASK, check_value
from hookline.net.request import Request
from hookline.net.url import Url, parse_url
from hookline.template.engine import Scope, TemplateFailed, compile_text
from hookline.template.text import TextTemplate

_FALLBACKS: Mapping[Action, Action] = {
    Action.CLOSE: Action.UPDATE,
    Action.COMMENT: Action.UPDATE,
    Action.UPDATE: Action.CREATE,
}
_ASKING = "GET"
_JSON, _TEXT = ("Content-Type", "application/json"), ("Content-Type", "text/plain; charset=utf-8")


class Recipe:
    def __init__(self, prepared: Prepared, endpoint: Endpoint, dialect: Envelope) -> None:
        """Raises InvalidUrl, InvalidField or ValueError, as `compile_target`, and TemplateFailed: settings that were
        checked before do not.
        """
        self.prepared = prepared
        self.preset = prepared.preset
        self.settings: Mapping[str, Any] = endpoint.settings
        self.actions = endpoint.actions
        secrets = secret_names(self.preset)
        self.mask = Mask(_texts_of(self.settings[name] for name in secrets if name in self.settings))
        self.maps = _maps(self.preset.maps, self.settings)
        self.base = self._plain(prepared.base.text(self._of_settings()))
        self.url = shown_url(prepared, self.settings, secrets)
        auth = self._auth(endpoint)
        self.target: Target = compile_target(
            msgspec.structs.replace(endpoint, url=self.base, auth=auth), dialect
        )

    def action(self, wanted: Action, *, known: bool) -> Action | None:
        """What to do for an event that is `wanted` to its case, which is `known` to be there or not. None: nothing."""
        acts = self.prepared.acts
        if not self.prepared.tracks:
            return Action.CREATE
        if not known:
            if wanted is not Action.CLOSE:
                return Action.CREATE
            return Action.CLOSE if self.preset.natural and Action.CLOSE in acts else None
        if wanted is Action.CREATE:
            wanted = Action.UPDATE
        while wanted not in acts:
            wanted = _FALLBACKS[wanted]
        return wanted

    def scope(self, asked: Asked, variables: Mapping[str, object]) -> Scope:
        now = moment(asked.event.time)
        return Scope({**variables, "settings": self.settings}, maps=self.maps, now=now, limits=LIMITS)

    def request(self, form: Form, scope: Scope, asked: Asked) -> Request:
        """Raises TemplateFailed."""
        body = b"" if form.body is None else form.body.render(scope)
        limit = self.preset.max_bytes
        if limit is not None and len(body) > limit:
            raise TemplateFailed(f"The request has {len(body)} bytes; {self.preset.title} takes {limit}.")
        method = form.method.text(scope)
        request = self.target.request_to(
            self._url(form.url.text(scope)),
            self._headers(form, scope),
            asked.event,
            method=method,
            body=body,
            attempt=asked.attempt,
            now=asked.now,
        )
        # What may make a second ticket is sent again by the next attempt alone, which looks for the first one before.
        return msgspec.structs.replace(request, once=self.prepared.tracks and method != _ASKING)

    def sent(self, request: Request) -> Sent:
        """As it may be kept."""
        body = self.mask.body(request.body)
        shown = tuple((name, self.mask.text(value)) for name, value in self.target.recorded_to(request))
        return Sent(url=self.shown(request.url), method=request.method, headers=shown, body=body or b"")

    def shown(self, url: Url) -> str:
        """What begins with a secret is a secret."""
        if self.url.endswith(f"/{MASK}"):
            return self.url
        return self.mask.text(url.text)

    def _headers(self, form: Form, scope: Scope) -> Headers:
        lines = [] if form.body is None else [_TEXT if isinstance(form.body, TextTemplate) else _JSON]
        named: Texts = {**self.prepared.headers, **form.headers}
        lines += [(name, text.text(scope)) for name, text in named.items()]
        for name, value in lines:
            check_value(name, value)
        return tuple((name, value) for name, value in lines if value)

    def _url(self, behind: str) -> Url:
        """What is sent cannot choose where it goes."""
        base = self.base.rstrip("/") if behind.startswith("/") else self.base
        url = parse_url(base + behind)
        known = self.target.url
        if (url.scheme, url.host, url.port) != (known.scheme, known.host, known.port):
            raise InvalidUrl("The URL leads to another host than the settings say.", field="url")
        return url

    def _auth(self, endpoint: Endpoint) -> Auth:
        choices = self.preset.auth
        if not choices:
            return endpoint.auth
        named = self.settings.get("auth") if len(choices) > 1 else None
        chosen = choices[named] if isinstance(named, str) else next(iter(choices.values()))
        texts = {
            name: self._plain(compile_text(value, "auth").text(self._of_settings()))
            if isinstance(value, str)
            else value
            for name, value in msgspec.structs.asdict(chosen).items()
        }
        return msgspec.structs.replace(chosen, **texts)

    def _of_settings(self) -> Scope:
        return Scope({"settings": self.settings}, maps=self.maps, limits=LIMITS)

    @staticmethod
    def _plain(text: str) -> str:
        return text.strip()


def shown_url(prepared: Prepared, settings: Mapping[str, Any], secrets: frozenset[str]) -> str:
    """How the endpoint's URLs begin, as far as people may see it. Raises TemplateFailed, InvalidUrl."""
    base = prepared.base.text(Scope({"settings": settings}, limits=LIMITS)).strip()
    url = parse_url(base)
    hidden = {name: MASK if name in secrets else value for name, value in settings.items()}
    if prepared.base.text(Scope({"settings": hidden}, limits=LIMITS)).strip() == base:
        return url.text
    return f"{url.text.removesuffix(url.target)}/{MASK}"


def _maps(maps: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    own = {name: settings.get(name) for name in maps}
    return {
        name: {**known, **given} if isinstance(given := own[name], dict) else dict(known)
        for name, known in maps.items()
    }


def _texts_of(values: Any) -> list[str]:
    return [str(value) for value in values if value is not None]
