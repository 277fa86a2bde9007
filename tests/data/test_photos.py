"""What photos tell of an instances file: names, sizes, and which of them EXIF turned."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from bakeoff.config.data import DataConfig
from bakeoff.core.errors import ConfigError, SelectionError, SourceError
from bakeoff.data.build import build
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.workers import ImageSettings
from bakeoff.data.inputs import open_index, open_source
from bakeoff.data.selection import select

RED, BLUE, GREY = (220, 0, 0), (0, 0, 220), (128, 128, 128)
SIZE = (160, 96)
BOX = (96, 32, 40, 40)
ORIENTATION = 0x0112
BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""From the upright photo to the stored one, by EXIF orientation."""


def stored(upright: Image.Image, orientation: int = 1) -> bytes:
    """The bytes of a photo that EXIF turns upright."""
    back = BACK[orientation]
    image = upright if back is None else upright.transpose(back)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


def scene(colour: tuple[int, int, int], size: tuple[int, int] = SIZE, box: tuple[int, ...] = BOX) -> Image.Image:
    """A grey photo with a coloured object in a box."""
    image = Image.new("RGB", size, GREY)
    image.paste(colour, (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    return image


def plant(
    folder: Path,
    make: Callable[[tuple[int, int, int]], bytes],
    *,
    size: tuple[int, int] | None = SIZE,
    box: tuple[float, ...] = BOX,
    name: Callable[[int], str] = "{}.png".format,
    file: Callable[[int], str] = "{}.png".format,
) -> DataConfig:
    """Six photos with a red object and six with a blue one."""
    (folder / "photos").mkdir(exist_ok=True)
    content: dict[str, list[Any]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "blue"}],
    }
    for n in range(12):
        path = folder / "photos" / file(n)
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(make((RED, BLUE)[n % 2]))
        sides = {} if size is None else {"width": size[0], "height": size[1]}
        content["images"].append({"id": n + 1, "file_name": name(n), **sides})
        content["annotations"].append({"id": n + 1, "image_id": n + 1, "category_id": n % 2 + 1, "bbox": list(box)})
    (folder / "ann.json").write_text(json.dumps(content))
    return DataConfig(
        classes=("red", "blue"),
        annotations=str(folder / "ann.json"),
        images=str(folder / "photos"),
        train_per_class=4,
        val_per_class=1,
        test_per_class=0,
        margin=0.0,
    )


def built(data: DataConfig, out: Path) -> Dataset:
    settings = ImageSettings(size=32, resize=data.resize, filter=data.filter, quality=data.quality)
    chosen = select(*open_index(data, None))
    return build(chosen, open_source(data), out, workers=1, check_sizes=data.check_sizes, **settings)


def cropping(data: DataConfig) -> DataConfig:
    return DataConfig(**{name: getattr(data, name) for name in data.__struct_fields__} | {"view": "crop"})


def assert_crops_are_the_objects(dataset: Dataset) -> None:
    for split in ("train", "val"):
        for label, image in zip(dataset.labels[split], dataset.images[split], strict=True):
            assert np.abs(image.mean((0, 1)) - (RED, BLUE)[label]).max() < 3


def assert_boxes_are_the_objects(dataset: Dataset) -> None:
    """The colour is where the recorded box is in the stored image, and nowhere else."""
    rows = dataset.rows("train")
    for row, image in zip(rows.iter_rows(named=True), dataset.images["train"], strict=True):
        left, top, width, height = (32 * side for side in dataset.info.box_in_image(row["boxes"][0], row))
        coloured = np.abs(image.astype(int) - (RED, BLUE)[row["label"]]).max(axis=2) < 40
        down, across = np.nonzero(coloured)
        assert (across.min(), down.min()) == pytest.approx((left, top), abs=1.01)
        assert (across.max() + 1, down.max() + 1) == pytest.approx((left + width, top + height), abs=1.01)


def codes(dataset: Dataset) -> list[tuple[str, int]]:
    return [(problem.code, problem.count) for problem in dataset.problems]


@pytest.mark.parametrize("orientation", BACK)
def test_boxes_of_the_upright_photo_with_its_size(tmp_path: Path, orientation: int) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour), orientation))
    dataset = built(data, tmp_path / "photo")
    assert codes(dataset) == []
    assert_boxes_are_the_objects(dataset)
    assert_crops_are_the_objects(built(cropping(data), tmp_path / "crop"))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("scale", [1, 2])
def test_boxes_of_the_photo_before_exif_turned_it_are_turned(tmp_path: Path, orientation: int, scale: int) -> None:
    def raw(colour: tuple[int, int, int]) -> bytes:
        size, box = (SIZE[0] * scale, SIZE[1] * scale), tuple(side * scale for side in BOX)
        image = scene(colour, size, box)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        buffer = io.BytesIO()
        image.save(buffer, "PNG", exif=exif)
        return buffer.getvalue()

    data = plant(tmp_path, raw)
    dataset = built(data, tmp_path / "photo")
    assert codes(dataset)[0] == ("turned-photo", 10)
    assert dataset.manifest.select("width", "height").unique().rows() == [(96, 160)]
    assert_boxes_are_the_objects(dataset)
    assert_crops_are_the_objects(built(cropping(data), tmp_path / "crop"))


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_size_from_before_exif_with_boxes_of_the_upright_photo(tmp_path: Path, orientation: int) -> None:
    """Some boxes fit both ways; those that fit one way only tell which is meant, for all."""
    box, other = (10, 110, 40, 40), (10, 10, 40, 40)
    data = plant(tmp_path, lambda colour: stored(scene(colour, (96, 160), box), orientation), size=SIZE, box=box)
    content = json.loads(Path(data.annotations).read_text())
    for n in (2, 3):
        (tmp_path / "photos" / f"{n}.png").write_bytes(stored(scene((RED, BLUE)[n % 2], (96, 160), other), orientation))
        content["annotations"][n]["bbox"] = list(other)
    Path(data.annotations).write_text(json.dumps(content))
    dataset = built(data, tmp_path / "photo")
    assert codes(dataset) == [("turned-size", 12)]
    assert dataset.manifest.select("width", "height").unique().rows() == [(96, 160)]
    assert_boxes_are_the_objects(dataset)
    assert_crops_are_the_objects(built(cropping(data), tmp_path / "crop"))


@pytest.mark.parametrize("scale", [0.5, 2, 3.3])
def test_boxes_of_scaled_copies_are_scaled(tmp_path: Path, scale: float) -> None:
    def copy(colour: tuple[int, int, int]) -> bytes:
        size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
        return stored(scene(colour).resize(size, Image.Resampling.NEAREST))

    data = plant(tmp_path, copy)
    dataset = built(data, tmp_path / "photo")
    assert codes(dataset) == [("scaled-photo", 10)]
    assert_boxes_are_the_objects(dataset)
    assert_crops_are_the_objects(built(cropping(data), tmp_path / "crop"))


def test_a_photo_of_another_shape_is_left_out_with_the_reason(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)))
    chosen = select(*open_index(data, None)).chosen
    file = chosen["file_name"][0]
    (tmp_path / "photos" / file).write_bytes(stored(Image.new("RGB", (100, 100))))
    dataset = built(data, tmp_path / "out")
    row = dataset.ledger.filter(pl.col("file_name") == file).row(0, named=True)
    assert row["status"] == "unreadable"
    assert row["reason"] == "it has 100 x 100 pixels, its annotations are for a photo of 160 x 96"
    assert codes(dataset) == [("other-photo", 1)]


def test_most_photos_of_another_shape_are_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour).resize((64, 64))))
    with pytest.raises(SourceError, match=r"have not the size.*data.check_sizes = false"):
        built(data, tmp_path / "out")
    anyway = DataConfig(**{name: getattr(data, name) for name in data.__struct_fields__} | {"check_sizes": False})
    assert_boxes_are_the_objects(built(anyway, tmp_path / "out"))


def test_a_size_that_is_not_stated_is_taken_from_the_photo(tmp_path: Path) -> None:
    stated = built(plant(tmp_path, lambda colour: stored(scene(colour), 6)), tmp_path / "stated")
    data = plant(tmp_path, lambda colour: stored(scene(colour), 6), size=None)
    dataset = built(data, tmp_path / "out")
    assert codes(dataset) == [("size-of-photo", 12)]
    assert dataset.info.digest == stated.info.digest
    assert_crops_are_the_objects(built(cropping(data), tmp_path / "crop"))
    without = DataConfig(**{name: getattr(data, name) for name in data.__struct_fields__} | {"images": ""})
    with pytest.raises(SelectionError, match=r"12 images have no size.*data.images"):
        select(*open_index(without, None))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "file", "code"),
    [
        ("{}.png", "{}.png", None),
        ("sub\\{}.png", "sub/{}.png", "file-name"),
        ("{}.png", "{}.PNG", "file-name"),
        ("/data/local-files/?d=photos%2F{}.png", "sub/{}.png", "file-name"),
        ("C:\\work\\sub\\{}.png", "sub/{}.png", "file-name"),
        ("../{}.png", "{}.png", "file-name"),
        ("train2017/{}.png", "{}.png", "file-name"),
    ],
)
def test_names_of_other_tools_find_the_photos(
    tmp_path: Path, name: str, file: str, code: str | None, packed: bool
) -> None:
    plain = built(plant(tmp_path, lambda colour: stored(scene(colour))), tmp_path / "plain")
    folder = tmp_path / "other"
    folder.mkdir()
    data = plant(folder, lambda colour: stored(scene(colour)), name=name.format, file=file.format)
    if packed:
        with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
            for path in (folder / "photos").rglob("*.*"):
                archive.write(path, path.relative_to(folder / "photos"))
        data = DataConfig(
            **{name: getattr(data, name) for name in data.__struct_fields__} | {"images": str(folder / "photos.zip")}
        )
    dataset = built(data, folder / "out")
    assert [problem.code for problem in dataset.problems] == ([code] if code else [])
    assert dataset.info.digest == plain.info.digest


def test_two_spellings_of_one_photo_are_one_image(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)))
    content = json.loads(Path(data.annotations).read_text())
    content["images"].append({"id": 99, "file_name": "0.PNG", "width": 160, "height": 96})
    content["annotations"].append({"id": 99, "image_id": 99, "category_id": 2, "bbox": [0, 0, 30, 30]})
    Path(data.annotations).write_text(json.dumps(content))
    index, _ = open_index(data, None)
    assert index.images.height == 12
    assert index.annotations.filter(pl.col("image_id") == 1)["category_id"].to_list() == [1, 2]
    assert [problem.code for problem in index.info.problems] == ["file-name", "shared-file"]


def test_photos_that_are_not_there_are_said_with_the_nearest_file(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)))
    (tmp_path / "photos" / "0.png").rename(tmp_path / "photos" / "0.jpeg")
    index, _ = open_index(data, None)
    (problem,) = index.info.problems
    assert (problem.code, problem.count) == ("no-file", 1)
    assert problem.message.endswith("(0.png; there is '0.jpeg')")


def test_photos_that_are_not_there_are_named_in_the_order_of_the_images(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)), name=lambda n: f"{'ab'[n % 2]}/{n}.png")
    for n in range(6, 12):
        path = tmp_path / "photos" / "ab"[n % 2] / f"{n}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((tmp_path / "photos" / f"{n}.png").read_bytes())
    for n in range(12):
        (tmp_path / "photos" / f"{n}.png").unlink()
    index, _ = open_index(data, None)
    (problem,) = index.info.problems
    assert (problem.code, problem.count) == ("no-file", 6)
    assert "(a/0.png, b/1.png, a/2.png, …" in problem.message


def test_where_no_file_is_found_the_error_names_the_nearest(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)), name="photo{}".format, file="photo{}.png".format)
    with pytest.raises(SourceError, match=r"none of the 10 photos could be read.*there is 'photo0.png'"):
        built(data, tmp_path / "out")


def test_labels_without_boxes_can_not_be_cropped(tmp_path: Path) -> None:
    data = plant(tmp_path, lambda colour: stored(scene(colour)))
    content = json.loads(Path(data.annotations).read_text())
    for annotation in content["annotations"]:
        del annotation["bbox"]
    Path(data.annotations).write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r'data.view = "crop" needs boxes'):
        open_index(cropping(data), None)
