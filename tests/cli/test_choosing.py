from __future__ import annotations

import pytest

from harness.cli.choosing import choose
from harness.documents import DocumentError
from harness.errors import UsageError


def addresses(*selectors):
    return [case.address for suite in choose(selectors) for case in suite.cases]


def test_without_a_selector_all_that_we_ship():
    assert "rfc5321/4.5.2/leading-dots" in addresses()
    assert addresses()[-1].startswith("textbook/")


def test_an_address_means_all_that_begins_with_it():
    assert set(addresses("rfc5321/4.5.2")) < set(addresses("rfc5321")) < set(addresses())
    assert addresses("rfc5321/4.5.2/leading-dots") == ["rfc5321/4.5.2/leading-dots"]
    assert addresses("rfc5321/4.5.2/") == addresses("rfc5321/4.5.2")


def test_an_address_ends_where_a_word_ends():
    assert all(one.startswith("rfc5321/4.5.3.1.4/") for one in addresses("rfc5321/4.5.3.1.4"))
    with pytest.raises(UsageError):
        addresses("rfc5321/4.5.2/leading")


def test_a_family_means_its_rows():
    rows = addresses("rfc5321/4.5.2/dot-opens-a-segment")

    assert rows == [f"rfc5321/4.5.2/dot-opens-a-segment/{row}" for row in ("one", "two")]
    assert addresses(rows[1]) == rows[1:]


def test_a_pattern_means_addresses_like_it():
    assert addresses("*/4.5.2/leading-d*") == ["rfc5321/4.5.2/leading-dots"]


def test_a_catalogue_id_means_the_cases_that_check_it():
    assert "rfc5321/4.5.2/leading-dots" in addresses("5321-4.5.2-3")


def test_what_is_chosen_twice_is_there_once_in_the_order_of_the_file():
    whole = addresses("rfc5321/4.5.2")

    assert addresses(whole[-1], whole[0]) == [whole[0], whole[-1]]
    assert addresses(whole[0], "rfc5321/4.5.2") == whole


def test_a_file_of_the_users_own(suite):
    rows = ["mine/greeting/greets", "mine/greeting/helps/helo", "mine/greeting/helps/noop"]

    assert addresses("mine.smtp.yaml") == rows
    assert addresses(suite) == rows if isinstance(suite, str) else True
    assert addresses(str(suite.parent)) == rows


def test_a_case_of_a_file(suite):
    assert addresses("mine.smtp.yaml::greets") == ["mine/greeting/greets"]
    assert addresses("mine.smtp.yaml::helps/noop") == ["mine/greeting/helps/noop"]
    assert addresses("mine.smtp.yaml::helps", "mine.smtp.yaml::greets")[0].endswith("greets")


# selector -> what is said
NOTHING = {
    "a slip of the pen": ("rfc5321/4.5.2/leading-dot", "did you mean 'rfc5321/4.5.2/leading-dots'"),
    "a word unlike any": ("xyzzy", "smtp-harness list names them all"),
    "a pattern that nothing is like": ("zzz*", "no case is named"),
    "a requirement without a case": ("3834-2-4", "no case checks 3834-2-4; smtp-harness explain"),
    "a file that is not there": ("gone.smtp.yaml", "there is no file gone.smtp.yaml"),
    "a case that the file lacks": ("mine.smtp.yaml::greet", "did you mean 'greets'"),
    "a case unlike any": ("mine.smtp.yaml::zzz", "there are: greets, helps/helo, helps/noop"),
    "an empty folder": ("empty", "no case is named 'empty'"),
}


@pytest.mark.parametrize(("selector", "said"), NOTHING.values(), ids=NOTHING)
def test_a_selection_that_matches_nothing_is_an_error(selector, said, suite):
    (suite.parent / "empty").mkdir()

    with pytest.raises(UsageError) as error:
        choose([selector])

    assert said in str(error.value)


def test_all_bad_files_are_complained_of_at_once(suite):
    for name in ("a", "b"):
        (suite.parent / f"{name}.smtp.yaml").write_text("suite: x\nkases: []\n")

    with pytest.raises(DocumentError) as error:
        choose([str(suite.parent)])

    places = {complaint.at.path.rpartition("/")[2] for complaint in error.value.complaints}
    assert places == {"a.smtp.yaml", "b.smtp.yaml"}
