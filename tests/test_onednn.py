"""oneDNN keeps no second cache of what TensorFlow keeps."""

import os
import subprocess
import sys

from kerasseq.onednn import CAPACITY, keep_no_second_cache


def test_it_is_so_before_anything_is_computed():
    environment = {name: value for name, value in os.environ.items() if name != CAPACITY}
    code = f"import os, sys, kerasseq; print(os.environ[{CAPACITY!r}], 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "0 False\n"


def test_the_environment_has_the_last_word(monkeypatch):
    monkeypatch.setenv(CAPACITY, "64")
    keep_no_second_cache()
    assert os.environ[CAPACITY] == "64"
