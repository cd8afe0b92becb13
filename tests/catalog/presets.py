"""A preset of the tests: a system of lamps that keeps tickets."""

from pathlib import Path

from hookline.catalog.loader import load_presets
from hookline.model.preset import Preset

GOOD = """
title: Lamps
description: A case becomes a lamp.
url: https://lamps.example/docs
settings:
  type: object
  additionalProperties: false
  required: [site, token]
  properties:
    site: {type: string, format: uri, pattern: "^https?://", title: Site, description: Where the lamps are., examples: ["https://lamps.example"]}
    token: {type: string, minLength: 4, writeOnly: true, title: Token, description: In the profile.}
    room: {type: string, title: Room, description: Which., default: hall}
    watts: {type: integer, minimum: 1, title: Watts, description: How bright.}
    priority: {type: object, additionalProperties: {type: [string, integer]}, title: Priorities, description: Names.}
refuses:
  - when: "{% if settings.site contains 'retired.example' %}yes{% endif %}"
    setting: site
    because: These lamps are retired.
    hint: Take the new address.
base: "{{ settings.site }}/api"
auth: {token: {kind: bearer, token: "{{ settings.token }}"}}
headers: {X-Lamp: "{{ reference }}"}
maps: {priority: {low: dim, else: bright}}
rate: {count: 10, seconds: 60}
answers: {message: [/error]}
find:
  method: GET
  url: "/lamps?reference={{ reference | query }}"
  kept: {id: "{{ answer.items[0].id }}"}
actions:
  create:
    url: /lamps
    body:
      name: "{{ subject | cut: 100 }}"
      "text?": "{{ description }}"
      level: "{{ priority | mapped: 'priority' }}"
      room: "{{ settings.room }}"
    kept: {id: "{{ answer.id }}", link: "{{ settings.site }}/{{ answer.id }}", keep: {etag: "{{ answer.etag }}"}}
  update:
    before:
      now: {method: GET, url: "/lamps/{{ remote.id | path }}"}
    method: PATCH
    url: "/lamps/{{ remote.id | path }}"
    headers: {If-Match: "{{ remote.etag }}"}
    body: {name: "{{ subject | cut: 100 }}", count: "{{ before.now.count | typed }}"}
    done_if: "{% if before.now.name == subject %}yes{% endif %}"
    fails_if: {"The lamp {{ remote.id }} is broken.": "{{ before.now.broken }}"}
  comment: {url: "/lamps/{{ remote.id }}/notes", text: "{{ comment }}"}
"""
NOTES = "# Lamps\n\nMake a token with the right `write`.\n"


def put(folder: Path, text: str = GOOD, *, name: str = "lamps", notes: str | None = NOTES) -> Path:
    """Into a user's folder; returns it."""
    place = folder / "presets" / name
    place.mkdir(parents=True)
    (place / "preset.yaml").write_text(text)
    if notes is not None:
        (place / "notes.md").write_text(notes)
    return folder


def lamps(folder: Path, old: str = "", new: str = "") -> Preset:
    assert old in GOOD
    return load_presets(put(folder, GOOD.replace(old, new)))["lamps"]
