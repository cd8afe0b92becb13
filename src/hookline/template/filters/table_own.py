"""The table of filters that Liquid does not have: what receivers ask for."""

from hookline.template.filters import cut, escapes, levels, lists, times
from hookline.template.filters.filter import Filter
from hookline.template.filters.given import on_text

OWN = (
    Filter(
        name="json",
        run=lists.json,
        sentence="The value as JSON, a text with its quotes: for text templates.",
        example='{"title": {{ data.title | json }}}',
        result='{"title": "Disk full"}',
        wide=True,
    ),
    Filter(
        name="cut",
        run=cut.cut,
        arguments="size[, unit[, mark]]",
        sentence="At most `size` characters, the mark (`…`) counted. The unit is `points` (code points), `utf16`, `bytes` (of UTF-8) or `json` (bytes in a JSON string, with its escapes). No character and no entity of HTML is left in halves.",
        example="{{ data.title | cut: 6 }}",
        result="Disk …",
    ),
    Filter(
        name="mapped",
        run=levels.mapped,
        arguments="map",
        sentence="The value's entry in a map, without regard to case; else that of a word of the same level; else its entry `else`; else the value itself. An empty value stays empty, unless it has an entry.",
        example='{{ data.priority | mapped: "priority" }}',
        result="1",
        scoped=True,
    ),
    Filter(
        name="level",
        run=levels.level,
        sentence="`low`, `medium`, `high` or `urgent` for the usual words of levels; any other text in small letters.",
        example="{{ data.priority | level }}",
        result="urgent",
    ),
    Filter(
        name="slack",
        run=on_text(escapes.slack),
        sentence="With `&`, `<` and `>` as Slack wants them.",
        example='{{ "a < b" | slack }}',
        result="a &lt; b",
    ),
    Filter(
        name="html",
        run=on_text(escapes.html),
        sentence="Safe in HTML, newlines as `<br>`.",
        example="{{ data.note | html }}",
        result="First line<br>Second line",
    ),
    Filter(
        name="adf",
        run=escapes.adf,
        sentence="A document in Atlassian Document Format, null for an empty text; with `typed`.",
        example="{{ data.title | adf | json }}",
        result='{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"Disk full"}]}]}',
    ),
    Filter(
        name="label",
        run=on_text(escapes.label),
        sentence="Safe as a label or a key: letters, digits, `_`, `.`, `-`, at most 64. What is not gets a digest, so that two texts never become one.",
        example="{{ data.title | label }}",
        result="Disk_full-dc301aee2981",
    ),
    Filter(
        name="path",
        run=escapes.path,
        sentence="Safe as one step of a URL's path; the delivery fails for `.` and `..`.",
        example='{{ "a/b c" | path }}',
        result="a%2Fb%20c",
        scoped=True,
    ),
    Filter(
        name="query",
        run=escapes.query,
        sentence="Safe as a value in a URL's query.",
        example='{{ "a&b c" | query }}',
        result="a%26b%20c",
        scoped=True,
    ),
    Filter(
        name="first_line",
        run=on_text(escapes.first_line),
        sentence="The first line that is not blank.",
        example="{{ data.note | first_line }}",
        result="First line",
    ),
    Filter(
        name="date",
        run=times.date,
        arguments="form",
        sentence="A time in another form, in its own offset: `%Y-%m-%d`, `%H:%M` and the others of Liquid; what is no time stays as it is. `now` is the time of the delivery's first attempt.",
        example='{{ data.at | date: "%d.%m.%Y %H:%M" }}',
        result="24.11.2026 08:30",
        scoped=True,
    ),
    Filter(
        name="unix",
        run=times.unix,
        sentence="Seconds since 1970 of a time in RFC 3339; the delivery fails for what is no time.",
        example="{{ data.at | unix }}",
        result="1795505415",
    ),
    Filter(
        name="rfc3339",
        run=times.rfc3339,
        sentence="In UTC, in whole seconds; the delivery fails for what is no time.",
        example="{{ data.at | rfc3339 }}",
        result="2026-11-24T07:30:15Z",
    ),
)
