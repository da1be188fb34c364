"""What is pasted into GitHub and GitLab: an input is a value there too."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.ci.conftest import ROOT, blocks
from tests.ci.test_run_suites import HOSTILE, RECORDS

ACTION = yaml.safe_load((ROOT / "ci/github/action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
GITLAB = yaml.safe_load((ROOT / "ci/gitlab/smtp-harness.yml").read_text(encoding="utf-8"))
JOB = GITLAB["smtp-harness"]
INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")
KNOWN_TO_SCRIPT = set(
    re.findall(r"^#   (SMTP_\w+) ", (ROOT / "ci/run-suites").read_text(encoding="utf-8"), re.M)
)


def step(word):
    (found,) = (step for step in STEPS if word in step.get("run", ""))
    return found


def test_no_script_has_anything_pasted_into_it():
    scripts = [step["run"] for step in STEPS if "run" in step]

    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_every_use_is_an_input():
    assert set(INPUT.findall(str(STEPS))) == set(ACTION["inputs"])
    assert {"target", "suites", "level", "known"} <= set(ACTION["inputs"])


def test_every_variable_is_one_that_the_script_knows():
    of_action = {name for name in step("run-suites")["env"] if name.startswith("SMTP_")}
    of_job = {name for name in JOB["variables"] if not name.startswith("SMTP_HARNESS_")}

    assert of_action <= KNOWN_TO_SCRIPT
    assert of_job <= KNOWN_TO_SCRIPT
    assert set(re.findall(r"\$\{(SMTP_\w+)", (ROOT / "ci/run-suites").read_text())) == (
        KNOWN_TO_SCRIPT
    )


def as_github_sets_it(env, inputs, temp):
    """The environment of a step, its expressions replaced by values as a runner does it."""
    values = {name: given.get("default", "") for name, given in ACTION["inputs"].items()} | inputs
    return {
        name: INPUT.sub(lambda found: values[found[1]], text).replace("${{ runner.temp }}", temp)
        for name, text in env.items()
    }


@pytest.mark.parametrize("value", HOSTILE)
def test_the_step_of_the_action_hands_each_input_on(repository, tmp_path, value):
    command = repository.folder / "command"
    command.write_text(RECORDS)
    command.chmod(0o755)
    suites = step("run-suites")
    inputs = dict.fromkeys(["target", "suites", "known"], value)
    environment = as_github_sets_it(suites["env"], inputs, str(tmp_path))

    done = repository.run(
        "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", suites["run"],
        **environment, GITHUB_ACTION_PATH=str(ROOT / "ci/github"), RUNNER_TEMP=str(tmp_path),
        SMTP_HARNESS="./command",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    words = (repository.folder / "words").read_text().split("\0")[:-1]
    assert words[-2:] == ["--", value]
    assert f"--known={value}" in words
    assert f"--json={tmp_path}/smtp-results/results.json" in words
    assert "stolen" not in repository.names


def test_the_action_installs_its_own_checkout():
    install = step("pip")["run"]

    assert "root=$GITHUB_ACTION_PATH/../.." in install
    assert (ROOT / "ci/github/../../constraints.txt").exists()
    assert (ROOT / "ci/github/../run-suites").exists()


def test_reports_are_kept_though_the_run_failed():
    upload = STEPS[-1]

    assert upload["uses"].startswith("actions/upload-artifact@")
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["path"] == step("run-suites")["env"]["SMTP_RESULTS"]
    assert JOB["artifacts"]["when"] == "always"
    assert JOB["artifacts"]["paths"] == [f"{JOB['variables']['SMTP_RESULTS']}/"]


def test_the_job_of_gitlab_calls_the_script_alone(repository):
    assert JOB["script"] == ["/tmp/smtp-harness/ci/run-suites"]
    assert all("$" not in line or '"$' in line for line in JOB["before_script"])


def test_what_the_docs_show_for_github_and_gitlab_is_so():
    _, github, gitlab = map(yaml.safe_load, blocks("yaml"))

    use = github["jobs"]["smtp"]["steps"][-1]
    assert use["uses"].startswith("OWNER/smtp-harness/ci/github@")
    assert set(use["with"]) <= set(ACTION["inputs"])
    assert gitlab["include"][0]["remote"].endswith("/ci/gitlab/smtp-harness.yml")
    assert set(gitlab["smtp-harness"]["variables"]) <= set(JOB["variables"])


def test_the_five_lines_are_five():
    assert len(blocks("yaml")[0].splitlines()) == 5
