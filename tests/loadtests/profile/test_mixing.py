from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.profile import Leave, Pipelining, Span, Tls, Whom
from loadtests.profile.behaviours import BEHAVIOURS
from tests.loadtests.profile.writing import complaints, profile


def test_a_mix_names_behaviours_that_we_ship(tmp_path: Path):
    found = profile(tmp_path, "mix: {bulk: 60%, web-mail: 39.5%, slow-talker: 0.5%}").behaviours

    assert found == tuple(
        replace(BEHAVIOURS[name], share=share)
        for name, share in [("bulk", 0.6), ("web-mail", 0.395), ("slow-talker", 0.005)]
    )


def test_each_behaviour_is_what_its_name_says():
    assert BEHAVIOURS["connect-and-leave"].leave is Leave.GREETING
    assert BEHAVIOURS["slow-talker"].pace
    assert BEHAVIOURS["bounce-prone"].to is Whom.UNKNOWN
    assert BEHAVIOURS["submission"].login
    assert BEHAVIOURS["submission"].tls is Tls.STARTTLS
    assert BEHAVIOURS["web-mail"].think
    assert BEHAVIOURS["bulk"].messages_per_connection is None


def test_what_the_profile_says_holds_for_all_and_what_the_mix_says_for_one(tmp_path: Path):
    text = """
size: 4KiB
pipelining: off
mix:
  bulk: {share: 50%, size: 1MB}
  web-mail: 50%
"""
    bulk, web = profile(tmp_path, text).behaviours

    assert (bulk.size, web.size) == (Span(1e6, 1e6), Span(4_096, 4_096))
    assert bulk.pipelining is web.pipelining is Pipelining.OFF
    assert web.think == BEHAVIOURS["web-mail"].think


def test_who_has_a_size_sends_no_files(tmp_path: Path):
    (tmp_path / "a.eml").write_text("Subject: a\n\n")
    text = "contents: .\nmix: {bulk: 50%, web-mail: {share: 50%, size: 2KiB}}"
    bulk, web = profile(tmp_path, text).behaviours

    assert bulk.contents == (tmp_path,)
    assert (web.contents, web.size) == ((), Span(2_048, 2_048))


def test_a_behaviour_of_one_s_own_is_like_one_of_ours(tmp_path: Path):
    text = "mix: {newsletter: {share: 100%, like: web-mail, recipients: 1..5}}"
    (found,) = profile(tmp_path, text).behaviours

    assert found == replace(BEHAVIOURS["web-mail"], name="newsletter", recipients=Span(1, 5))


def test_thirds_add_up(tmp_path: Path):
    found = profile(tmp_path, "mix: {bulk: 33.3%, web-mail: 33.3%, slow-talker: 33.4%}").behaviours

    assert sum(each.share for each in found) == pytest.approx(1.0)


def test_what_holds_for_all_may_mean_nothing_to_some(tmp_path: Path):
    text = "resume: 10%\nmailboxes: b@x\nmix: {submission: 50%, bulk: 25%, bounce-prone: 25%}"
    submission, bulk, _ = profile(tmp_path, text).behaviours

    assert (submission.resume, bulk.tls) == (0.1, Tls.NONE)


NAMES = "bounce-prone, bulk, connect-and-leave, slow-talker, submission, web-mail"

# what is written -> what is pointed at, and what is said of it
WRONG = {
    "mix: {}": ("{", "'mix' names no behaviour (such as {bulk: 100%})"),
    "mix: bulk": ("bulk", "'mix' must be a mapping: `key: value` lines"),
    "mix: {bulk: 60}": ("60", "'bulk' must be a share, not '60' (such as 60%)"),
    "mix: {bulk: 0%, web-mail: 100%}": ("0%", "'bulk' must be more than 0%, and 100% at most"),
    "mix: {bulk: 60%}": ("{", "the shares of 'mix' must add up to 100%: they are 60%"),
    "mix: {bulk: 60%, web-mail: 50%}": (
        "{",
        "the shares of 'mix' must add up to 100%: they are 110%",
    ),
    "mix: {bulq: 100%}": ("bulq", "unknown behaviour 'bulq' (did you mean 'bulk'?)"),
    "mix: {xyz: 100%}": ("xyz", f"unknown behaviour 'xyz' (there are: {NAMES})"),
    "mix: {news: {share: 100%, like: webmail}}": (
        "webmail",
        "unknown behaviour 'webmail' (did you mean 'web-mail'?)",
    ),
    "mix: {bulk: {size: 1KiB}}": ("{", "'bulk' has no 'share'"),
    "mix: {bulk: {share: 100%, sise: 1KiB}}": (
        "sise",
        "unknown key 'sise' (did you mean 'size'?)",
    ),
    "mix: {bulk: {share: 100%, users: 5}}": (
        "users",
        "unknown key 'users' (did you mean 'senders'?)",
    ),
    "mix: {bulk: {share: 100%, resume: 5%}}": (
        "5%",
        "'resume' is about TLS sessions, and 'tls' is none",
    ),
    "size: x\nmix: {bulk: 50%, web-mail: 50%}": (
        "x",
        "'size' must be a size, not 'x' (such as 1KiB or 1KiB..1MiB)",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=WRONG)
def test_a_mix_that_is_none_is_complained_of(tmp_path: Path, text: str, complaint: tuple[str, str]):
    assert complaints(tmp_path, text) == [complaint]
