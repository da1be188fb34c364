"""Our server in the part of Postfix's smtp-sink: letters made into rules, faults and watchers."""
