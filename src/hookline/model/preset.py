"""Preset: a ready endpoint for one other system, as data: what it asks for, what it sends, how it reads the answers. Read
from `catalog/presets/`.

Texts are Liquid templates. They see `settings`, the event (`type`, `data`, `event.id`, `event.time`, `event.tags`), the
variables of its case (`case_id`, `subject`, `description`, …), `reference` (a text that is the case's alone and safe in any
field), `case_action` (what the event is to the case), `remote` (`id`, `url` and what was kept) once there is one, and in
`id`, `link`, `keep`, `done_if` and `fails_if` also `answer`, the JSON that came back.
"""

from typing import Annotated, Any

import msgspec

from hookline.model.case import Action
from hookline.model.endpoint import Auth, Rate, Timeout
from hookline.model.retry import DEFAULT_RETRY, AnyRetryPolicy
from hookline.model.system import Title

Pointer = Annotated[str, msgspec.Meta(pattern=r"^(/[^/]*)+$(?!\n)", max_length=256)]
"""RFC 6901."""
Method = Annotated[
    str, msgspec.Meta(pattern=r"^(GET|POST|PUT|PATCH|DELETE|\{\{ settings\.[a-z_]+ \}\})$(?!\n)")
]
"""One of these, or the setting that names one: `{{ settings.method }}`."""
Status = Annotated[int, msgspec.Meta(ge=100, le=599)]
SUCCESSES = tuple(range(200, 300))
GONE = (404, 410)
PASSING = (401, 403, 408, 425, 429, *range(500, 600))
"""401 and 403 too: whoever runs the other system mends them, and no event must be given up for them meanwhile."""


class PresetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request, and which answers to it are good."""

    method: Method = "POST"
    url: str = ""
    """What follows the preset's `base`: path and query."""
    headers: dict[str, str] = {}
    """Beside those of the preset. One that comes out empty is not sent."""
    body: Any = None
    """A JSON template; null: no body, or `text`."""
    text: str = ""
    """A text template, in the place of `body`."""
    success: tuple[Status, ...] = SUCCESSES
    gone: tuple[Status, ...] = GONE
    """Of a request about the remote thing: it is not there any more. What was known of it is forgotten, and the next
    attempt makes it anew; a `close` has nothing left to do.
    """


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of the remote thing, for later events of the same case. All see `answer`; `link` and `keep` also
    `remote.id`.
    """

    id: str
    """Empty where the answer holds none: then nothing was found, or the answer to a `create` is not what it should be."""
    link: str = ""
    """For people."""
    keep: dict[str, str] = {}
    """Name → what later templates see as `remote.NAME`."""


class PresetAction(PresetRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request that changes something there."""

    before: dict[str, PresetRequest] = {}
    """Requests that come first, in this order: they ask, or set what may be set twice. The JSON of an answer is
    `before.NAME` for all that follow.
    """
    done_if: str = ""
    """Where this comes out as anything, there is nothing left to do, and the delivery has succeeded."""
    fails_if: dict[str, str] = {}
    """Where one comes out as anything, the delivery fails for good; its name is the reason, itself a template."""
    kept: Kept | None = None
    """Of a `create`: none where the other system tells no id. Of others: where what was kept has changed."""


class PresetFind(PresetRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Looks for what an earlier `create` may have made whose answer was lost."""

    kept: Kept
    """Its `id` comes out empty where nothing was found."""


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers are read that are not good."""

    message: tuple[Pointer, ...] = ()
    """Where the reason stands; the first that holds something is told. Objects and lists are told as JSON."""
    failed: tuple[Pointer, ...] = ()
    """Where one of these holds something that is not empty, false or null, the answer is a failure whatever its status."""
    unless: dict[Pointer, Any] = {}
    """A good answer that is JSON holds these values, or it is a failure: `/ok: true`."""
    passing: tuple[str, ...] = ()
    """Words in the reason of a failure that passes by itself, whatever its status."""
    already: tuple[str, ...] = ()
    """Words in the reason of a refusal by which the other system says that things are as they should be: a success."""
    gone: tuple[str, ...] = ()
    """Words in the reason of a refusal that says what the `gone` of a request says by its status."""
    retry_after: Pointer | None = None
    """Where the seconds stand after which to come again; else the header says it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that fit the schema and will not do all the same."""

    when: str
    """A template over `settings`: where it comes out as anything, they are refused."""
    setting: str
    because: str
    hint: str = ""


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$(?!\n)", max_length=64)]
    """Its folder's name."""
    title: Title
    description: str
    url: str
    """Where the other system documents this."""
    notes: str
    """`notes.md` of its folder: what whoever runs the endpoint must do and know, as Markdown."""
    settings: dict[str, Any]
    """A JSON Schema of an object; its properties, in their order, are the form. Those that are `writeOnly` are secrets, and
    say a `minLength` of 4 or more: a shorter one could not be masked. A `default` stands for what is left out.
    """
    refuses: tuple[Refusal, ...] = ()
    base: str
    """How every URL begins: a template over `settings` alone, so that what is sent cannot choose where it goes."""
    auth: dict[str, Auth] = {}
    """Its texts are templates over `settings`. Of several, the setting `auth` names one. Empty: the endpoint's own."""
    headers: dict[str, str] = {}
    """Of every request."""
    dialect: str = "plain"
    """Whose headers and signature go out with it; `plain` has neither."""
    maps: dict[str, dict[str, str | int]] = {}
    """For the filter `mapped`: name → value → what the other system calls it. A setting of the same name goes before."""
    rate: Rate | None = None
    """Of its endpoints, unless they have their own."""
    timeout: Timeout = 15.0
    """Of its endpoints, unless they have their own; over all requests of one attempt together."""
    retry: AnyRetryPolicy = DEFAULT_RETRY
    """Of its endpoints, unless they have their own."""
    passing: tuple[Status, ...] = PASSING
    """Statuses of failures that are worth another attempt. With any other, the delivery is given up at once."""
    answers: Answers = Answers()
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Of a request's body; a larger one is not sent."""
    natural: bool = False
    """The other system makes one thing of the same `reference`, however often it is created: there is no need to look for it."""
    find: PresetFind | None = None
    actions: Annotated[dict[Action, PresetAction], msgspec.Meta(min_length=1)]
    """`create` must be there. Where another is missing: `close` and `comment` are an `update`, and an `update` a `create`."""

    @property
    def remembers(self) -> bool:
        """What it makes is linked with its case, for later events of it."""
        return self.actions[Action.CREATE].kept is not None

    @property
    def once(self) -> bool:
        """One thing is made of a case, even where the answer was lost."""
        return self.natural or self.find is not None
