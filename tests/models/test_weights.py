"""Files of weights from outside that are damaged, packed, or claim more than they hold: one error, before memory."""

import contextlib
import io
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors
from tests.test_foreign_folders import limited
from torch import Tensor

from bakeoff.core.errors import NetworkError
from bakeoff.models.tied import mistakes_of_weights
from bakeoff.models.weights import read_weights

WEIGHTS = {"conv.weight": torch.arange(108.0).reshape(4, 3, 3, 3), "fc.bias": torch.ones(5), "n": torch.tensor(3)}


def saved(weights: dict[str, Tensor], *, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(weights, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


KINDS = {"a.pt": saved(WEIGHTS), "b.pth": saved(WEIGHTS, legacy=True), "c.safetensors": save_tensors(WEIGHTS)}


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_changed_bytes_are_one_error_or_weights(tmp_path: Path, name: str, data: st.DataObject) -> None:
    raw = bytearray(KINDS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    (tmp_path / name).write_bytes(raw)
    with limited(), contextlib.suppress(NetworkError):
        assert all(isinstance(value, Tensor) for value in read_weights(tmp_path / name).values())


@pytest.mark.parametrize(
    "odd",
    [
        torch.zeros(1).as_strided((2**20, 2**20), (0, 0)),
        torch.eye(3).to_sparse(),
        torch.empty(2**40, device="meta"),
    ],
    ids=["repeats one number", "sparse", "has no numbers"],
)
def test_a_tensor_that_claims_more_than_it_holds_is_refused(tmp_path: Path, odd: Tensor) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"w": odd}))
    with (
        limited(),
        pytest.raises(NetworkError, match=r"a\.pt.* (claim more than the file holds|no array of|or is damaged)"),
    ):
        read_weights(tmp_path / "a.pt")


def test_tensors_that_share_one_piece_of_a_file_are_refused_where_they_are_very_many(tmp_path: Path) -> None:
    whole = torch.ones(2**18)
    (tmp_path / "a.pt").write_bytes(saved({f"{number}": whole for number in range(300)}))
    with pytest.raises(NetworkError, match="claim more than the file holds"):
        read_weights(tmp_path / "a.pt")


def test_a_buffer_that_repeats_its_numbers_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(saved({"positions": torch.arange(77).expand(8, 77)}))
    assert read_weights(tmp_path / "a.pt")["positions"].shape == (8, 77)


def test_a_packed_file_that_becomes_very_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("data.pkl", "data/0"):
            with packed.open(f"a/{name}", "w") as member:
                for _ in range(300):
                    member.write(bytes(2**20))
    with pytest.raises(NetworkError, match=r"a\.pt unpacks to 629,145,600 bytes, more than 100 times its own"):
        read_weights(path)


def test_tied_layers_are_looked_for_without_memory_for_what_a_layer_may_claim() -> None:
    rows = torch.zeros((10**7, 1), dtype=torch.int8)
    with limited():
        assert list(mistakes_of_weights("net", {"head": rows})) == []


def test_weights_of_any_kind_of_number_are_compared() -> None:
    kinds = (torch.ones(2, 2, dtype=torch.bfloat16), torch.ones(2, 2, dtype=torch.bool), torch.ones(0, 3))
    turned = torch.tensor([[1 + 2j]]).conj()
    assert list(mistakes_of_weights("net", {f"{own.dtype}": own for own in (*kinds, turned, turned.imag)})) == []
    (found,) = mistakes_of_weights("net", {"a": turned, "b": turned.resolve_conj()})
    assert "a has the very weights of b" in found.text


def test_of_very_many_layers_those_that_are_the_same_are_found() -> None:
    weights = {f"{number}": torch.full((1, 1), float(number)) for number in range(30_000)}
    (found,) = mistakes_of_weights("net", weights | {"twin": torch.full((1, 1), 7.0)})
    assert "7 has the very weights of twin" in found.text
