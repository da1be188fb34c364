"""Profiles are read from YAML: every key in its place, all mistakes told at once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from harness.documents import Complaints, Fields, TextNode, nearest, read
from harness.errors import UsageError
from loadtests.profile.manners import Keys
from loadtests.profile.mixing import read_behaviours
from loadtests.profile.staging import read_stages
from loadtests.profile.values import Profile
from loadtests.thresholds import BadThreshold, Threshold, read_threshold

_SUFFIXES: Final = (".yaml", ".yml")


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
        profile = _decode(path, fields)
    complaints.raise_errors()
    return profile


def _decode(path: Path, fields: Fields) -> Profile:
    """Every key in its order; what is wrong has been complained of and is read as a default."""
    return Profile(
        name=path.stem,
        about=fields.required_text("about"),
        stages=read_stages(fields),
        behaviours=read_behaviours(Keys(fields, path.parent)),
        messages=fields.number("messages", minimum=1),
        seed=fields.number("seed", 1) or 0,
        thresholds=_thresholds(fields, "thresholds"),
        stop_when=_thresholds(fields, "stop_when", during=True),
    )


def _thresholds(fields: Fields, key: str, *, during: bool = False) -> tuple[Threshold, ...]:
    made = (_threshold(node, fields.complaints, during=during) for node in fields.text_nodes(key))
    return tuple(threshold for threshold in made if threshold is not None)


def _threshold(node: TextNode, complaints: Complaints, *, during: bool) -> Threshold | None:
    try:
        threshold = read_threshold(node.value)
    except BadThreshold as bad:
        words = f"there are: {', '.join(bad.known)}" if bad.known else ""
        complaints.add(node.at, str(bad), nearest(bad.word, bad.known) or words)
        return None
    if during and not threshold.is_known_during:
        complaints.add(node.at, f"{threshold.what!r} is known only when the run is over")
    return threshold
