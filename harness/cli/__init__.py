"""`smtp-harness`: one module per subcommand, imported when it is the one that runs.

So `smtp-harness --help` is there at once, and no subcommand pays for what another one needs.
"""

from harness.cli.commands import Commands

main = Commands(
    name="smtp-harness",
    help="""Prove mail systems right: transcripts that you can read, against any SMTP server.

    Exit status: 0 nothing wrong; 1 the target fails; 2 wrong use, a bad file or an empty selection;
    3 the target cannot be reached, nothing could be judged, or we failed.
    """,
    table={
        "run": ("harness.cli.run", "run", "Run suites against a server, or against our own."),
        "compare": ("harness.cli.compare", "compare", "Two result files: what broke?"),
        "matrix": ("harness.cli.matrix", "matrix", "Suites on many targets, and one page."),
        "report": ("harness.cli.report", "report", "Tell a result file in another format."),
        "list": ("harness.cli.list_", "list_", "List suites, cases, and what they cover."),
        "explain": ("harness.cli.explain", "explain", "Tell what a case or requirement is about."),
        "lint": ("harness.cli.lint", "lint", "Find mistakes in suites and other files of ours."),
        "schema": ("harness.cli.schema", "schema", "Print the JSON Schema of suites, for editors."),
        "init": ("harness.cli.init", "init", "Probe a server and write a target file for it."),
        "load": ("harness.cli.load", "load", "Send much mail, and measure."),
        "source": ("harness.cli.source", "source", "Send mail, by smtp-source's letters."),
        "send": ("harness.cli.send", "send", "Be a mail client, and show what is said."),
        "probe": ("harness.cli.probe_", "probe", "Find out what a server can do, and prove it."),
        "queue": ("harness.cli.queue_", "queue_", "See and steer the mail that waits."),
        "fetch": ("harness.cli.fetch", "fetch", "Read a mailbox by POP3."),
        "user": ("harness.cli.user", "user", "Who may log in to the reference server."),
        "sink": ("harness.cli.sink", "sink", "Take mail and keep none, by smtp-sink's letters."),
        "serve": ("reference_server.__main__", "main", "Run the reference server."),
    },
)

__all__ = ["main"]
