"""Secrets at rest: AES-256-GCM, bound to their tenant and row, under keys that can be rotated.

    sealed = version (1 byte) | key id (4) | nonce (12) | ciphertext | tag (16)

The header, the tenant and the row are authenticated too, so a sealed secret that is copied to another row or
tenant does not open. A key's id is the start of its SHA-256: it says which key to use and nothing about it.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hookline.config import Settings
from hookline.errors import ConfigurationError, SealBroken
from hookline.setting_types import KEY_BYTES, decode_keys

_VERSION = b"\x01"
_ID_BYTES = 4
_HEAD = len(_VERSION) + _ID_BYTES
_NONCE_BYTES = 12
_OVERHEAD = _HEAD + _NONCE_BYTES + 16
_CANARY = b"hookline"
_CANARY_ROW = "canary"
_BACK = (
    "Put that key back into HOOKLINE_SECRET_KEY (after the current one, with a comma) or into the key file."
)


class Vault:
    """Seals with the first key, opens with any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ConfigurationError(
                f"HOOKLINE_SECRET_KEY: keys of {KEY_BYTES} bytes are expected, at least one."
            )
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        if len(self._ciphers) != len(set(keys)):
            raise ConfigurationError("HOOKLINE_SECRET_KEY: two keys share an id; make another one.")
        self._head = _VERSION + _key_id(keys[0])
        self._cipher = self._ciphers[_key_id(keys[0])]

    def __repr__(self) -> str:
        return f"Vault({len(self._ciphers)} keys)"

    def seal(self, tenant_id: str, row_id: str, plaintext: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(self._head, tenant_id, row_id)
        return self._head + nonce + self._cipher.encrypt(nonce, plaintext, bound)

    def open(self, tenant_id: str, row_id: str, sealed: bytes) -> bytes:
        """Raises ConfigurationError when its key is not given, SealBroken when it was altered or moved."""
        cipher = self._cipher_of(sealed)
        nonce, body = sealed[_HEAD : _HEAD + _NONCE_BYTES], sealed[_HEAD + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _bound(sealed[:_HEAD], tenant_id, row_id))
        except InvalidTag:
            raise SealBroken(
                f"The secret of {row_id} was altered, or belongs to another row or tenant.",
                hint="Restore this row from a backup, or set the secret again.",
            ) from None

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether it was sealed under another key than the first. Reads the header only."""
        return not sealed.startswith(self._head)

    def canary(self) -> bytes:
        """To be kept in the database: it opens at the next start, or the key is wrong."""
        return self.seal("", _CANARY_ROW, _CANARY)

    def check_canary(self, sealed: bytes) -> None:
        """Raises ConfigurationError, so that a wrong key shows at start and not at the first send."""
        try:
            self.open("", _CANARY_ROW, sealed)
        except SealBroken:
            raise ConfigurationError(
                "The database's key check was altered: this is not the database that this key belongs to.",
                hint="Restore the database from a backup.",
            ) from None

    def _cipher_of(self, sealed: bytes) -> AESGCM:
        if len(sealed) < _OVERHEAD or not sealed.startswith(_VERSION):
            raise SealBroken(
                "A stored secret is not in a form that this version reads.",
                hint="Was the database written by a newer Hookline, or cut short?",
            )
        cipher = self._ciphers.get(sealed[1:_HEAD])
        if cipher is None:
            raise ConfigurationError(
                "HOOKLINE_SECRET_KEY: the database holds secrets sealed with another key"
                f" (id {sealed[1:_HEAD].hex()}; given: {', '.join(one.hex() for one in self._ciphers)}).",
                hint=_BACK,
                field="secret_key",
            )
        return cipher


def load_keys(settings: Settings) -> tuple[bytes, ...]:
    """From the setting `secret_key`, or else from the key file. Raises ConfigurationError."""
    if settings.secret_key:
        return decode_keys(settings.secret_key.reveal())
    try:
        return decode_keys(settings.key_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no key for secrets at rest: HOOKLINE_SECRET_KEY is not set and {settings.key_file} is absent.",
            hint="Set it to the output of `openssl rand -base64 32`, the same on every node, and keep a copy.",
            field="secret_key",
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{settings.key_file}: {error.strerror}", field="secret_key") from None
    except ValueError:
        raise ConfigurationError(
            f"{settings.key_file} does not hold 32 bytes in base64 a line.",
            hint="Restore it from a backup; delete it only if nothing was stored yet.",
            field="secret_key",
        ) from None


def create_key_file(path: Path) -> None:
    """Write a new key that only this user can read. Never replaces one: what it sealed would be lost."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists already; it is not overwritten.",
            hint="To rotate, put a new key above the old one in this file.",
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}", hint="Can this user write there?") from None
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A power loss must not take the name of a key that has sealed something."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_ID_BYTES]


def _bound(head: bytes, tenant_id: str, row_id: str) -> bytes:
    """What a secret is bound to; the tenant's length is told, so that no two pairs read alike."""
    tenant = tenant_id.encode()
    return head + len(tenant).to_bytes(4, "big") + tenant + row_id.encode()
