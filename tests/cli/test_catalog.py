"""`hookline catalog`: folders are checked, and a request that came becomes a sample."""

import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hookline.catalog.samples import read_samples
from tests.cli.conftest import Dev
from tests.cli.program import hookline
from tests.cli.test_send import receipts
from tests.cli.test_sources import gone, made


def sent(dev: Dev, source: dict[str, Any], *options: str) -> None:
    done = dev("send", "--source", source["id"], *options)
    assert done.code == 0, done.out + done.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a provider of ours, to be spoiled."""
    with resources.as_file(resources.files("hookline.catalog") / "providers" / "stripe") as ours:
        shutil.copytree(ours, tmp_path / "providers" / "stripe")
    return tmp_path / "providers" / "stripe"


def test_the_catalogue_that_ships_is_without_fault(tmp_path: Path) -> None:
    done = hookline("catalog", "check", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.endswith(": 0 faults.\n")


def test_a_check_speaks_json(tmp_path: Path, folder: Path) -> None:
    good = hookline("catalog", "check", str(folder), "--json", cwd=tmp_path)
    assert (good.code, msgspec.json.decode(good.out)) == (
        0,
        {"providers": 1, "presets": 0, "samples": 3, "faults": []},
    )
    (folder / "samples.yaml").unlink()
    bad = hookline("catalog", "check", str(folder), "--json", cwd=tmp_path)
    (fault,) = msgspec.json.decode(bad.out)["faults"]
    assert (bad.code, str(folder) in fault) == (1, True)


def test_a_folder_of_ones_own_is_checked_by_name_or_by_the_setting(tmp_path: Path, folder: Path) -> None:
    for named in (folder, tmp_path):
        assert (
            hookline("catalog", "check", str(named), cwd=tmp_path).out == "1 provider, 3 samples: 0 faults.\n"
        )
    by_setting = hookline("catalog", "check", cwd=tmp_path, catalog=str(tmp_path))
    assert by_setting.code == 0
    assert not by_setting.out.startswith("1 provider,")


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("provider.yaml", ("schemes:", "shcemes:"), "shcemes is not known here"),
        ("provider.yaml", ("hmac-sha256", "hmac-sha255"), "schemes"),
        ("provider.yaml", ("{signed.t}.{body}", "{signed.t}.{bdoy}"), "schemes.v1.content"),
        ("samples.yaml", ("secrets: [whsec", "secrets: [other"), "the scheme v1 refuses it: bad_signature"),
        (
            "samples.yaml",
            ("type: stripe.invoice.paid", "type: stripe.paid"),
            "events[0].type is 'stripe.invoice.paid'",
        ),
        ("samples.yaml", ("id: evt_1Sample", "id: evt_2Sample"), "events[0].id is 'evt_1SampleOfHookline'"),
        ("samples.yaml", ("invoice-paid.http", "invoice-piad.http"), "invoice-p"),
        ("samples.yaml", ("scheme: v1", "sceme: v1"), "sceme"),
        ("samples.yaml", ("secrets: [", "secrets: [["), "samples.yaml is not YAML"),
        ("invoice-paid.http", ("evt_1", "evt_9"), "invoice-paid.http: the scheme v1 refuses it"),
        ("invoice-paid.http", ("POST /in", "POST/in"), "the first line"),
    ],
)
def test_a_fault_is_told_with_file_and_field(
    tmp_path: Path, folder: Path, file: str, change: tuple[str, str], told: str
) -> None:
    """Exit code 1."""
    text = (folder / file).read_text()
    assert change[0] in text
    (folder / file).write_text(text.replace(*change, 1))
    done = hookline("catalog", "check", str(folder), cwd=tmp_path)
    assert done.code == 1
    assert told in done.err
    assert "stripe" in done.err


def test_a_scheme_without_a_sample_and_a_folder_without_samples_are_faults(
    tmp_path: Path, folder: Path
) -> None:
    for file in folder.iterdir():
        if file.name != "provider.yaml":
            file.unlink()
    done = hookline("catalog", "check", str(folder), cwd=tmp_path)
    assert (done.code, "there are no samples" in done.err) == (1, True)
    assert hookline("catalog", "check", str(tmp_path / "providers"), cwd=tmp_path).code == 2


def test_a_request_that_came_becomes_a_sample_that_proves_itself(dev: Dev, tmp_path: Path) -> None:
    """Signed anew with an invented secret: the real one stands nowhere."""
    source = made(dev, "stripe", "--secret", "whsec_real_one")
    sent(dev, source, "--type", "invoice.paid")
    (receipt,) = receipts(dev, source)
    into = tmp_path / "providers" / "stripe"
    for number, named in enumerate((receipt["id"], source["id"])):
        done = dev("catalog", "record", named, "--into", str(into), "--secret", "invented")
        assert done.code == 0, done.err
        assert "real people" in done.err
        assert len(list(into.glob("*.http"))) == number + 1
    shutil.copy(
        str(resources.files("hookline.catalog") / "providers" / "stripe" / "provider.yaml"),
        into / "provider.yaml",
    )
    checked = hookline("catalog", "check", str(into), cwd=tmp_path)
    assert checked.code == 0, checked.err
    assert "whsec_real_one" not in (into / "samples.yaml").read_text()
    sample = next(iter(read_samples(into)))
    assert sample.rule.scheme == "v1"
    assert (sample.rule.events[0].type, sample.secrets) == ("stripe.invoice.paid", ("invented",))
    gone(dev, source)


def test_recording_into_a_folder_keeps_what_stands_there(dev: Dev, folder: Path) -> None:
    """Comments of samples.yaml, too; without a secret it says what is left to do."""
    before = (folder / "samples.yaml").read_text()
    source = made(dev, "stripe", "--secret", "s")
    sent(dev, source)
    done = dev("catalog", "record", source["id"], "--into", str(folder), "--name", "my-own")
    assert done.code == 0, done.err
    assert "--secret" in done.err
    assert (folder / "samples.yaml").read_text().startswith(before.rstrip())
    assert (folder / "my-own.http").is_file()
    assert dev("catalog", "check", str(folder)).code == 1  # not signed anew yet
    gone(dev, source)


def test_a_source_that_nothing_came_to_has_nothing_to_record(dev: Dev, tmp_path: Path) -> None:
    source = made(dev, "stripe", "--secret", "s")
    done = dev("catalog", "record", source["id"], "--into", str(tmp_path / "x"))
    assert (done.code, "Nothing has been accepted yet" in done.err) == (3, True)
    assert not (tmp_path / "x").exists()
    gone(dev, source)


def test_credentials_in_headers_are_masked_and_signed_anew(dev: Dev, tmp_path: Path) -> None:
    source = made(dev, "pipedrive", "--secret", "me:real_password")
    sent(dev, source)
    into = tmp_path / "pipedrive"
    assert dev("catalog", "record", source["id"], "--into", str(into)).code == 0
    masked = next(into.glob("*.http")).read_text()
    assert "Authorization: Basic ***" in masked
    assert dev("catalog", "record", source["id"], "--into", str(into), "--secret", "you:invented").code == 0
    shutil.copy(
        str(resources.files("hookline.catalog") / "providers" / "pipedrive" / "provider.yaml"),
        into / "provider.yaml",
    )
    done = dev("catalog", "check", str(into))
    assert done.err.count("fault:") == 1  # that which was not signed anew
    gone(dev, source)


def test_the_answer_of_list_is_json(dev: Dev) -> None:
    assert msgspec.json.decode(dev("providers", "list", "--json").out)["items"]
