import pytest

from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_run


@pytest.fixture
def run_folder(tmp_path):
    """A finished run."""
    return RunFolder(write_run(tmp_path / "translate_dates"))
