"""Conversion: 8-bit content for a server that takes 7 bits (RFC 6152 3, RFC 2045 6).

Only the encoding of parts changes, never what they mean.  What was signed or encrypted stays as it
is, and what would not read back the same is given up.
"""

from __future__ import annotations

import base64
import email
import email.errors
import email.generator
import email.message
import email.policy
import io
import quopri
from collections.abc import Iterator
from typing import Final

Message = email.message.Message

_POLICY: Final = email.policy.compat32.clone(linesep="\r\n", max_line_length=None)

_SEALED: Final = frozenset({"multipart/signed", "multipart/encrypted"})
_SEALED_PARTS: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_RAW: Final = frozenset({"7bit", "8bit", "binary"})  # encodings that encode nothing
_LONGEST: Final = 998  # octets of a line
_MOST_PARTS: Final = 1_000  # of one message: each takes time
_ENCODING: Final = "content-transfer-encoding"


def seven_bit(content: bytes) -> bytes | None:
    """The content in 7 bits; None if that cannot be done without harm."""
    try:
        return _converted(content)
    except (RecursionError, ValueError, LookupError, email.errors.MessageError):
        return None  # the library does not follow it, so nobody can say what it means


def _converted(content: bytes) -> bytes | None:
    message = email.message_from_bytes(content, policy=_POLICY)
    if "MIME-Version" not in message:
        return None  # nothing says what the octets mean, so nothing says how to encode them
    if sum(1 for _ in message.walk()) > _MOST_PARTS:
        return None
    before = list(_meanings(message))
    if not _convert(message):
        return None
    converted = _written(message)
    again = email.message_from_bytes(converted, policy=_POLICY)
    if before != list(_meanings(again)):
        return None
    is_kept = all(_written(part) in content for part in again.walk() if _is_sealed(part))
    return converted if is_kept and converted.isascii() else None


# --- encoding ------------------------------------------------------------------------------------


def _convert(part: Message) -> bool:
    """Encode what is below this part; False if something there must not be touched."""
    if _is_sealed(part):
        return _written(part).isascii()  # it may stay as it is
    if not all(_raw(value).isascii() for _, value in part.raw_items()):
        return False
    if _is_global(part):
        return _encode(part, _inside(part))  # RFC 6533 6: it may be encoded as a whole
    if part.is_multipart():
        return _convert_container(part)
    octets = _inside(part)
    if _encoding(part) in _RAW and _needs_encoding(octets):
        return _encode(part, octets)
    return True


def _convert_container(part: Message) -> bool:
    if not all(map(_convert, _below(part))):
        return False
    if _encoding(part) != "7bit":
        part.replace_header(_ENCODING, "7bit")
    return True


def _encode(part: Message, octets: bytes) -> bool:
    is_text = part.get_content_maintype() == "text" and b"\0" not in octets
    # Quoted-printable knows the line ends of text alone: CR or LF by itself goes into base64.
    if is_text and not _has_bare_ends(octets):
        name, encoded = "quoted-printable", quopri.encodestring(octets.replace(b"\r\n", b"\n"))
    else:
        name, encoded = "base64", base64.encodebytes(octets)
    del part[_ENCODING]
    part["Content-Transfer-Encoding"] = name
    part.set_payload(encoded.decode("ascii").replace("\n", "\r\n"))
    return True


def _needs_encoding(octets: bytes) -> bool:
    is_long = any(len(line) > _LONGEST for line in octets.split(b"\r\n"))
    return not octets.isascii() or b"\0" in octets or is_long or _has_bare_ends(octets)


def _has_bare_ends(octets: bytes) -> bool:
    return not octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")


# --- parts ---------------------------------------------------------------------------------------


def _is_sealed(part: Message) -> bool:
    kind = part.get_content_type()
    return kind in _SEALED or (kind in _SEALED_PARTS and _encoding(part) in _RAW)


def _is_global(part: Message) -> bool:
    return part.get_content_type().startswith("message/global")


def _encoding(part: Message) -> str:
    return str(part.get(_ENCODING, "7bit")).strip().lower()


def _below(part: Message) -> list[Message]:
    payload = part.get_payload()
    parts = payload if isinstance(payload, list) else []
    return [below for below in parts if isinstance(below, Message)]


def _inside(part: Message) -> bytes:
    """The octets below a part's header, without the encoding of a leaf."""
    if part.is_multipart():
        return b"".join(map(_written, _below(part)))
    octets = part.get_payload(decode=True)
    return octets if isinstance(octets, bytes) else b""


def _written(message: Message) -> bytes:
    out = io.BytesIO()
    email.generator.BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=_POLICY).flatten(
        message
    )
    return out.getvalue()


def _raw(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogateescape")


def _meanings(part: Message) -> Iterator[tuple[object, ...]]:
    """What must be the same before and after: fields, the order of parts, decoded octets."""
    yield tuple(
        (name, _raw(value)) for name, value in part.raw_items() if name.lower() != _ENCODING
    )
    if part.is_multipart() and not _is_global(part):
        # A line more or less behind the last boundary is of no consequence.
        yield (part.preamble or "").strip(), (part.epilogue or "").strip()
        for below in _below(part):
            yield from _meanings(below)
    else:
        yield (_decoded(part),)


def _decoded(part: Message) -> bytes:
    octets = _inside(part)
    # A message is no leaf to the parser, so its encoding has not been undone.
    return base64.b64decode(octets) if _is_global(part) and _encoding(part) == "base64" else octets
