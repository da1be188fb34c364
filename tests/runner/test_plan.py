"""Plans: which cases, which are skipped and why, and how each is replayed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.protocol.replies import Capabilities
from harness.results import Grade, Level
from harness.runner.keywords import read_expression
from harness.runner.needs import missing, not_offered
from harness.runner.offers import Offer
from harness.runner.plan import make_plan
from harness.runner.settings import Settings
from harness.target import Address, Login, Relay, Scheme, Secret, Target
from harness.transcripts.model import Role
from tests.runner.stages import block

NOOP = "C: NOOP\nS: 250"
BARE = Target(address=Address("mail.test", 25), arguments=("mail.test",))
RICH = Target(
    address=Address("127.0.0.1", 25),
    listeners={
        "lmtp": Address("127.0.0.1", 24, Scheme.LMTP),
        "submission": Address("127.0.0.1", 587, Scheme.SUBMISSION),
        "smtps": Address("127.0.0.1", 465, Scheme.SMTPS),
    },
    recipients=("alice@a.test", "bob@a.test"),
    many="user{n}@a.test",
    unknown_recipient="nobody@a.test",
    foreign_recipient="x@b.test",
    alias="team@a.test",
    mailing_list="list@a.test",
    login=Login("alice", Secret(text="x")),
    delivery={"": "maildir:/mail"},
    relay=Relay(recipient="x@relay.test"),
)


def case_with(author, more: str, dialogue: str = NOOP):
    return author.case(dialogue, more)


# more keys -> words of the reason on a target of which nothing is known but its address
NEEDS = {
    "needs: [unknown-rcpt]": "--unknown",
    "needs: [remote-rcpt]": "foreign_recipient",
    "needs: [two-rcpts]": "--to twice",
    "needs: [many]": "user{n}@many.example.test",
    "needs: [delivery]": "--delivery",
    "needs: [alias]": "`alias: ",
    "needs: [list]": "`mailing_list: ",
    "delivered: {}": "--delivery",
    "needs: [auth]": "--login",
    "needs: [ip-address]": "named by its IP address",
    "needs: [slow]": "--slow",
    "needs: [crash]": "which may touch hosts on loopback",
    "needs: [big-message]": "which may touch hosts on loopback",
    "over: lmtp": "a listener for LMTP",
    "over: submission": "a listener for submission",
    "over: smtps": "TLS from the first octet",
}


@pytest.mark.parametrize("more", NEEDS)
def test_what_is_not_there_is_a_skip_with_its_remedy(author, more):
    case = case_with(author, more)

    assert NEEDS[more] in missing(case, BARE, Settings())
    assert missing(case, RICH, Settings(slow=True)) == ""


def test_what_a_demanding_target_never_allows_is_a_skip(author):
    case = case_with(author, "needs: [clear]")

    assert missing(case, RICH, Settings()) == ""
    assert "`always: [tls]`" in missing(case, replace(RICH, always=("tls",)), Settings())


@pytest.mark.parametrize("need", ["local-rcpt", "raw-tcp", "tls", "time"])
def test_what_every_target_has_is_not_missed(author, need):
    assert missing(case_with(author, f"needs: [{need}]"), BARE, Settings()) == ""


@pytest.mark.parametrize("need", ["relay", "bounce", "dns", "greylist", "tls-cert"])
def test_what_we_cannot_do_yet_is_said(author, need):
    words = f"needs {need}, which this harness cannot do yet"

    assert missing(case_with(author, f"needs: [{need}]"), RICH, Settings()) == words


def test_a_mailbox_that_the_target_says_nothing_of_cannot_be_read(author):
    case = case_with(author, "delivered: {to: postmaster}")
    some = replace(RICH, delivery={"alice@a.test": "maildir:/mail"})

    assert missing(case, RICH, Settings()) == ""
    assert "`delivery: {postmaster: maildir:/path}`" in missing(case, some, Settings())
    assert missing(case_with(author, "delivered: {}"), some, Settings()) == ""


def test_another_role_is_not_for_this_run(author):
    case = replace(author.case(NOOP), role=Role.CLIENT)

    assert missing(case, RICH, Settings()) == "a case for a client, and a server is under test"


def test_a_mechanism_that_we_do_not_speak_is_said(author):
    case = author.case("* auth GSSAPI")

    assert missing(case, RICH, Settings()) == "this harness does not speak GSSAPI yet"


def test_a_listener_of_another_scheme_is_missed(author):
    case = case_with(author, "over: smtp")
    target = replace(BARE, address=Address("mail.test", 465, Scheme.SMTPS))

    assert "needs a listener for smtp" in missing(case, target, Settings())


PLAIN = Capabilities("a.test", {"SIZE": (), "STARTTLS": ()})
INSIDE = Capabilities("a.test", {"SIZE": (), "AUTH": ("PLAIN",)})


@pytest.mark.parametrize(
    ("offer", "always", "start", "need", "reason"),
    [
        (Offer("", PLAIN), False, "hello", "SIZE", ""),
        (Offer("", PLAIN), False, "hello", "DSN", "the target does not offer DSN"),
        (Offer("", PLAIN, INSIDE), False, "tls", "AUTH", ""),
        (Offer("", PLAIN, INSIDE), False, "hello", "AUTH", "the target does not offer AUTH"),
        (Offer("", PLAIN, INSIDE), True, "hello", "AUTH", ""),
        (Offer("", PLAIN, INSIDE), False, "tls", "DSN", "the target does not offer DSN inside TLS"),
        (Offer("", PLAIN), False, "tls", "AUTH", "the target does not offer AUTH inside TLS"),
        (Offer("", INSIDE), False, "tls", "SIZE", "the target does not offer STARTTLS"),
        (Offer("", INSIDE, is_secure=True), False, "tls", "AUTH", ""),
    ],
)
def test_an_extension_is_looked_for_where_the_case_needs_it(
    author, offer, always, start, need, reason
):
    case = author.case(NOOP, f"needs: [{need}]", start=start)

    assert not_offered(case, offer, always_tls=always) == reason


def test_a_case_in_the_clear_is_not_for_a_target_inside_tls(author):
    case = case_with(author, "needs: [clear]")

    assert not_offered(case, Offer("", PLAIN), always_tls=False) == ""
    told = not_offered(case, Offer("", INSIDE, is_secure=True), always_tls=False)
    assert told == "the target is met inside TLS alone"


def test_a_case_that_says_starttls_is_not_for_who_is_inside_already(author):
    case = author.case("* starttls", "needs: [STARTTLS]")

    assert not_offered(case, Offer("", PLAIN, INSIDE), always_tls=False) == ""
    assert "inside TLS" in not_offered(case, Offer("", PLAIN, INSIDE), always_tls=True)


def test_a_plan_holds_grades_requirements_and_what_is_known(author, tmp_path):
    known = tmp_path / "known.yaml"
    known.write_text("test/suite/a: {section: s, clause: c, met: m, who: us, link: none}\n")
    suite = author.suite(block(NOOP), block(NOOP, "needs: [slow]", id="b"))
    plan = make_plan([suite], replace(BARE, known=known), Settings())

    a, b = plan.cases
    assert a.charge.grade is Grade.DE_FACTO
    assert a.charge.deviation
    assert a.charge.deviation.met == "m"
    assert (a.skip, b.charge.deviation) == ("", None)
    assert b.skip


def test_a_target_leaves_out_a_case_or_all_below_an_address(author):
    suite = author.suite(block(NOOP), block(NOOP, id="ab"))

    def skips(*leave_out: str) -> list[str]:
        plan = make_plan([suite], replace(BARE, leave_out=leave_out), Settings())
        return [case.skip for case in plan.cases]

    assert skips("test/suite/a") == ["the target leaves out test/suite/a", ""]
    assert skips("test") == ["the target leaves out test"] * 2
    assert skips("test/suite/") == ["the target leaves out test/suite/"] * 2
    assert skips("tes") == ["", ""]


def test_another_file_of_known_deviations_stands_in_for_the_target_s(author, tmp_path):
    known = tmp_path / "other.yaml"
    known.write_text("test/suite/a: {section: s, clause: c, met: m, who: us, link: none}\n")
    target = replace(BARE, known=Path("nowhere.yaml"))
    plan = make_plan([author.suite(block(NOOP))], target, Settings(), known=known)

    assert plan.cases[0].charge.deviation


def test_a_replay_has_the_target_the_case_and_the_settings(author):
    suite = author.suite(block(NOOP))
    settings = Settings(segment="random:7", as_written=True, slow=True)
    (planned,) = make_plan([suite], BARE, settings).cases

    assert planned.charge.replay == (
        f"smtp-harness run mail.test -s {suite.path}::a --segment random:7 --as-written --slow"
    )


def test_a_replay_of_the_embedded_server_names_no_target(author):
    target = replace(BARE, arguments=("--fault", "no-unstuff"))
    (planned,) = make_plan([author.suite(block(NOOP))], target, Settings()).cases

    assert planned.charge.replay.startswith("smtp-harness run --fault no-unstuff -s ")


def test_cases_are_picked_by_words(author):
    suite = author.suite(block(NOOP, id="dots"), block(NOOP, id="lines"))

    assert [it.case.id for it in make_plan([suite], BARE, Settings(), k="dots").cases] == ["dots"]
    with pytest.raises(UsageError, match="no case is selected by -k 'nothing'"):
        make_plan([suite], BARE, Settings(), k="nothing")
    with pytest.raises(UsageError, match=r"no case is selected$"):
        make_plan([], BARE, Settings())


def test_a_password_that_is_not_there_is_told_before_the_run(author):
    login = Login("alice", Secret(env="NO_SUCH_VARIABLE"))
    needy = author.suite(block("C: NOOP\nS: 250", "needs: [auth]"))
    target = replace(BARE, login=login)

    with pytest.raises(UsageError, match="NO_SUCH_VARIABLE"):
        make_plan([needy], target, Settings())
    always = replace(target, always=frozenset({"auth"}))
    with pytest.raises(UsageError, match="NO_SUCH_VARIABLE"):
        make_plan([author.suite(block(NOOP))], always, Settings())
    make_plan([author.suite(block(NOOP))], target, Settings())


def test_a_log_in_that_is_demanded_must_be_named(author):
    with pytest.raises(UsageError, match=r"demands a log-in .* and names none"):
        make_plan(
            [author.suite(block(NOOP))], replace(BARE, always=frozenset({"auth"})), Settings()
        )


def test_settings_are_checked():
    assert Settings().level is Level.MUST
    with pytest.raises(UsageError, match="--segment"):
        Settings(segment="words")
    with pytest.raises(UsageError, match="-j must be between 1 and 256, not 0"):
        Settings(jobs=0)


PICKS = {
    "dot": [True, True, False],
    "DOT": [True, True, False],
    "dot and line": [False, True, False],
    "dot or other": [True, True, True],
    "not dot": [False, False, True],
    "not (dot and line)": [True, False, True],
    "not dot or line": [False, True, True],
    "dot and not line or other": [True, False, True],
    "(other)": [False, False, True],
    "rfc5321/4.5.2": [True, False, False],
}
TEXTS = ["rfc5321/4.5.2/dots A dot", "x/dot-line Y", "x/other Z"]


@pytest.mark.parametrize("text", PICKS)
def test_expressions_pick_cases(text):
    assert list(map(read_expression(text), TEXTS)) == PICKS[text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a b", "'b' is not expected there"),
        ("a and", "a word is missing"),
        ("or a", "a word is missing"),
        ("(a", "not closed"),
        ("a)", r"'\)' is not expected"),
        ("not", "a word is missing"),
    ],
)
def test_expressions_that_are_none_are_refused(text, words):
    with pytest.raises(UsageError, match=words):
        read_expression(text)


@pytest.mark.parametrize(
    ("announced", "over"),
    [(("1000",), 1001), (("0",), None), ((), None), (("many",), None)],
)
def test_a_case_about_the_size_limit_is_skipped_where_there_is_none(author, announced, over):
    # RFC 1870 4: 0 says that there is no fixed maximum.
    case = author.case("C: MAIL FROM:<{sender}> SIZE={over_size}\nS: 552", start="hello")
    offer = Offer("", Capabilities("a.test", {"SIZE": announced}))

    assert offer.over_size == over
    assert bool(not_offered(case, offer, always_tls=False)) == (over is None)


@pytest.mark.parametrize(
    ("announced", "most"),
    [
        (("MAILMAX=5", "RCPTMAX=100"), 100),
        (("rcptmax=7",), 7),
        (("MAILMAX=5",), None),
        (("RCPTMAX=x",), None),
        ((), None),
    ],
)
def test_a_case_about_how_many_recipients_is_skipped_where_nobody_says(author, announced, most):
    case = author.case("* repeat {rcpt_max}\n  C: NOOP\n  S: 250")
    offer = Offer("", Capabilities("a.test", {"LIMITS": announced}))

    assert offer.rcpt_max == most
    assert bool(not_offered(case, offer, always_tls=False)) == (most is None)
