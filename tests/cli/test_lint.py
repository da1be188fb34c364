from __future__ import annotations

import os

import pytest


def test_what_we_ship_has_no_mistake(invoke):
    done = invoke("lint")

    assert done.exit_code == 0
    assert done.output.endswith("nothing wrong\n")


def test_all_mistakes_in_all_files_are_found_in_one_go(invoke, suite):
    text = suite.read_text()
    suite.write_text(text.replace("note:", "nota:").replace("5321-4.2-1", "5321-4.2-999"))
    other = suite.with_name("other.smtp.yaml")
    other.write_text(text.replace("S: 250", "S: 2500"))
    (suite.parent / "target.yaml").write_text("adress: x\n")
    (suite.parent / "profiles").mkdir()
    (suite.parent / "profiles" / "p.yaml").write_text("userz: 3\n")

    done = invoke("lint", suite.parent)

    assert done.exit_code == 2
    for said in ("nota", "5321-4.2-999", "2500", "adress", "userz"):
        assert said in done.output
    assert "^" in done.output
    assert done.output.splitlines()[-1].startswith("4 files, ")


def test_the_name_of_a_lie_is_checked(invoke, suite):
    suite.write_text(suite.read_text().replace("note: A", "caught_by: no-unstuf\n    note: A"))

    done = invoke("lint", suite)

    assert done.exit_code == 2
    assert "did you mean 'no-unstuff'?" in done.output


def test_a_file_whose_name_tells_nothing_is_complained_of(invoke, suite):
    (suite.parent / "x.yaml").touch()

    done = invoke("lint", "x.yaml")

    assert done.exit_code == 2
    assert "its name does not tell what it is" in done.output


def test_a_known_file_is_read(invoke, suite):
    (suite.parent / "known.yaml").write_text("- nonsense\n")

    assert invoke("lint", "known.yaml").exit_code == 2


def test_a_load_profile_is_read_wherever_its_name_says_so(invoke, suite):
    (suite.parent / "my-profile.yaml").write_text("userz: 3\n")

    done = invoke("lint", "my-profile.yaml")

    assert done.exit_code == 2
    assert "did you mean 'users'?" in done.output


def test_what_is_no_file_is_not_waited_for(invoke, suite):
    os.mkfifo(suite.parent / "pipe.smtp.yaml")
    os.mkfifo(suite.parent / "known.yaml")

    done = invoke("lint", ".")

    assert done.exit_code == 0
    assert "1 file, nothing wrong" in done.output


@pytest.mark.parametrize("place", ["gone.smtp.yaml", "empty"])
def test_a_place_with_nothing_of_ours_is_wrong_use(invoke, suite, place):
    (suite.parent / "empty").mkdir()

    done = invoke("lint", place)

    assert done.exit_code == 2
    assert place in done.output


def test_one_file_is_no_files(invoke, suite):
    assert invoke("lint", suite).output == "1 file, nothing wrong\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("serve.yaml", "domian: a.test\n", "did you mean 'domain'?"),
        ("my-faults.yaml", "{at: NOOB, drop: yes}\n", "NOOB"),
    ],
)
def test_what_the_reference_server_reads_is_read(invoke, suite, name, text, said):
    (suite.parent / name).write_text(text)

    done = invoke("lint", name)

    assert done.exit_code == 2
    assert said in done.output
