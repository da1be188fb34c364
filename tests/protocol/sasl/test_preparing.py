import pytest

from harness.protocol.sasl import prepare

# RFC 4013 3, then the other rules
PREPARED = {
    "soft hyphen": ("I\u00adX", "IX"),
    "no transformation": ("user", "user"),
    "case preserved": ("USER", "USER"),
    "ISO 8859-1": ("\u00aa", "a"),
    "NFKC": ("\u2168", "IX"),
    "prohibited": ("\u0007", None),
    "bidirectional": ("\u06271", None),
    "right to left": ("\u06271\u0628", "\u06271\u0628"),
    "left to right within right to left": ("\u0627a\u0628", None),
    "another blank": ("a\u00a0b", "a b"),
    "nothing left": ("\u00ad", ""),
    "empty": ("", ""),
    "private use": ("\ue000", None),
    "no character": ("\ufdd0", None),
    "a surrogate": ("\ud800", None),
    "a tag": ("\U000e0001", None),
    "a direction mark": ("\u200e", None),
    "no plain text": ("\ufff9", None),
    "a description": ("\u2ff0", None),
    "a control character beyond ASCII": ("é\u0085", None),
}


@pytest.mark.parametrize(("text", "prepared"), PREPARED.values(), ids=PREPARED)
def test_text_is_prepared_as_the_profile_says(text: str, prepared: str | None):
    assert prepare(text) == prepared


def test_what_is_stored_holds_no_character_of_later_days():
    later = "\U0001f511"  # a key, of Unicode 6.0

    assert prepare(later) == later
    assert prepare(later, stored=True) is None
    assert prepare("jösé", stored=True) == "jösé"
