"""Profiles are read from YAML: every key in its place, all mistakes told at once."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from harness.documents import Complaints, Fields, TextNode, nearest, read
from harness.errors import UsageError
from harness.load_results import Stage
from loadtests.profile.values import SMALLEST, Behaviour, Pipelining, Profile, Span
from loadtests.thresholds import BadThreshold, Threshold, read_threshold

_SUFFIXES = (".yaml", ".yml")
_UNLIMITED = "unlimited"
_LARGEST = 1_000_000_000  # octets: a size beyond it is a slip of the pen


_PIPELINING = [pipelining.value for pipelining in Pipelining]


def shipped() -> dict[str, Path]:
    """The profiles that come with us, by name."""
    folder = Path(str(resources.files("loadtests"))) / "profiles"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_profile(text: str) -> Profile:
    """The profile that a name or a path means; raises DocumentError with all complaints."""
    if text.endswith(_SUFFIXES) or "/" in text:
        return _read_file(Path(text))
    profiles = shipped()
    if text not in profiles:
        hint = nearest(text, profiles) or f"there are: {', '.join(profiles)}"
        raise UsageError(f"no profile is called {text!r} ({hint}); a file's name ends in .yaml")
    return _read_file(profiles[text])


def _read_file(path: Path) -> Profile:
    complaints = Complaints()
    root = read(path, complaints)
    complaints.raise_errors()
    with Fields(root, complaints, "the profile") as fields:
        profile = _decode(path.stem, fields)
    complaints.raise_errors()
    return profile


def _decode(name: str, fields: Fields) -> Profile:
    """Every key in its order; what is wrong has been complained of and is read as a default."""
    about = fields.required_text("about")
    users = fields.number("users", 1, minimum=1) or 1
    duration, messages, size = _duration(fields), _messages(fields), _size(fields)
    recipients = fields.number("recipients", 1, minimum=1) or 1
    pipelining = Pipelining(fields.choice("pipelining", _PIPELINING) or "auto")
    return Profile(
        name=name,
        about=about,
        stages=(Stage(name="", begin=0.0, end=duration, users=(users, users)),),
        behaviours=(
            Behaviour(
                name="",
                messages_per_connection=Span(messages, messages) if messages else None,
                size=Span(size, size),
                recipients=Span(recipients, recipients),
                pipelining=pipelining,
            ),
        ),
        seed=fields.number("seed", 1) or 0,
        thresholds=_thresholds(fields),
    )


def _duration(fields: Fields) -> float:
    fields.require("duration")
    seconds = fields.duration("duration", 1.0) or 0.0
    if not seconds:
        fields.complaints.add(fields.place("duration"), "a run must last some time")
    return seconds


def _messages(fields: Fields) -> int | None:
    node = fields.node("messages_per_connection")
    if node is None or node.value == _UNLIMITED:
        return None
    if re.fullmatch("[1-9][0-9]{0,8}", node.value, re.ASCII):
        return int(node.value)
    fields.complaints.add(
        node.at, f"'messages_per_connection' must be a number from 1 on, or {_UNLIMITED!r}"
    )
    return None


def _size(fields: Fields) -> int:
    octets = fields.size("size", 1_024) or 0
    if not SMALLEST <= octets <= _LARGEST:
        fields.complaints.add(
            fields.place("size"),
            f"'size' must be from {SMALLEST} octets, which hold the header, to 1000MB",
        )
    return octets


def _thresholds(fields: Fields) -> tuple[Threshold, ...]:
    made = (_threshold(node, fields.complaints) for node in fields.text_nodes("thresholds"))
    return tuple(threshold for threshold in made if threshold is not None)


def _threshold(node: TextNode, complaints: Complaints) -> Threshold | None:
    try:
        return read_threshold(node.value)
    except BadThreshold as bad:
        words = f"there are: {', '.join(bad.known)}" if bad.known else ""
        complaints.add(node.at, str(bad), nearest(bad.word, bad.known) or words)
        return None
