"""What a run shows of itself: `report.html`, pictures of attention and gradients, the terminal's tables.

Everything here reads the run folder's files and no model, so a report can be written again at any time.
"""

from kerasseq.report.gradient_picture import gradient_picture
from kerasseq.report.page import write_report
from kerasseq.report.picture import attention_picture

__all__ = ["attention_picture", "gradient_picture", "write_report"]
