"""Layers: cells, attentions, encoders and the decoder."""
