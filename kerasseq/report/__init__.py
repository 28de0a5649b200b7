"""What a run shows of itself: `report.html`, a picture of an attention map, and the terminal (`terminal.py`).

Everything here reads the run folder's files and no model, so a report can be written again at any time.
"""

from kerasseq.report.page import write_report
from kerasseq.report.picture import attention_picture

__all__ = ["attention_picture", "write_report"]
