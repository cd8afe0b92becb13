"""Conversation: the requests of one attempt with another system, one after the other, as decisions without I/O: is it there,
what is asked first, what is sent, what does the answer mean.
"""

from collections.abc import Generator, Mapping
from typing import Any

import msgspec

from hookline.deliver.outcome import SERVER_ERRORS
from hookline.deliver.prepared import Act, Form, Remembered
from hookline.deliver.recipe import Recipe
from hookline.deliver.replies import Reply, is_so_already, passes, read_reply, says_gone
from hookline.deliver.variables import variables_of
from hookline.deliver.verdict import Asked, Sent, Talk, Verdict
from hookline.errors import HooklineError
from hookline.model.attempt import Cause, Exchange, Step
from hookline.model.case import Action
from hookline.model.patterns import Patterns
from hookline.model.remote import Remote
from hookline.net.request import Request
from hookline.template.engine import Scope, TemplateFailed

SKIPPED = "The endpoint skips events of this type"
_CREATED = ".created"
_NOTHING = Exchange()
_Said = Generator[Request, Exchange, Exchange]


class Conversing:
    """A Talker: each attempt is a conversation."""

    renders = True

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.looks = recipe.prepared.find is not None

    def talk(self, asked: Asked) -> Talk:
        return Conversation(self.recipe, asked).run()

    def preview(self, asked: Asked) -> Verdict:
        return Conversation(self.recipe, asked).preview()


class _Over(Exception):
    """No error: the conversation has come to its end."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


class Conversation:
    def __init__(self, recipe: Recipe, asked: Asked) -> None:
        self._recipe = recipe
        self._asked = asked
        self._remote = asked.remote
        self._changed: Remote | None = None
        self._steps: list[Step] = []
        self._sent: Sent | None = None
        self._action: Action | None = None
        self._variables: dict[str, object] = {}

    def run(self) -> Talk:
        try:
            return (yield from self._run())
        except _Over as over:
            return over.verdict
        except TemplateFailed as failed:
            return self._verdict(Exchange(cause=Cause.TEMPLATE, detail=failed.reason))
        except HooklineError as error:  # a URL that the template made is none
            return self._verdict(Exchange(cause=Cause.TEMPLATE, detail=error.detail))

    def preview(self) -> Verdict:
        """The request about the case that would be sent now; nothing is looked for before."""
        try:
            return self._previewed()
        except TemplateFailed as failed:
            return self._verdict(Exchange(cause=Cause.TEMPLATE, detail=failed.reason))
        except HooklineError as error:
            return self._verdict(Exchange(cause=Cause.TEMPLATE, detail=error.detail))

    def _previewed(self) -> Verdict:
        self._begin()
        wanted = self._wanted()
        if wanted is None:
            return self._cancelled(SKIPPED)
        self._action = self._recipe.action(wanted, known=self._known())
        if self._action is None:
            return self._cancelled(self._nothing_to_close())
        request = self._request(self._recipe.prepared.acts[self._action].form)
        self._sent = self._recipe.sent(request)
        return self._verdict(_NOTHING)

    def _run(self) -> Talk:
        self._begin()
        wanted = self._wanted()
        if wanted is None:
            return self._cancelled(SKIPPED)
        if not self._known() and self._may_be_there(wanted):
            found = yield from self._find()
            if self._known() and wanted is Action.CREATE:
                return self._verdict(found)
        action = self._recipe.action(wanted, known=self._known())
        if action is None:
            return self._cancelled(self._nothing_to_close())
        self._action = action
        return (yield from self._act(self._recipe.prepared.acts[action]))

    def _known(self) -> bool:
        """It is there, as far as is known by now."""
        return self._remote is not None

    def _begin(self) -> None:
        self._variables = {**variables_of(self._asked), "before": {}, "remote": _shown(self._remote)}
        wanted = self._wanted()
        self._variables["case_action"] = "" if wanted is None else str(wanted)

    def _wanted(self) -> Action | None:
        """None: the endpoint wants nothing of such events."""
        event_type = self._asked.event.type
        for pattern, choice in self._recipe.actions.items():
            if Patterns((pattern,)).matches(event_type):
                return None if choice == "skip" else Action(choice)
        if self._asked.case is not None:
            return self._asked.case.action
        return Action.CREATE if not self._asked.key or event_type.endswith(_CREATED) else Action.UPDATE

    def _may_be_there(self, wanted: Action) -> bool:
        """An earlier attempt, or an earlier event of the case, may have made it, and nobody heard of it."""
        unheard = self._asked.attempt > 1 or self._asked.doubt or wanted is not Action.CREATE
        return self._recipe.prepared.find is not None and unheard

    def _find(self) -> _Said:
        form, kept = self._recipe.prepared.find, self._recipe.prepared.found
        assert form is not None
        assert kept is not None
        exchange, reply = yield from self._ask("find", form)
        self._remember(kept, reply)
        return exchange

    def _act(self, act: Act) -> Talk:
        last = _NOTHING
        answers: dict[str, Any] = {}
        for name, form in act.before.items():
            last, reply = yield from self._ask(f"before.{name}", form)
            answers[name] = self._variables["answer"] = reply.json
            self._variables["before"] = answers
        if act.done_if.text(self._scope()).strip():
            return self._verdict(last)
        for reason, when in act.fails_if:
            if when.text(self._scope()).strip():
                said = reason.text(self._scope())
                return self._verdict(msgspec.structs.replace(last, cause=Cause.REJECTED, detail=said), said)
        exchange = yield from self._say(act.form)
        if self._action is Action.CREATE and (exchange.status is None or exchange.status in SERVER_ERRORS):
            self._doubt()
        reply = self._read(act.form, exchange)
        if act.kept is not None:
            self._remember(act.kept, reply)
            if self._remote is None:
                return self._verdict(_failed(exchange, Cause.REJECTED, "the answer holds no id"))
        return self._verdict(_good(exchange))

    def _say(self, form: Form) -> _Said:
        """The request that the attempt is about."""
        request = self._request(form)
        self._sent = self._recipe.sent(request)
        return (yield request)

    def _ask(self, name: str, form: Form) -> Generator[Request, Exchange, tuple[Exchange, Reply]]:
        """A request that only asks. Raises _Over where its answer is not good."""
        request = self._request(form)
        exchange = yield request
        step = Step(
            name=name,
            method=request.method,
            url=self._recipe.shown(request.url),
            status=exchange.status,
            cause=exchange.cause,
            detail=self._recipe.mask.text(exchange.detail),
            total=exchange.timings.total,
        )
        self._steps.append(step)
        return _good(exchange), self._read(form, exchange)

    def _request(self, form: Form) -> Request:
        return self._recipe.request(form, self._scope(), self._asked)

    def _read(self, form: Form, exchange: Exchange) -> Reply:
        """Raises _Over for an answer that is not good."""
        reply = read_reply(exchange, self._recipe.preset.answers, self._recipe.mask.text)
        if exchange.status is None:
            raise _Over(self._verdict(exchange))
        if exchange.status in form.rules.success and reply.good:
            return reply
        answers = self._recipe.preset.answers
        gone = exchange.status in form.rules.gone or says_gone(reply.message, answers)
        if gone and self._remote is not None:
            raise _Over(self._gone(exchange))
        if is_so_already(reply.message, answers):
            return reply
        raise _Over(self._refused(exchange, reply))

    def _doubt(self) -> None:
        """Nobody knows whether it was made. It is written down, for this delivery may be given up: the next event of the case,
        a create again perhaps, looks first.
        """
        if self._asked.key and self._recipe.prepared.find is not None:
            endpoint, now = self._recipe.target.endpoint, self._asked.now
            self._changed = Remote(
                tenant_id=endpoint.tenant_id,
                endpoint_id=endpoint.id,
                case=self._asked.key,
                id="",
                created_at=now,
                updated_at=now,
            )

    def _gone(self, exchange: Exchange) -> Verdict:
        """Whoever deleted it there meant it; but what the case says from now on must stand somewhere."""
        assert self._remote is not None
        self._remote = self._changed = msgspec.structs.replace(
            self._remote, id="", url="", fields={}, updated_at=self._asked.now
        )
        if self._action is Action.CLOSE:
            return self._verdict(_good(exchange))
        detail = "It is not there any more: it is made anew with the next attempt."
        return self._verdict(_failed(exchange, Cause.STATUS, detail))

    def _refused(self, exchange: Exchange, reply: Reply) -> Verdict:
        preset = self._recipe.preset
        status = exchange.status or 0
        said = f"{preset.title} answered {status}" + (f": {reply.message}" if reply.message else "")
        cause = Cause.REJECTED if 200 <= status < 300 else Cause.STATUS  # noqa: PLR2004  a success by HTTP's word
        passing = status in preset.passing or passes(reply.message, preset.answers)
        told = "; ".join(one for one in (reply.message, exchange.detail) if one)
        failed = _failed(exchange, cause, told)
        return self._verdict(failed, "" if passing else said, reply.retry_after)

    def _remember(self, kept: Remembered, reply: Reply) -> None:
        """What the case is there by now, if the answer holds an id."""
        self._variables["answer"] = reply.json
        remote_id = kept.id.text(self._scope()).strip()
        if not remote_id:
            return
        before, now = self._remote, self._asked.now
        self._variables["remote"] = {"id": remote_id}
        endpoint = self._recipe.target.endpoint
        self._remote = Remote(
            tenant_id=endpoint.tenant_id,
            endpoint_id=endpoint.id,
            case=self._asked.key,
            id=remote_id,
            url=kept.link.text(self._scope()).strip(),
            fields={name: text.text(self._scope()) for name, text in kept.keep.items()},
            created_at=now if before is None else before.created_at,
            updated_at=now,
        )
        self._variables["remote"] = _shown(self._remote)
        if self._asked.key:  # what stands alone is spoken of no more
            self._changed = self._remote

    def _scope(self) -> Scope:
        """A new one for each text: each has its own time."""
        return self._recipe.scope(self._asked, self._variables)

    def _masked(self, exchange: Exchange) -> Exchange:
        """As it may be kept; it was read as it came."""
        mask = self._recipe.mask
        return msgspec.structs.replace(
            exchange,
            headers=tuple((name, mask.text(value)) for name, value in exchange.headers),
            body=mask.answer(exchange.body, cut=exchange.truncated),
            detail=mask.text(exchange.detail),
        )

    def _there(self) -> Remote | None:
        if self._remote is None or not self._remote.id:
            return None
        return msgspec.structs.replace(self._remote, url=self._recipe.mask.text(self._remote.url))

    def _nothing_to_close(self) -> str:
        return f"There is nothing of this case in {self._recipe.preset.title} to close"

    def _cancelled(self, reason: str) -> Verdict:
        return Verdict(
            exchange=_NOTHING, judged=True, cancelled=reason, remote=self._changed, steps=tuple(self._steps)
        )

    def _verdict(self, exchange: Exchange, final: str = "", retry_after: float = 0.0) -> Verdict:
        return Verdict(
            exchange=self._masked(exchange),
            sent=self._sent,
            judged=True,
            final=self._recipe.mask.text(final),
            retry_after=retry_after,
            remote=self._changed,
            there=self._there(),
            action="" if self._action is None else str(self._action),
            steps=tuple(self._steps),
        )


def _shown(remote: Remote | None) -> Mapping[str, object]:
    return {} if remote is None else {**remote.fields, "id": remote.id, "url": remote.url}


def _good(exchange: Exchange) -> Exchange:
    return msgspec.structs.replace(exchange, cause=None)


def _failed(exchange: Exchange, cause: Cause, detail: str) -> Exchange:
    return msgspec.structs.replace(exchange, cause=cause, detail=detail)
