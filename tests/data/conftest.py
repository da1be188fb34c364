"""These files are material for our tests, and no tests."""

collect_ignore_glob = ["*"]
