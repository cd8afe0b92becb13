"""A filter's run: what it is given and what it makes are bounded, so that no single call takes long."""

from hookline.template.filters.filter import Filter
from hookline.template.missing import is_missing
from hookline.template.scope import Scope, TemplateFailed, in_words
from hookline.template.values import weight

_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError)


def run(scope: Scope, filter_: Filter, value: object, *given: object, **named: object) -> object:
    """Raises TemplateFailed."""
    scope.tick()
    value = value if filter_.asks else _there(value)
    arguments = [_there(one) for one in given]
    for one in (value, *arguments):
        scope.check_range(one)
        if not filter_.wide:
            _bound(scope, one, f"The filter {filter_.name} is given")
    try:
        made = (
            filter_.run(scope, value, *arguments)
            if filter_.scoped
            else filter_.run(value, *arguments, **named)
        )
    except _FAULTS:
        raise TemplateFailed(f"The filter {filter_.name} cannot work with what it is given.") from None
    if not filter_.wide:
        _bound(scope, made, f"The filter {filter_.name} makes")
    scope.tick()
    return made


def _there(value: object) -> object:
    if is_missing(value):
        value.used()
        return None
    return value


def _bound(scope: Scope, value: object, who: str) -> None:
    limit = scope.limits.value
    if weight(value, limit) > limit:
        raise TemplateFailed(f"{who} more than {in_words(limit)}.")
