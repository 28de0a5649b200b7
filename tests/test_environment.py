"""What a run says it ran on."""

import platform
from importlib import metadata

import kerasseq
from kerasseq import environment


def test_versions_are_those_installed():
    found = environment.versions()
    assert found["kerasseq"] == kerasseq.__version__
    assert found["python"] == platform.python_version()
    assert {name: found[name] for name in ("numpy", "keras")} == {
        name: metadata.version(name) for name in ("numpy", "keras")
    }
    assert set(found) == {"kerasseq", "python", *environment.PACKAGES}


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(environment.metadata, "version", version)
    assert environment.versions()["tensorflow-text"] == "not installed"


def test_the_machine_is_described():
    found = environment.describe()
    assert found["cores"] > 0
    assert any(device.startswith("CPU") for device in found["devices"])
    assert found["platform"] == platform.platform()
