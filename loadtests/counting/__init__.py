"""What is counted: by connection, by process and second; and how the generator itself fared.

Nothing here imports Locust; only `watch` needs gevent.
"""
