"""Whatever stands in a profile: it is read, or complained of at a line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.documents import DocumentError
from tests.loadtests.profile.writing import profile

_KEYS = """about users rate duration stages messages seed thresholds stop_when mix
messages_per_connection connection_age think size recipients mailboxes to senders pipelining
chunking tls resume login listener pace leave for name steps share like bulk web-mail submission"""
_WORDS = """0 1 5 1..5 5..1 .. 1.. ..5 1...5 60% 0% 101% 1s 0s 2s..1s 500/s 0/s 1/min 1/s..2/s 1KiB
1KiB..2KiB 10B 100B/s /s yes no on off unlimited starttls none unknown a@x <> u{1..3}@x u{3..1}@x
u{}@x u{1..3 . message p99 < bulk ' \" [ ] { } , : - #"""
KEYS = st.sampled_from(_KEYS.split())
WORDS = st.sampled_from(_WORDS.split())
TEXTS = st.one_of(WORDS, st.lists(WORDS, max_size=4).map(" ".join), st.text(max_size=8))
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda entries: f"{{{', '.join(f'{key}: {value}' for key, value in entries.items())}}}"
        ),
    ),
    max_leaves=5,
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.dictionaries(KEYS, VALUES, max_size=4))
def test_anything_is_read_or_complained_of(tmp_path: Path, entries: dict[str, str]):
    text = "\n".join(f"{key}: {value}" for key, value in entries.items())
    with contextlib.suppress(DocumentError, UnicodeEncodeError):
        found = profile(tmp_path, text)

        assert found.duration > 0
        assert sum(each.share for each in found.behaviours) == pytest.approx(1.0)
        assert all(
            before.end == after.begin
            for before, after in zip(found.stages, found.stages[1:], strict=False)
        )
