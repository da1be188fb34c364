"""Results as people and machines want to read them: functions of results, nothing more."""
