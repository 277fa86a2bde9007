"""What the stages hand on: frozen records, each of which is also a file or folder on disk.

Tables are polars frames; their columns are listed at the record that holds them. Labels are indices into the record's
`classes`. Everything else is a `msgspec.Struct` stored as JSON.
"""

from bakeoff.records.architecture import Architecture, Layer
from bakeoff.records.audit import Audit, Border, Duplicates, Evidence, LabelCheck, Refused, WrongLabel
from bakeoff.records.common import SPLITS, TEST, TRAIN, VAL, Environment, Estimate, Images, Interval, Labels
from bakeoff.records.dataset import Dataset, DatasetInfo, Source
from bakeoff.records.improvements import CurvePoint, Improvements, Variant
from bakeoff.records.index import Index, IndexInfo, License, Problem
from bakeoff.records.run import BatchLog, EpochLog, LogLine, Prediction, Run, RunRecord, RunSpec, RunStatus
from bakeoff.records.scores import (
    ClassScores,
    Comparison,
    Finding,
    NetworkScores,
    PairScores,
    RunScores,
    SeedTest,
    State,
    Verdict,
)
from bakeoff.records.selection import Selection, SelectionInfo

__all__ = [
    "SPLITS",
    "TEST",
    "TRAIN",
    "VAL",
    "Architecture",
    "Audit",
    "BatchLog",
    "Border",
    "ClassScores",
    "Comparison",
    "CurvePoint",
    "Dataset",
    "DatasetInfo",
    "Duplicates",
    "Environment",
    "EpochLog",
    "Estimate",
    "Evidence",
    "Finding",
    "Images",
    "Improvements",
    "Index",
    "IndexInfo",
    "Interval",
    "LabelCheck",
    "Labels",
    "Layer",
    "License",
    "LogLine",
    "NetworkScores",
    "PairScores",
    "Prediction",
    "Problem",
    "Refused",
    "Run",
    "RunRecord",
    "RunScores",
    "RunSpec",
    "RunStatus",
    "SeedTest",
    "Selection",
    "SelectionInfo",
    "Source",
    "State",
    "Variant",
    "Verdict",
    "WrongLabel",
]
