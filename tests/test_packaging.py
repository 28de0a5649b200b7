"""The wheel holds everything that an installed kerasseq needs, built here without the network."""

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ("setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md")
FOLDERS = ("kerasseq", "recipes", "datasets")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"
LARGEST_WHEEL = 5_000_000


def files_below(folder):
    """Every file that ships: nothing hidden, no byte code."""
    parts = {path: path.relative_to(folder).parts for path in folder.rglob("*") if path.is_file()}
    return {
        "/".join(names)
        for names in parts.values()
        if "__pycache__" not in names and not any(name.startswith(".") for name in names)
    }


def build(kind, folder, out):
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "ignore", "-c", BUILD.format(kind=kind), str(out)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"building the {kind} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, so that building leaves nothing behind in it."""
    copy = tmp_path_factory.mktemp("packaging") / "checkout"
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    for name in FOLDERS:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def wheel(checkout):
    return build("wheel", checkout, checkout.parent / "wheel")


@pytest.fixture(scope="module")
def wheel_names(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("name", ["recipes", "datasets"])
def test_wheel_ships_each_recipe_and_dataset(wheel_names, name):
    prefix = f"kerasseq/_shipped/{name}/"
    shipped = {path.removeprefix(prefix) for path in wheel_names if path.startswith(prefix)}
    expected = files_below(ROOT / name)
    assert expected, f"the checkout has no {name}"
    assert shipped == expected


def test_wheel_holds_every_module_and_template(wheel_names):
    expected = {f"kerasseq/{path}" for path in files_below(ROOT / "kerasseq")}
    packaged = {path for path in wheel_names if not path.startswith("kerasseq/_shipped/")}
    assert {path for path in packaged if path.startswith("kerasseq/")} == expected
    assert any(path.startswith("kerasseq/report/") and path.endswith(".html") for path in packaged)


def test_wheel_holds_nothing_else_and_stays_small(wheel, wheel_names):
    strangers = {
        path for path in wheel_names if not path.startswith(("kerasseq/", "kerasseq-0.1.0.dist-info/"))
    }
    assert strangers == set()
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_wheel_names_its_license_command_and_pythons(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("kerasseq-0.1.0.dist-info/METADATA").decode()
        commands = archive.read("kerasseq-0.1.0.dist-info/entry_points.txt").decode()
        assert "kerasseq-0.1.0.dist-info/licenses/LICENSE" in archive.namelist()
    assert "Apache-2.0" in metadata
    assert "Requires-Python: <3.14,>=3.10" in metadata
    assert "kerasseq = kerasseq.cli:main" in commands


def test_source_archive_builds_the_same_wheel(checkout, wheel_names):
    archive = build("sdist", checkout, checkout.parent / "sdist")
    unpacked = checkout.parent / "unpacked"
    shutil.unpack_archive(archive, unpacked, **({"filter": "data"} if sys.version_info >= (3, 12) else {}))
    (folder,) = unpacked.iterdir()
    again = build("wheel", folder, checkout.parent / "again")
    assert set(zipfile.ZipFile(again).namelist()) == wheel_names


def test_installed_wheel_finds_what_it_ships(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from kerasseq.shipped import shipped_folder as f; print(f('recipes'), f('datasets'), sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.split()
    expected = [tmp_path / "kerasseq" / "_shipped" / name for name in ("recipes", "datasets")]
    assert [Path(path) for path in found] == expected


def test_installed_wheel_makes_data_at_first_use(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    shipped = tmp_path / "site" / "kerasseq" / "_shipped" / "datasets" / "tones"
    shipped.mkdir()
    (shipped / "make.py").write_text("def make(folder):\n    (folder / 'train.csv').write_text('a')\n")
    code = (
        "from kerasseq.data.locate import find_file, search_folders\n"
        "print(find_file('tones/train.csv', search_folders(), asked_by='k').read_text(), end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "KERASSEQ_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a"
    assert [path.name for path in shipped.iterdir()] == ["make.py"]


def test_every_dependency_is_pinned_for_every_python():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    assert set(extras) == {"all", "baselines", "speech", "mlflow", "wandb", "tune", "test", "jax"}
    assert extras["all"].strip() == "kerasseq[baselines,speech,tune]"
    unpinned = {"all", "mlflow", "wandb"}  # clients have to suit the server, and `make` installs neither
    parts = [
        config["options"]["install_requires"],
        *(extras[name] for name in extras if name not in unpinned),
    ]
    lines = [line for part in parts for line in part.splitlines() if line.strip()]
    names = {line.split(">=")[0].strip().lower() for line in lines}
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin, _, marker = line.partition(" ; ")
            pins.setdefault(pin.split("==")[0], []).append(marker)
    assert len(names) == 25
    assert names <= set(pins)
    split = {name: markers for name, markers in pins.items() if "" not in markers}
    for name, markers in split.items():
        assert "<" in markers[0], f"{name} has no pin for Python 3.10"
        assert ">=" in markers[-1], f"{name} has no pin for Python 3.13"
