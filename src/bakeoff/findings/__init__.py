"""The stage that says what the numbers can and cannot bear: findings, each with a verdict and its evidence."""

from bakeoff.findings.diagnose import diagnose

__all__ = ["diagnose"]
