"""Several processes or devices that train one model: who they are, and what they hand each other."""
