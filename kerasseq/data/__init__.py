"""From files to batches: sources, tokenizers, features and the token cache."""
