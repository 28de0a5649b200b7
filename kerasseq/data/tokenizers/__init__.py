"""Text to ids and back, one file a tokenizer, all in the graph."""
