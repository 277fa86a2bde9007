"""What tests share: the real COCO data where it is at hand, and hypothesis without a clock."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("bakeoff", deadline=None)  # machines differ in speed; a slow one is no failure
settings.load_profile("bakeoff")


@pytest.fixture(scope="session")
def coco_data() -> Path:
    """The folder of real COCO data: `BAKEOFF_DATA`, by default `shared/data` beside the checkout."""
    folder = Path(os.environ.get("BAKEOFF_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real COCO data: {folder} does not exist; set BAKEOFF_DATA")
    return folder
