"""An exported network, run without torch."""

import json

import numpy as np
import numpy.typing as npt

from bakeoff.core.errors import ConfigError, StorageError, in_one_line
from bakeoff.core.types import Images

METADATA = "bakeoff"
"""Under this key the file's metadata hold, as JSON, `network`, `classes`, `size`, `filter` and `dataset`."""


class OnnxModel:
    """A network that `export.to_onnx` wrote.

    Args:
        raw: The file's bytes; what it says of other files is not followed.
        name: What to call it in errors.

    Attributes:
        classes: Class names in the order of the probabilities.

    Raises:
        ConfigError: onnxruntime is not installed.
        StorageError: It is no such file, or damaged.
    """

    def __init__(self, raw: bytes, name: str) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise ConfigError(
                "an exported network needs onnxruntime; install it with: pip install 'bakeoff[export]'."
            ) from None
        try:
            self._session = onnxruntime.InferenceSession(raw, providers=["CPUExecutionProvider"])
            facts = json.loads(self._session.get_modelmeta().custom_metadata_map[METADATA])
            self.classes: tuple[str, ...] = tuple(facts["classes"])
        except KeyError:
            raise StorageError(f"{name} was not written by bakeoff export: it does not say its classes.") from None
        except Exception as error:  # onnxruntime has an error of its own for each kind of damage
            raise StorageError(
                f"{name} is no ONNX file, or damaged: {in_one_line(error)}. Export the run again."
            ) from None

    def probabilities(self, photo: Images) -> npt.NDArray[np.float32]:
        """The class probabilities of a photo, uint8 (H, W, 3), RGB, of any size: float32 (K,)."""
        row: npt.NDArray[np.float32] = self._session.run(["probabilities"], {"photo": photo})[0]
        return row
