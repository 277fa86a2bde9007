"""What would make it better: one change of the experiment at a time, on one network, measured against no change."""

from bakeoff.workflow.improvement.search import improve

__all__ = ["improve"]
