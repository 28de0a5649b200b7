"""Evaluation: what a trained model writes on its own, and how sure it is of the references."""
