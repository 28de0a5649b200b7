"""What a field of an example is, one file a kind."""
