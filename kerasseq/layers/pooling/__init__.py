"""From the outputs of every step to one summary of the sequence, one file a way."""
