"""The boxes of annotations: how they are written, and whether they lie in their images."""

import polars as pl

from bakeoff.config.data import BoxFormat
from bakeoff.core.errors import AnnotationsError
from bakeoff.data.index import SHOWN, Problem, examples

TOLERANCE = 1.0
"""Pixels by which a box may leave its image without being counted: annotation tools round."""
ENOUGH = 10
"""With fewer boxes nothing is concluded about all of them."""
SIDES = ("x", "y", "width", "height")
X, Y, WIDTH, HEIGHT = (pl.col(side) for side in SIDES)
W, H = pl.col("_w"), pl.col("_h")
RIGHT, BOTTOM = X + WIDTH, Y + HEIGHT
FINITE = X.is_finite() & Y.is_finite() & WIDTH.is_finite() & HEIGHT.is_finite()
BEYOND = (X < -TOLERANCE) | (Y < -TOLERANCE) | (RIGHT > W + TOLERANCE) | (BOTTOM > H + TOLERANCE)

CHOICES = '"xywh" (left, top, width, height), "xyxy" (left, top, right, bottom), "cxcywh" (centre, width, height)'


def read_format(annotations: pl.DataFrame, box_format: BoxFormat, source: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Boxes of another format as x, y, width, height; boxes that are fractions of their image stay fractions.

    Few boxes that are all within one pixel are taken as pixels, as COCO has them, and said.

    Args:
        annotations: As `Index.annotations`, boxes as the file has them.
        box_format: As `data.box_format`.
        source: The file, for messages.

    Raises:
        AnnotationsError: All boxes are within one pixel, which no real box is, and the format is "auto".
    """
    if box_format == "auto" and are_fractions(annotations):
        count = annotations.height
        if count >= ENOUGH:
            raise AnnotationsError(
                f"{source}: all {count:,} boxes are between 0 and 1, as fractions of their image, where COCO has "
                f"pixels. Set data.box_format to say what they are: {CHOICES}."
            )
        message = f"all {count:,} boxes are between 0 and 1: taken as pixels, unless data.box_format is set"
        return annotations, [Problem("tiny-boxes", count, message)]
    if box_format == "xyxy":
        return annotations.with_columns((WIDTH - X).alias("width"), (HEIGHT - Y).alias("height")), []
    if box_format == "cxcywh":
        return annotations.with_columns((X - WIDTH / 2).alias("x"), (Y - HEIGHT / 2).alias("y")), []
    return annotations, []


def are_fractions(annotations: pl.DataFrame) -> bool:
    """Whether all boxes lie within 0 to 1, be they written by their sides or by their corners; not where all are 0."""
    real, within = FINITE & (WIDTH > 0) & (HEIGHT > 0), pl.all_horizontal(pl.col(SIDES).abs() <= 1)
    some, outside = annotations.select(real.any().alias("some"), (real & ~within).any().alias("outside")).row(0)
    return bool(some and not outside)


def unsure_images(annotations: pl.DataFrame, images: pl.DataFrame) -> pl.Series:
    """The images without a size, and those whose boxes leave them and fit if width and height are exchanged.

    EXIF may have turned the latter's photos.
    """
    bare = images.filter(pl.col("width").is_null())["image_id"]
    beyond = _with_sides(annotations, images).lazy().filter(BEYOND & FINITE).select("image_id").collect()["image_id"]
    fits = (X >= -TOLERANCE) & (Y >= -TOLERANCE) & (RIGHT <= H + TOLERANCE) & (BOTTOM <= W + TOLERANCE)
    table = _with_sides(annotations.filter(pl.col("image_id").is_in(beyond.unique().implode()) & FINITE), images)
    judged = table.filter(W != H).group_by("image_id").agg(fits.all().alias("fits"))
    return pl.concat([bare, judged.filter("fits")["image_id"]])


def fit_boxes(
    annotations: pl.DataFrame, images: pl.DataFrame, source: str, *, fractions: bool, check: bool
) -> tuple[pl.DataFrame, list[Problem]]:
    """Brings boxes into their images: drops those that are not in them, and clips those that leave them.

    An annotation without a box (NaN) gets its whole image.

    Args:
        annotations: As `Index.annotations`, boxes as x, y, width, height.
        images: As `Index.images`, all with their sizes.
        source: The file, for messages.
        fractions: Whether boxes are fractions of their image.
        check: Whether most boxes must lie in their image.

    Raises:
        AnnotationsError: They do not.
    """
    table = _with_sides(annotations, images)
    if fractions:
        table = table.with_columns(X * W, Y * H, WIDTH * W, HEIGHT * H)
    if check:
        _check_most(table.lazy().filter(FINITE), source)
    problems: list[Problem] = []

    def note(code: str, odd: pl.Expr, message: str) -> bool:
        found = table.lazy().filter(odd).select("annotation_id").collect()["annotation_id"]
        if len(found):
            ids = examples(found[: SHOWN + 1].to_list())
            problems.append(Problem(code, len(found), f"{len(found):,} annotations {message} (ids {ids})"))
        return len(found) > 0

    def drop(code: str, bad: pl.Expr, message: str) -> None:
        nonlocal table
        if note(code, bad, f"{message}: dropped"):
            table = table.filter(~bad)

    placed = pl.any_horizontal(*(pl.col(side).is_not_nan() for side in SIDES))
    table = table.with_columns(
        pl.when(placed).then(column).otherwise(whole).alias(column.meta.output_name())
        for column, whole in ((X, 0.0), (Y, 0.0), (WIDTH, W), (HEIGHT, H))
    )
    drop("empty-box", ~FINITE | (WIDTH <= 0) | (HEIGHT <= 0), "have a box without a positive size")
    drop("box-outside", (X >= W) | (Y >= H) | (RIGHT <= 0) | (BOTTOM <= 0), "have a box outside of their image")
    note("box-over-border", BEYOND, "have a box that leaves their image: clipped to it")
    note("no-area", pl.col("area") <= 0, "have an area that is not positive: their box's is taken")
    table = table.with_columns(*_clip("x", "width", "_w"), *_clip("y", "height", "_h")).drop("_w", "_h")
    area = pl.when(pl.col("area") > 0).then("area").otherwise(WIDTH * HEIGHT)  # where the file has none, too
    return table.with_columns(area.alias("area")), problems


def _with_sides(annotations: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    sides = images.select("image_id", pl.col("width").cast(pl.Float64).alias("_w"), pl.col("height").alias("_h"))
    own = annotations.select("image_id").join(sides, on="image_id", how="left", maintain_order="left")
    return annotations.hstack(own.drop("image_id"))  # joined as a whole, all columns would be copied


def _check_most(boxes: pl.LazyFrame, source: str) -> None:
    fits = (WIDTH > X) & (HEIGHT > Y) & (W + TOLERANCE >= WIDTH) & (H + TOLERANCE >= HEIGHT)
    counts = boxes.select(pl.len(), BEYOND.sum().alias("beyond"), fits.sum().alias("corners"))
    count, beyond, corners = counts.collect().row(0)
    if count < ENOUGH or 2 * beyond <= count:
        return
    advice = (
        'As corners they fit: set data.box_format = "xyxy".'
        if corners == count
        else "The file's widths and heights may be those of other copies of the photos: correct them."
    )
    raise AnnotationsError(
        f"{source}: {beyond:,} of {count:,} boxes leave their image as left, top, width, height. {advice} "
        'data.box_format = "xywh" takes them as they are, clipped to their image.'
    )


def _clip(start: str, extent: str, side: str) -> tuple[pl.Expr, pl.Expr]:
    """A box's start and extent along one axis, clipped to the image."""
    low = pl.col(start).clip(0, pl.col(side))
    high = (pl.col(start) + pl.col(extent)).clip(0, pl.col(side))
    inside = (pl.col(start) >= 0) & (pl.col(start) + pl.col(extent) <= pl.col(side))
    return (
        pl.when(inside).then(pl.col(start)).otherwise(low).alias(start),
        pl.when(inside).then(pl.col(extent)).otherwise(high - low).alias(extent),
    )
