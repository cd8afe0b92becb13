"""Every error a user can meet. One tree; each leaf has a stable code, an HTTP status and says how to mend.

HooklineError
├── BadRequest        400  the request cannot be understood
│   ├── InvalidJson   400
│   ├── InvalidField  422  a field is understood and refused
│   │   ├── InvalidPattern, InvalidFilter, InvalidUrl, InvalidHeader, SchemaMismatch
│   ├── UnknownField  422  (with the nearest known name)
│   ├── InvalidCursor 400
│   └── BodyTooLarge  413
├── Unauthorized      401  no key, or a key that is not (any more) known
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
│   └── DatabaseTaken      another process has the SQLite file
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

    def __init__(self, detail: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.field = field
        """JSON path of the field at fault, as `endpoints.url`, when one is."""


class BadRequest(HooklineError):
    code = "bad_request"
    status = 400
    title = "The request cannot be understood"


class InvalidJson(BadRequest):
    code = "invalid_json"
    title = "The body is not the JSON that is expected here"


class InvalidCursor(BadRequest):
    code = "invalid_cursor"
    title = "The cursor is not one of this list"


class BodyTooLarge(BadRequest):
    code = "body_too_large"
    status = 413
    title = "The body is larger than allowed"


class InvalidField(BadRequest):
    code = "invalid_field"
    status = 422
    title = "A field has a value that is not allowed"


class UnknownField(InvalidField):
    code = "unknown_field"
    title = "A field is not known here"


class InvalidPattern(InvalidField):
    code = "invalid_pattern"
    title = "An event pattern is not understood"


class InvalidFilter(InvalidField):
    code = "invalid_filter"
    title = "The filter does not compile"


class InvalidUrl(InvalidField):
    code = "invalid_url"
    title = "The URL is not allowed"


class InvalidHeader(InvalidField):
    code = "invalid_header"
    title = "A header is not allowed"


class SchemaMismatch(InvalidField):
    code = "schema_mismatch"
    title = "The data does not fit the schema of its event type"


class Unauthorized(HooklineError):
    code = "unauthorized"
    status = 401
    title = "No valid API key"


class Forbidden(HooklineError):
    code = "forbidden"
    status = 403
    title = "The key may not do this"


class NotFound(HooklineError):
    code = "not_found"
    status = 404
    title = "Not found"


class MethodNotAllowed(HooklineError):
    code = "method_not_allowed"
    status = 405
    title = "This path does not take this method"


class Conflict(HooklineError):
    code = "conflict"
    status = 409
    title = "The current state does not allow this"


class IdempotencyConflict(Conflict):
    code = "idempotency_conflict"
    title = "The idempotency key was used before with another body"


class Overloaded(HooklineError):
    code = "overloaded"
    status = 429
    title = "Too much is waiting already"
    retry_after = 5


class Unavailable(HooklineError):
    code = "unavailable"
    status = 503
    title = "Hookline cannot store anything right now"
    retry_after = 5


class SealBroken(HooklineError):
    code = "seal_broken"
    title = "A stored secret does not open"


class ConfigurationError(HooklineError):
    code = "configuration"
    title = "A setting is wrong"


class DatabaseTaken(ConfigurationError):
    code = "database_taken"
    title = "The database is in use"


class CatalogError(HooklineError):
    code = "catalog"
    title = "A folder of the catalogue is wrong"


class CommitUnknown(Unavailable):
    """The answer to a COMMIT was lost: what was in it may or may not be stored. The caller hears 503; the
    committer finds out what became of it.
    """

    code = "unavailable"
