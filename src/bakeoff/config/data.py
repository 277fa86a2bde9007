"""The section `[data]`: which images are chosen, from where, and how they are stored."""

from typing import Annotated, Literal

from msgspec import Meta, field

from bakeoff.config.tables import ConfigTable, Count, Fraction, Name, NotNegative, Positive, Rate, Side
from bakeoff.core.geometry import Resize

ALL: Literal["all"] = "all"
"""As a quota: every image; as the classes: all of them."""

BoxFormat = Literal["auto", "xywh", "xyxy", "cxcywh"]

Quota = Count | Literal["all"] | dict[Name, Count]


class SelectionConfig(ConfigTable, frozen=True):
    """Which images are chosen, and which label each gets.

    Attributes:
        classes: The target classes: category names, in the order of their labels.
        train_per_class: Training images per class: a number, a table of numbers by class, or "all": those that are
            bound to the split, or else those that the other splits leave.
        val_per_class: Validation images per class; a fraction below 1, or "all" (of images that are bound to no split
            a fifth), are each class's own number.
        test_per_class: Test images per class: predicted once by each run, and used by no comparison. "all" are those
            that are bound to the split, none where there are none.
        policy: How an image gets its one label; a name of `bakeoff list policies`.
        seed: Seeds the policy's random order.
        min_area: An annotation counts only if it covers at least this fraction of the image, 0 to 1.
        crowd: Whether crowd annotations make an image a candidate.
    """

    classes: tuple[Name, ...] = ()
    train_per_class: Quota = ALL
    val_per_class: Quota | Annotated[float, Meta(gt=0.0, lt=1.0)] = ALL
    test_per_class: Quota = 0
    policy: Name = "balanced"
    seed: Count = 0
    min_area: Fraction = 0.0
    crowd: bool = False

    @property
    def quotas(self) -> dict[str, Quota | float]:
        """Images per class and split; the test split only if it has any."""
        quotas: dict[str, Quota | float] = {"train": self.train_per_class, "val": self.val_per_class}
        return quotas | {"test": self.test_per_class} if self.test_per_class else quotas

    @property
    def numbers(self) -> dict[str, int]:
        """The quotas where each is one number for all classes; else empty."""
        numbers = {split: quota for split, quota in self.quotas.items() if isinstance(quota, int)}
        return numbers if len(numbers) == len(self.quotas) else {}


class DataConfig(SelectionConfig, frozen=True):
    """The section `[data]`: where the photos are, which are chosen, and how they are stored.

    Attributes:
        folder: Path of a tree of photos with a folder per class, instead of `annotations` and `images`; without
            `classes` all of its classes are used.
        nested: Whether folders in a class's folder are classes of their own, named by their path: `a/b`.
        follow_links: Whether links are followed that lead out of `folder`.
        annotations: Path of the COCO instances file, or of a folder of them (see `find_parts`); with `folder` it says
            what else the photos hold.
        box_format: How the instances file writes boxes: "xywh" (left, top, width, height, as COCO has them), "xyxy"
            (left, top, right, bottom) or "cxcywh" (centre, width, height), in pixels, or all as fractions of their
            image; "auto" is "xywh", and an error where that can't be.
        val_annotations: The instances file of the validation photos; `annotations` is then that of the training photos.
        val_images: As `images`, of the validation photos, where they are elsewhere.
        test_annotations: The instances file of the test photos.
        test_images: As `images`, of the test photos, where they are elsewhere.
        split_list: Path of a CSV file with a file name or image id and a split in each line; or "field:NAME", the field
            of the instances file's images that names their split.
        group_by: A regular expression on file names; images with the same match stay in one split. "field:NAME" takes
            the field NAME of the file's images instead.
        classes: "all" are all that at least `min_per_class` images hold.
        min_per_class: The fewest images of a class, where the classes are not named.
        val_fraction: Fraction of each class's images for validation, where `val_per_class` is "all" and no image is
            bound to a split; or of its training images, where only train and test are given.
        none: The name of a class of those images that the file lists and has no annotation of, such as "background";
            empty means that they are no candidates.
        merge: By the name of a class the categories that become it; `classes` then names the class.
        images: Path of the folder or zip archive that holds the photos; "url" downloads them from the URLs that the
            instances file has for them; the URL of a folder (http or https) downloads them from there.
        check_sizes: Whether a photo is refused that has neither the size that the instances file states nor its aspect
            ratio; if not, boxes are taken as fractions of whatever photo is there.
        view: "photo" uses whole photos; "crop" annotated objects, each cropped from its photo.
        margin: Of a crop: fraction of the box's sides added at each end.
        min_side: Of a crop: objects whose box has a side of fewer pixels are no candidates.
        size: Height and width of a stored image, in pixels.
        resize: "stretch" ignores the aspect ratio; "letterbox" keeps it, with grey bars;
            "center-crop" takes the largest square in its middle.
        filter: "area" averages over the source pixels (antialiased); "linear" is `cv2.resize`'s default.
        quality: JPEG quality of the copies in `images/`, 1 to 100; the arrays are not compressed.
        workers: Processes of this machine that decode photos; 0 means one per processor, or with the executor "ray" the
            nodes of the cluster.
        cache: Folder that keeps downloaded photos; empty means `bakeoff` in the user's cache folder.
        connections: Downloads at once.
        rate_limit: Requests per second at most; 0 means no limit.
        timeout: Seconds to wait for a server's connection, and for the next bytes of a response.
        allow_private: Whether photos may be downloaded from addresses that are not public, such as a mirror in the
            local network.
    """

    folder: str = ""
    nested: bool = False
    follow_links: bool = False
    annotations: str = ""
    box_format: BoxFormat = "auto"
    val_annotations: str = ""
    val_images: str = ""
    test_annotations: str = ""
    test_images: str = ""
    split_list: str = ""
    group_by: str = ""
    classes: tuple[Name, ...] | Literal["all"] = ()  # type: ignore[assignment]  # "all" becomes names in open_index
    min_per_class: Positive = 1
    test_per_class: Quota = ALL
    val_fraction: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    none: str = ""
    merge: dict[Name, tuple[Name, ...]] = field(default_factory=dict)
    images: str = ""
    check_sizes: bool = True
    view: Literal["photo", "crop"] = "photo"
    margin: Annotated[float, Meta(ge=0.0, le=4.0)] = 0.1
    min_side: Count = 32
    size: Side = 64
    resize: Resize = "stretch"
    filter: Literal["area", "linear"] = "area"
    quality: Annotated[int, Meta(ge=1, le=100)] = 95
    workers: Count = 0
    cache: str = ""
    connections: Annotated[int, Meta(ge=1, le=256)] = 16
    rate_limit: NotNegative = 0.0
    timeout: Rate = 20.0
    allow_private: bool = False

    @property
    def selection(self) -> SelectionConfig:
        """The values that decide which images are chosen."""
        own = {name: getattr(self, name) for name in SelectionConfig.__struct_fields__}
        named: tuple[Name, ...] = () if self.classes == ALL else self.classes
        none = (self.none,) if self.none and named and self.none not in named else ()
        return SelectionConfig(**own | {"classes": (*named, *none)})
