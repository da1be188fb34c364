"""Options become parameters."""

from __future__ import annotations

import pytest

from harness.cli.sending.parameters import mail_parameters, rcpt_parameters
from harness.errors import UsageError
from tests.cli.sending.wishing import wishes

# options -> what MAIL says
MAIL = {
    "nothing": ({}, ()),
    "smtputf8": ({"smtputf8": True}, (("SMTPUTF8", None),)),
    "ret": ({"ret": "hdrs"}, (("RET", "HDRS"),)),
    "envid in xtext": ({"envid": "a b+c=ü"}, (("ENVID", "a+20b+2Bc+3D+C3+BC"),)),
    "requiretls": ({"requiretls": True}, (("REQUIRETLS", None),)),
    "priority": ({"priority": -9}, (("MT-PRIORITY", "-9"),)),
    "by": ({"by": "120;r"}, (("BY", "120;R"),)),
    "by with trace": ({"by": "-7;NT"}, (("BY", "-7;NT"),)),
    "by without a mode": ({"by": "0120"}, (("BY", "120;N"),)),
    "hold for": ({"hold_for": 60}, (("HOLDFOR", "60"),)),
    "hold until": (
        {"hold_until": "2030-01-31T12:00:00Z"},
        (("HOLDUNTIL", "2030-01-31T12:00:00Z"),),
    ),
    "hold until elsewhere": (
        {"hold_until": "2030-01-31 12:00+02:00"},
        (("HOLDUNTIL", "2030-01-31T10:00:00Z"),),
    ),
    "hold until some day": ({"hold_until": "2030-01-31"}, (("HOLDUNTIL", "2030-01-31T00:00:00Z"),)),
    "any": (
        {"mail_parameters": ("x", "Size=7", "A=b=c")},
        (("x", None), ("Size", "7"), ("A", "b=c")),
    ),
    "what was said in so many words wins": (
        {"ret": "full", "mail_parameters": ("ret=BOTH",)},
        (("ret", "BOTH"),),
    ),
}


@pytest.mark.parametrize(("options", "said"), MAIL.values(), ids=MAIL)
def test_mail_says_what_was_asked_for(options: dict[str, object], said: object):
    assert mail_parameters(wishes(**options)) == said


RCPT = {
    "nothing": ({}, ((), ())),
    "notify": (
        {"notify": "Success, delay"},
        ((("NOTIFY", "SUCCESS,DELAY"),), (("NOTIFY", "SUCCESS,DELAY"),)),
    ),
    "never": ({"notify": "never"}, ((("NOTIFY", "NEVER"),),) * 2),
    "original recipients in their order": (
        {"orcpt": ("o=1@p", "utf-8;ö@p")},
        ((("ORCPT", "rfc822;o+3D1@p"),), (("ORCPT", r"utf-8;\x{F6}@p"),)),
    ),
    "one beyond US-ASCII": ({"orcpt": ("ö@p",)}, ((("ORCPT", r"utf-8;\x{F6}@p"),), ())),
    "one for the first": ({"orcpt": ("o@p",)}, ((("ORCPT", "rfc822;o@p"),), ())),
    "any": ({"rcpt_parameters": ("X=1",)}, ((("X", "1"),),) * 2),
}


@pytest.mark.parametrize(("options", "said"), RCPT.values(), ids=RCPT)
def test_rcpt_says_what_was_asked_for(options: dict[str, object], said: tuple[object, ...]):
    assert tuple(rcpt_parameters(wishes(**options), ("c@d", "e@f")).values()) == said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"priority": 10}, "-9 to 9"),
        ({"by": "soon"}, "--by"),
        ({"by": "1;X"}, "--by"),
        ({"hold_until": "tomorrow"}, "--hold-until"),
        ({"hold_for": 0, "hold_until": "2030-01-31"}, "exclude"),
        ({"mail_parameters": ("=x",)}, "NAME=VALUE"),
        ({"mail_parameters": ("a b=x",)}, "NAME=VALUE"),
    ],
)
def test_what_mail_could_not_say_is_wrong_use(options: dict[str, object], words: str):
    with pytest.raises(UsageError, match=words):
        mail_parameters(wishes(**options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"notify": "always"}, "--notify"),
        ({"notify": "never,delay"}, "--notify"),
        ({"notify": ""}, "--notify"),
        ({"orcpt": ("a", "b", "c")}, "more original recipients"),
        ({"rcpt_parameters": ("X=",)}, "NAME=VALUE"),
    ],
)
def test_what_rcpt_could_not_say_is_wrong_use(options: dict[str, object], words: str):
    with pytest.raises(UsageError, match=words):
        rcpt_parameters(wishes(**options), ("c@d", "e@f"))
