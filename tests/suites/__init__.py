"""Tests of the suites that we ship."""
