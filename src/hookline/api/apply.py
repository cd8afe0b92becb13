"""Apply: a whole declaration at once, as a file holds it; first shown, then done."""

import msgspec
from litestar import post
from litestar.params import RawBody

from hookline.api.applying import Step, apply_plan, make_plan
from hookline.api.body import decode_body
from hookline.api.rules import Needs, NeedsParts, Wall, rule
from hookline.model.api_key import Scope
from hookline.model.declaration import Declaration


class ApplyQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to apply."""

    dry_run: str | None = None
    """`true`: only tell what would be done."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or would be."""

    steps: list[Step]
    """In their order; none: all is as it should be."""
    applied: bool
    """False: nothing was done."""


_DECLARATION = msgspec.json.Decoder(Declaration)


@post(
    "/v1/apply",
    opt=rule(Scope.ADMIN, Wall.NONE, body=Declaration, query=ApplyQuery, conflicts=True),
    status_code=200,
)
async def apply(body: RawBody, parts: NeedsParts, asked: Needs[ApplyQuery]) -> Applied:
    """Make it so that there is what the declaration says: create, change, and delete what its owner has made before.

    Deleted is what the declaration names no more, in tenants, too, that it does not name at all any more. All of it is
    checked before anything is done. Nothing of another owner is touched, nothing that people made, and no tenant.
    """
    declared = decode_body(body, _DECLARATION)
    if asked.dry_run not in {None, "", "false"}:
        return Applied(steps=(await make_plan(parts, declared)).steps, applied=False)
    async with parts.store.declared.turn() as turn:
        plan = await make_plan(parts, declared)
        await apply_plan(parts, plan, turn)
    return Applied(steps=plan.steps, applied=True)


HANDLERS = (apply,)
