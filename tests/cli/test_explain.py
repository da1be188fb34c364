from __future__ import annotations


def test_a_case_is_explained_on_one_page(invoke):
    done = invoke("explain", "rfc5321/4.5.2/leading-dots")

    assert done.exit_code == 0
    for said in (
        "A leading period is removed, once",
        "RFC 5321, section 4.5.2 (MUST) [5321-4.5.2-3]",
        "A leading period followed by other characters is removed.",
        "Unmet, it fails, and so does the run. Its grade is MUST.",
        "no-unstuff: the doubled dot stays doubled",
        "  - id: leading-dots\n    title: A leading period",
        "C: ..one dot left",
        "smtp-harness run -s rfc5321/4.5.2/leading-dots\n",
    ):
        assert said in done.output
    assert "dot-opens-a-segment" not in done.output


def test_a_family_is_one_page_with_its_rows_and_their_lies(invoke):
    output = invoke("explain", "smuggling/end-of-data/hidden-command").output

    assert output.startswith("smuggling/end-of-data/hidden-command\n")
    assert "Rows:\n  lf-dot-lf\n" in output
    assert "lf-dot-lf: LF . LF ends the text" in output
    assert "Its grade is vulnerability." in output
    assert "The author raised the grade" in output
    assert "-" * 96 not in output


def test_a_suite_is_a_page_for_each_case(invoke):
    output = invoke("explain", "rfc5321/4.5.2").output

    assert output.count("As written, ") == output.count("-" * 96) + 1 > 2


def test_a_requirement_is_explained_with_its_cases(invoke):
    output = invoke("explain", "5321-4.5.2-3").output

    assert output.startswith("RFC 5321, section 4.5.2 (MUST) [5321-4.5.2-3]\n")
    assert "  Cases that check it:\n    rfc5321/4.5.2/leading-dots\n" in output


def test_a_requirement_without_a_case_says_so(invoke):
    output = invoke("explain", "3834-2-4").output

    assert "No case checks it yet." in output


def test_what_servers_do_otherwise_and_what_is_said_twice_is_told(invoke):
    from harness.transcripts.catalogue import Catalogue

    entries = Catalogue.load().entries.values()
    twice = next(entry for entry in entries if entry.restates)
    odd = next(entry for entry in entries if entry.controversial)

    assert f"It says again what {twice.restates} says." in invoke("explain", twice.id).output
    assert "Where servers deviate: " in invoke("explain", odd.id).output


def test_a_case_of_the_users_own_is_explained(invoke, suite):
    done = invoke("explain", "mine.smtp.yaml::greets")

    assert "smtp-harness run -s mine.smtp.yaml::greets" in done.output
    assert "Proven by" not in done.output
    assert "A note of the author." in done.output


def test_rows_with_titles_of_their_own_show_them(invoke, suite):
    assert "  helo  It HELOs\n  noop  It NOOPs\n" in invoke("explain", suite).output


def test_a_case_is_found_however_its_keys_are_ordered(invoke, suite):
    text = suite.read_text().replace("- id: helps\n    title: It", "- title: It")
    suite.write_text(text.replace("    start: greeting", "    id: helps\n    start: greeting"))

    output = invoke("explain", "mine.smtp.yaml::helps/noop").output

    assert "mine.smtp.yaml:11:\n  - title: It {word}s\n    checks:" in output
    assert output.count("- title") == 1


def test_a_name_that_nothing_has_is_wrong_use(invoke):
    done = invoke("explain", "rfc5321/4.5.2/leading-dot")

    assert done.exit_code == 2
    assert "did you mean" in done.output
