"""`python -m harness.cli` is `smtp-harness`."""

from harness.cli import main

main(prog_name="smtp-harness")
