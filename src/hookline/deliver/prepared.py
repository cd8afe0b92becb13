"""Prepared: a preset's texts compiled, once for all endpoints that use it."""

from collections.abc import Mapping

import msgspec

from hookline.model.case import Action
from hookline.model.preset import Kept, Preset, PresetAction, PresetRequest
from hookline.template.engine import Template, compile_text
from hookline.template.text import TextTemplate, compile_document
from hookline.template.tree import JsonTemplate, compile_tree

Texts = Mapping[str, Template]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    rules: PresetRequest
    method: Template
    url: Template
    headers: Texts
    body: JsonTemplate | TextTemplate | None


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    id: Template
    link: Template
    keep: Texts


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for one action."""

    form: Form
    before: Mapping[str, Form]
    done_if: Template
    fails_if: tuple[tuple[Template, Template], ...]
    """Reason, and when."""
    kept: Remembered | None


class Prepared:
    def __init__(self, preset: Preset) -> None:
        """`preset` as the catalogue gave it, that is, checked."""
        self.preset = preset
        self.base = compile_text(preset.base, "base")
        self.headers = _texts(preset.headers, "headers")
        self.find = None if preset.find is None else _form(preset.find, "find")
        self.found = None if preset.find is None else _kept(preset.find.kept, "find.kept")
        self.acts = {action: _act(rules, f"actions.{action}") for action, rules in preset.actions.items()}
        self.tracks = self.acts[Action.CREATE].kept is not None
        """What was made can be told apart later: it is updated, not made again."""


def _act(rules: PresetAction, field: str) -> Act:
    return Act(
        form=_form(rules, field),
        before={name: _form(one, f"{field}.before.{name}") for name, one in rules.before.items()},
        done_if=compile_text(rules.done_if, f"{field}.done_if"),
        fails_if=tuple(
            (compile_text(reason, f"{field}.fails_if"), compile_text(when, f"{field}.fails_if.{reason}"))
            for reason, when in rules.fails_if.items()
        ),
        kept=None if rules.kept is None else _kept(rules.kept, f"{field}.kept"),
    )


def _form(rules: PresetRequest, field: str) -> Form:
    return Form(
        rules=rules,
        method=compile_text(rules.method, f"{field}.method"),
        url=compile_text(rules.url, f"{field}.url"),
        headers=_texts(rules.headers, f"{field}.headers"),
        body=_body(rules, field),
    )


def _body(rules: PresetRequest, field: str) -> JsonTemplate | TextTemplate | None:
    if rules.text:
        return compile_document(rules.text, f"{field}.text")
    return None if rules.body is None else compile_tree(rules.body, f"{field}.body")


def _kept(rules: Kept, field: str) -> Remembered:
    return Remembered(
        id=compile_text(rules.id, f"{field}.id"),
        link=compile_text(rules.link, f"{field}.link"),
        keep=_texts(rules.keep, f"{field}.keep"),
    )


def _texts(texts: Mapping[str, str], field: str) -> Texts:
    return {name: compile_text(text, f"{field}.{name}") for name, text in texts.items()}
