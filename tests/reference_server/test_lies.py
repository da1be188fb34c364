import pytest

from harness.protocol.receiver import RULES, Occasion
from reference_server.lies import LIES
from reference_server.lies.model import as_secure_as_ever
from reference_server.talks.voices import VOICES, in_voice
from tests.protocol.obliging import Obliging

TEXTBOOK = {
    b"HELO crepes.fr\r\n": [250],
    b"MAIL FROM: <alice@crepes.fr>\r\n": [250],
    b"RCPT TO: <bob@example.test>\r\n": [250],
    b"DATA\r\n": [354],
    b"Do you like ketchup?\r\nHow about pickles?\r\n.\r\n": [250],
    b"QUIT\r\n": [221],
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_changes_the_rules_or_tls_and_says_what_is_wrong(name):
    assert LIES[name].rules != RULES or LIES[name].tls is not as_secure_as_ever
    assert LIES[name].what


# This one is about the textbook's own message, which has no header.
@pytest.mark.parametrize("name", sorted(set(LIES) - {"headerless-refused"}))
def test_a_lie_leaves_the_textbook_dialogue_as_it_is(name):
    talk = Obliging(LIES[name].rules)
    assert [talk.codes(said) for said in TEXTBOOK] == list(TEXTBOOK.values())
    assert talk.messages[0].content == b"Do you like ketchup?\r\nHow about pickles?\r\n"


@pytest.mark.parametrize("hello", [b"HELO c.test\r\n", b"EHLO c.test\r\n"])
@pytest.mark.parametrize("parameters", [b"SIZE=abc", b"X=1 SIZE=abc", b"X SIZE"])
def test_a_liar_that_takes_any_parameter_survives_them_all(hello, parameters):
    talk = Obliging(LIES["unknown-parameter-accepted"].rules)
    talk.codes(hello)
    assert talk.codes(b"MAIL FROM:<a@c.test> %s\r\n" % parameters)[0] in (250, 501)


def test_a_voice_leaves_alone_what_a_lie_has_changed():
    lie = LIES["greeting-without-domain"].rules.answers
    spoken = in_voice(lie, "textbook")
    assert spoken[Occasion.GREETING] == lie[Occasion.GREETING]
    assert spoken[Occasion.SENDER_OK].text == VOICES["textbook"]["SENDER_OK"]
