"""Plan, play, judge, run: cases against a target, and the verdicts."""
