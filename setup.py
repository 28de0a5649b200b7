"""Puts the top-level `recipes` and `datasets` inside the wheel; everything else stands in setup.cfg."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
SHIPPED = ("recipes", "datasets")


class BuildWithShipped(build_py):
    """Copies the shipped folders to `kerasseq/_shipped`, where `kerasseq.shipped` looks first.

    An editable install copies nothing: there, `kerasseq.shipped` finds the checkout's own folders.
    """

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "kerasseq", "_shipped")
        shutil.rmtree(target, ignore_errors=True)
        for name in SHIPPED:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, target / name, ignore=shutil.ignore_patterns(".*", "__pycache__")
                )


setup(cmdclass={"build_py": BuildWithShipped})
