"""What can go wrong with a request: the API says no, or nobody answers."""

import msgspec


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457)."""

    status: int
    title: str = "Something went wrong"
    code: str = ""
    detail: str = ""
    hint: str = ""
    field: str | None = None
    id: str | None = None


class Problem(Exception):
    """The API said no. `detail` says why, `hint` how to mend it."""

    def __init__(self, said: Said, retry_after: str = "") -> None:
        super().__init__(said.detail or said.title)
        self.status = said.status
        self.code = said.code
        self.title = said.title
        self.detail = said.detail
        self.hint = said.hint
        self.field = said.field
        self.id = said.id
        self.retry_after = retry_after
        """Seconds, or a date, where the gateway asks to come again."""


class Unreachable(Exception):
    """No answer came. `refused` says that nothing listens there."""

    def __init__(self, url: str, error: BaseException) -> None:
        super().__init__(f"{url}: {error or type(error).__name__}")
        self.url = url
        self.reason = str(error) or type(error).__name__
        self.refused = isinstance(error, ConnectionRefusedError)
