import os
import platform
import subprocess
import sys

import pytest

from kerasseq import memory
from kerasseq.memory import keep_freed_memory

on_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
COUNT_FAULTS = """
import resource, sys
from kerasseq.memory import keep_freed_memory
if "keep" in sys.argv:
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
b"x" * (40 << 20)
before = faults()
for _ in range(5):
    b"x" * (40 << 20)
print(faults() - before)
"""


def _faults(*arguments):
    """Page faults of allocating 40 MB five times over, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    environment.pop("GLIBC_TUNABLES", None)
    command = [sys.executable, "-c", COUNT_FAULTS, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return int(done.stdout)


@on_glibc
def test_what_was_freed_is_taken_again_without_page_faults():
    assert _faults("keep") < 1000
    assert _faults() > 5000


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_settings_of_the_environment_stay(name, monkeypatch):
    monkeypatch.setenv(name, "glibc.malloc.arena_max=2")
    assert not keep_freed_memory()


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not keep_freed_memory()


def test_a_library_without_the_setting_is_left_alone(monkeypatch):
    for name in [name for name in os.environ if name.startswith("MALLOC_") or name == "GLIBC_TUNABLES"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert not keep_freed_memory()
