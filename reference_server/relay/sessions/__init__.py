"""Sessions with next hops: opened, used for one message after another, closed."""
