from __future__ import annotations

import re


def test_suites_and_cases_are_listed(invoke):
    done = invoke("list", "rfc5321/4.5.2")

    assert done.exit_code == 0
    assert done.output.startswith("rfc5321/4.5.2  Transparency\n")
    assert re.search(r"^  rfc5321/4.5.2/leading-dots +A leading period", done.output, re.MULTILINE)
    assert re.search(r"^1 suite, \d+ cases$", done.output, re.MULTILINE)


def test_all_that_we_ship_is_listed(invoke):
    output = invoke("list").output

    assert "textbook/dialogue/alice-to-bob" in output
    assert "smuggling/" in output


def test_a_file_of_the_users_own_is_listed(invoke, suite):
    assert "mine/greeting/helps/noop" in invoke("list", suite).output


def test_a_title_cannot_reach_the_terminal(invoke, tmp_path):
    path = tmp_path / "odd.smtp.yaml"
    path.write_text(
        'suite: odd\ncases:\n  - id: a\n    title: "\\e[2Jx"\n    checks: []\n'
        "    dialogue: |\n      S: 220\n"
    )

    for words in (("list", path), ("explain", path), ("run", "--list", "-s", path)):
        assert "\x1b" not in invoke(*words).output
        assert r"\x1B[2Jx" in invoke(*words).output


def test_a_selection_that_matches_nothing_is_wrong_use(invoke):
    assert invoke("list", "rfc5321/9.9").exit_code == 2


def test_coverage_counts_distinct_requirements(invoke):
    output = invoke("list", "--coverage").output
    rows = re.findall(r"^ +\d+(?: \+ \d+)? +of +(\d+)  (.+)$", output, re.MULTILINE)[0:3]

    assert [total for total, _ in rows] == ["796", "461", "120"]
    assert [title for _, title in rows][::2] == ["MUST and SHOULD", "MAY and de-facto"]
    for title in ("by RFC", "by role", "by grade", "by tier"):
        of_title = output.split(f"{title}\n")[1].split("\n\n")[0]
        counts = re.findall(r"^ +(\d+)(?: \+ \d+)? +of +(\d+)  \S+$", of_title, re.MULTILINE)
        assert sum(int(total) for _, total in counts) == 916
        assert 40 < sum(int(covered) for covered, _ in counts) < 916


def test_coverage_of_one_suite_is_that_of_its_cases(invoke):
    output = invoke("list", "--coverage", "rfc5321/4.5.2/leading-dots").output

    assert re.search(r"^ +1(?: \+ \d+)? +of 796  MUST and SHOULD$", output, re.MULTILINE)


def test_what_has_neither_a_case_nor_a_reason_is_named(invoke):
    output = invoke("list", "--missing", "rfc5321/4.5.2/leading-dots").output

    assert "5321-4.5.2-3  " not in output  # which that case checks
    assert "5321-2.4-9  " not in output  # which has its reason
    assert re.search(r"^5321-4\.2-3  MUST, server\n    \S", output, re.MULTILINE)
    assert int(output.splitlines()[-1].split()[0]) > 300


def test_counting_and_naming_are_two_wishes(invoke):
    assert invoke("list", "--missing", "--coverage").exit_code == 2
