"""Every error a user can meet. One tree; each leaf has a stable code, an HTTP status and says how to mend.

A docstring is what the reference shows: what the error means, a blank line, how to mend it.

HooklineError
├── BadRequest        400  the request cannot be understood
│   ├── InvalidJson   400
│   ├── InvalidField  422  a field is understood and refused
│   │   ├── InvalidPattern, InvalidFilter, InvalidTemplate, InvalidUrl, InvalidHeader, SchemaMismatch
│   ├── UnknownField  422  (with the nearest known name)
│   ├── InvalidCursor 400
│   └── BodyTooLarge  413
├── Unauthorized      401  no key, or a key that is not (any more) known
│   └── NotProven     401  a request to a source was not accepted, for whatever reason
├── Forbidden         403  the key's scope does not reach this
├── NotFound          404  absent, or another tenant's: the answer is the same
├── MethodNotAllowed  405  the path is known, the method is not
├── Conflict          409  the state says no
│   └── IdempotencyConflict 409  the key was used with another body
├── Unavailable       503  the database or the disk; try again later
│   └── CommitUnknown 503  it may have been stored: repeat it with the same idempotency key
├── Overloaded        429  the backlog is over its bound
├── SealBroken        500  a secret at rest was altered, or moved to another row
├── ConfigurationError     a setting is wrong; the process does not start
│   ├── DatabaseTaken      another process has the SQLite file
│   └── LibraryMissing     a library is not installed
└── CatalogError           a folder of the catalogue is wrong; the process does not start
"""

from typing import ClassVar


class HooklineError(Exception):
    """`detail` says what is wrong with this input; `hint` says how to mend it. Neither may hold a secret."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    retry_after: int | None = None
    """Seconds after which to come again, where that helps."""
    challenge: ClassVar[str] = ""
    """How to prove oneself (RFC 9110, 11.6.1); of every 401."""

    def __init__(self, detail: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.field = field
        """JSON path of the field at fault, as `endpoints.url`, when one is."""


class BadRequest(HooklineError):
    """A parameter is given twice, an admin key named no tenant, or the request is not valid HTTP.

    Read `detail` and `hint`, change the request, send it again.
    """

    code = "bad_request"
    status = 400
    title = "The request cannot be understood"


class InvalidJson(BadRequest):
    """The body is empty, is not JSON, is nested too deeply, or is not an object where one is expected.

    Check the body with a JSON linter; `NaN`, `Infinity` and lone surrogates are not JSON.
    """

    code = "invalid_json"
    title = "The body is not the JSON that is expected here"


class InvalidCursor(BadRequest):
    """The cursor was made for another list, other filters or another tenant, or was altered.

    Take cursors from `next_cursor` or follow `next` as it is; begin again without a cursor.
    """

    code = "invalid_cursor"
    title = "The cursor is not one of this list"


class BodyTooLarge(BadRequest):
    """The body is larger than the setting for this route: `body_limit`, or `batch_limit` for a batch.

    Send less, or several batches; or let the operator raise the limit. Put large files elsewhere and send a link.
    """

    code = "body_too_large"
    status = 413
    title = "The body is larger than allowed"


class InvalidField(BadRequest):
    """A field is understood, and its value is not allowed. `field` names it.

    `hint` says what is allowed.
    """

    code = "invalid_field"
    status = 422
    title = "A field has a value that is not allowed"


class UnknownField(InvalidField):
    """The request holds a field that does not exist. Nothing is ignored silently: it may be a misspelling.

    `hint` names the nearest known field. Correct the name, or leave the field out.
    """

    code = "unknown_field"
    title = "A field is not known here"


class InvalidPattern(InvalidField):
    """An entry of `events` is neither the name of an event type, nor a beginning like `call.*`, nor `*`.

    Write `call.started`, `call.*` or `*`.
    """

    code = "invalid_pattern"
    title = "An event pattern is not understood"


class InvalidFilter(InvalidField):
    """The filter of an endpoint is not CEL, names what does not exist, or could cost too much to run.
    `detail` gives line and column.

    The variables are `type`, `data`, `tags` and `time`; the result must be true or false.
    """

    code = "invalid_filter"
    title = "The filter does not compile"


class InvalidTemplate(InvalidField):
    """A template is not Liquid, names a tag or a filter that there is not, or is too long. `detail` gives line and
    column, within the leaf that `field` names.

    See the page of templates for tags and filters. Templates load no others.
    """

    code = "invalid_template"
    title = "The template does not compile"


class InvalidUrl(InvalidField):
    """The URL is malformed, is plain `http://` where that is not allowed, or leads to an address that the operator
    does not allow. Which of the addresses is refused is not told.

    Use a public `https://` URL. Operators: see `allow_http`, `allow_networks` and `allow_hosts`.
    """

    code = "invalid_url"
    title = "The URL is not allowed"


class InvalidHeader(InvalidField):
    """A header of an endpoint cannot be sent: its name or value holds characters that headers cannot carry, is too
    long, or belongs to Hookline or to the dialect.

    Choose another name, or encode the value.
    """

    code = "invalid_header"
    title = "A header is not allowed"


class SchemaMismatch(InvalidField):
    """The event type has a schema with enforcement `enforce`, and the data does not fit it.

    `detail` says where. Correct the data, or the schema, or set its enforcement to `warn`.
    """

    code = "schema_mismatch"
    title = "The data does not fit the schema of its event type"


class Unauthorized(HooklineError):
    """The request has no API key, or one that is unknown, revoked or expired.

    Send `Authorization: Bearer hk_…` with a living key.
    """

    code = "unauthorized"
    challenge = "Bearer"
    status = 401
    title = "No valid API key"


class NotProven(Unauthorized):
    """There is no such source, or the request does not prove that it may come in. The answer never says which.

    Look at the source's receipts: the cause stands there. After you have mended the secret, accept the receipt.
    """

    code = "not_proven"
    challenge = "Signature"
    title = "The request is not accepted"


class Forbidden(HooklineError):
    """The key is valid, and its scope does not reach this route; or it belongs to another tenant than the one that
    `Hookline-Tenant` names.

    Use a key of the scope that `hint` names. Only admin keys name a tenant.
    """

    code = "forbidden"
    status = 403
    title = "The key may not do this"


class NotFound(HooklineError):
    """There is nothing here: it never was, was deleted, or belongs to another tenant. The three cannot be told apart.

    Check the id and the key's tenant.
    """

    code = "not_found"
    status = 404
    title = "Not found"


class MethodNotAllowed(HooklineError):
    """The path exists, and does not take this method. The header `Allow` lists those it takes.

    Use one of them.
    """

    code = "method_not_allowed"
    status = 405
    title = "This path does not take this method"


class Conflict(HooklineError):
    """What is asked for does not fit the state that it is asked of: a delivery that is being sent cannot be cancelled,
    an id that is taken cannot be given again.

    `detail` names the state. Wait, or ask for something else.
    """

    code = "conflict"
    status = 409
    title = "The current state does not allow this"


class RecordChanged(Conflict):
    """The record has another version by now than the one that the change was made of: somebody saved it meanwhile.

    Nothing was stored. Read the record, apply the change to it, and save again.
    """

    code = "record_changed"
    title = "The record was changed meanwhile"


class IdempotencyConflict(Conflict):
    """The idempotency key was used before for another event. Nothing was stored.

    Give each event its own key. To send the same event again, send the same content.
    """

    code = "idempotency_conflict"
    title = "The idempotency key was used before with another body"


class Overloaded(HooklineError):
    """More deliveries wait than `backlog_limit` or `tenant_backlog_limit` allows. Nothing was stored.

    Come again after `Retry-After` seconds, with the same idempotency key.
    """

    code = "overloaded"
    status = 429
    title = "Too much is waiting already"
    retry_after = 5


class Unavailable(HooklineError):
    """The database does not answer, or the disk is full. Nothing was acknowledged.

    Come again after `Retry-After` seconds, with the same idempotency key. Operators: see `/readyz` and the log.
    """

    code = "unavailable"
    status = 503
    title = "Hookline cannot store anything right now"
    retry_after = 5


class SealBroken(HooklineError):
    """A secret at rest was altered, or copied to another row. Over HTTP this shows as `internal`.

    Restore the row from a backup, or set the secret again.
    """

    code = "seal_broken"
    title = "A stored secret does not open"


class ConfigurationError(HooklineError):
    """A setting is unknown, malformed or contradicts another; or the database is not one that this version can use.
    The process does not start.

    The message lists everything that is wrong. See the page of settings.
    """

    code = "configuration"
    title = "A setting is wrong"


class DatabaseTaken(ConfigurationError):
    """Another process has the SQLite file. SQLite serves one process at a time.

    Stop the other process; use PostgreSQL for several.
    """

    code = "database_taken"
    title = "The database is in use"


class LibraryMissing(ConfigurationError):
    """A library that Hookline needs, at the latest for the first template, filter or schema, is not installed.
    The process does not start.

    Install everything that requirements/run.lock pins.
    """

    code = "library_missing"
    title = "A library is missing"


class CatalogError(HooklineError):
    """A folder of the catalogue cannot be used: an unknown or repeated key, a place that does not exist, a name that
    is taken. The process does not start.

    The message names file and field.
    """

    code = "catalog"
    title = "A folder of the catalogue is wrong"


class CommitUnknown(Unavailable):
    """The answer to a COMMIT was lost: what was in it may or may not be stored. The caller hears 503; the
    committer finds out what became of it.

    Repeat the request with the same idempotency key: if it was stored, the answer is that event.
    """

    code = "unavailable"
