"""Other tools that write annotation files, each in a virtual environment of its own, where it installs.

    /path/to/venv/bin/python benchmarks/exporting.py TOOL OUT INSTANCES.json PHOTOS [INSTANCES.json PHOTOS]

Run by `benchmarks/exporters.py`, with the interpreter of such an environment: it must not import bakeoff. What a tool
can't write of the first data set it writes of the second. Prints a JSON object: the tool's version, and by format the
annotations and photos that were written, whether the tool drew splits, which data set they are of, and why of no other.
"""

import importlib
import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Writes all formats of the tool that the command line names."""
    tool, out, *data_sets = sys.argv[1], *map(Path, sys.argv[2:])
    module, formats = TOOLS[tool]
    importlib.import_module(module)
    written = {name: write(export, out / name.replace(" ", "-"), data_sets) for name, export in formats.items()}
    print("\n" + json.dumps({"version": version(tool), "written": written}))


def write(export, out, data_sets):
    """What a format's function wrote of the first data set that it can."""
    refused = []
    for number, (instances, photos) in enumerate(zip(data_sets[::2], data_sets[1::2], strict=True)):
        folder = out / str(number)
        folder.mkdir(parents=True)
        try:
            annotations, images, *split = export(instances, photos, folder)
            places = {"annotations": str(annotations), "images": str(images), "split": bool(split)}
            return {"data": number, **places, "refused": refused}
        except Exception as error:  # what a tool can't write is a result
            refused.append(f"{type(error).__name__}: {error}")
    return {"data": None, "refused": refused}


def _yaml(folder, images, names):
    """The `data.yaml` that a user writes where a tool writes YOLO's labels alone."""
    (folder / "data.yaml").write_text(f"train: {images}\nnames: {json.dumps(names)}\n")
    return folder / "data.yaml"


def _names(instances):
    return [category["name"] for category in json.loads(instances.read_text())["categories"]]


def _supervision(instances, photos):
    from supervision import DetectionDataset

    return DetectionDataset.from_coco(str(photos), str(instances))


def _supervision_coco(instances, photos, out):
    _supervision(instances, photos).as_coco(str(out / "images"), str(out / "instances.json"))
    return out / "instances.json", out / "images"


def _supervision_yolo(instances, photos, out):
    places = [str(out / name) for name in ("images", "labels", "data.yaml")]
    _supervision(instances, photos).as_yolo(*places)
    text = (out / "data.yaml").read_text()
    (out / "data.yaml").write_text(f"train: images\n{text}")  # supervision leaves out where the images are
    return out / "data.yaml", ""


def _supervision_voc(instances, photos, out):
    _supervision(instances, photos).as_pascal_voc(str(out / "images"), str(out / "labels"))
    return out / "labels", out / "images"


def _globox(instances):
    from globox import AnnotationSet

    return AnnotationSet.from_coco(instances)


def _globox_coco(instances, photos, out):
    _globox(instances).save_coco(out / "instances.json")
    return out / "instances.json", photos


def _globox_yolo(instances, photos, out):
    shutil.copytree(photos, out / "images")
    names = _names(instances)
    _globox(instances).save_yolo_v5(out / "labels", label_to_id={name: at for at, name in enumerate(names)})
    return _yaml(out, "images", names), ""


def _globox_voc(instances, photos, out):
    _globox(instances).save_pascal_voc(out)
    return out, photos


def _globox_open_images(instances, photos, out):
    _globox(instances).save_openimage(out / "boxes.csv")
    return out / "boxes.csv", photos


def _pylabel(instances, photos):
    from pylabel import importer

    return importer.ImportCoco(str(instances), path_to_images=os.path.relpath(photos, instances.parent))


def _pylabel_coco(instances, photos, out):
    _pylabel(instances, photos).export.ExportToCoco(str(out / "instances.json"))
    return out / "instances.json", photos


def _pylabel_yolo(instances, photos, out):
    _pylabel(instances, photos).export.ExportToYoloV5(
        str(out / "labels"), "data.yaml", copy_images=True, cat_id_index=0
    )
    return out / "data.yaml", ""


def _pylabel_voc(instances, photos, out):
    _pylabel(instances, photos).export.ExportToVoc(str(out))
    return out, photos


def _sahi(instances, photos):
    from sahi.utils.coco import Coco

    return Coco.from_coco_dict_or_path(str(instances), image_dir=str(photos))


def _sahi_coco(instances, photos, out):
    from sahi.utils.file import save_json

    save_json(_sahi(instances, photos).json, str(out / "instances.json"))
    return out / "instances.json", photos


def _sahi_yolo(instances, photos, out):
    coco = _sahi(instances, photos)
    coco.update_categories({name: at for at, name in enumerate(_names(instances))})  # else the labels are COCO's ids
    coco.export_as_yolo(str(out), train_split_rate=1.0, disable_symlink=True)
    return out / "data.yml", ""


def _labelme_coco(instances, photos, out):
    """From labelme's own files beside copies of the photos."""
    import labelme2coco

    shutil.copytree(photos, out / "photos")
    for image, shapes in _shapes(instances):
        entry = {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": Path(image["file_name"]).name,
            "imageData": None,
            "imageHeight": image["height"],
            "imageWidth": image["width"],
        }
        (out / "photos" / image["file_name"]).with_suffix(".json").write_text(json.dumps(entry))
    labelme2coco.convert(str(out / "photos"), str(out))
    return out / "dataset.json", out / "photos"


def _shapes(instances):
    """Each image with its annotations as labelme's shapes."""
    document = json.loads(instances.read_text())
    names = {category["id"]: category["name"] for category in document["categories"]}
    for image in document["images"]:
        shapes = []
        for one in document["annotations"]:
            if one["image_id"] != image["id"]:
                continue
            x, y, width, height = one["bbox"]
            kind, points = "rectangle", [[x, y], [x + width, y + height]]
            if one["segmentation"] and not one["iscrowd"]:
                flat = one["segmentation"][0]
                kind, points = "polygon", [list(point) for point in zip(flat[::2], flat[1::2], strict=True)]
            shapes.append(
                {
                    "label": names[one["category_id"]],
                    "points": points,
                    "group_id": None,
                    "shape_type": kind,
                    "flags": {},
                }
            )
        yield image, shapes


LABEL_CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">{labels}</RectangleLabels>'
    '<PolygonLabels name="polygon" toName="image">{labels}</PolygonLabels></View>'
)


def _label_studio(instances, photos, out, address):
    """A converter, and the tasks that Label Studio exports as JSON; `address` is the photos' in Label Studio."""
    from label_studio_converter import Converter

    tasks = []
    for number, (image, shapes) in enumerate(_shapes(instances), 1):
        wide, high = image["width"] / 100, image["height"] / 100
        results = []
        for shape in shapes:
            points = [[x / wide, y / high] for x, y in shape["points"]]
            (x, y), (right, bottom) = points[:2]
            box = {"x": x, "y": y, "width": right - x, "height": bottom - y, "rotation": 0}
            is_box = shape["shape_type"] == "rectangle"
            kind = "rectanglelabels" if is_box else "polygonlabels"
            results.append(
                {
                    "from_name": "box" if is_box else "polygon",
                    "to_name": "image",
                    "type": kind,
                    "original_width": image["width"],
                    "original_height": image["height"],
                    "image_rotation": 0,
                    "value": {**(box if is_box else {"points": points}), kind: [shape["label"]]},
                }
            )
        annotations = [{"id": number, "was_cancelled": False, "completed_by": 1, "result": results}] if results else []
        tasks.append({"id": number, "data": {"image": f"{address}{image['file_name']}"}, "annotations": annotations})
    (out / "tasks.json").write_text(json.dumps(tasks))
    labels = "".join(f'<Label value="{name}"/>' for name in _names(instances))
    return Converter(
        LABEL_CONFIG.format(labels=labels), str(out), upload_dir=str(photos), download_resources=True
    ), out / "tasks.json"


def _label_studio_local_files(instances, photos, out):
    """Photos from a local storage, which Label Studio serves as `/data/local-files/?d=…`."""
    import label_studio_converter.utils

    label_studio_converter.utils.LOCAL_FILES_DOCUMENT_ROOT = str(photos)
    return _label_studio_coco(instances, photos, out, "/data/local-files/?d=")


def _label_studio_uploads(instances, photos, out):
    """Photos that were uploaded."""
    return _label_studio_coco(instances, photos, out, "/data/upload/")


def _label_studio_coco(instances, photos, out, address):
    converter, tasks = _label_studio(instances, photos, out, address)
    converter.convert_to_coco(str(tasks), str(out), output_image_dir=str(out / "images"), is_dir=False)
    return out / "result.json", out / "images"


def _label_studio_yolo(instances, photos, out):
    converter, tasks = _label_studio(instances, photos, out, "/data/upload/")
    converter.convert_to_yolo(str(tasks), str(out), is_dir=False)
    return _yaml(out, "images", (out / "classes.txt").read_text().split()), ""


def _label_studio_voc(instances, photos, out):
    converter, tasks = _label_studio(instances, photos, out, "/data/upload/")
    converter.convert_to_voc(str(tasks), str(out), is_dir=False)
    return out / "Annotations", out / "images"


def _datumaro(instances, photos, out, name, split=False):
    """Exports by a format's name, in two splits if asked; datumaro wants COCO's folders."""
    from datumaro import Dataset

    source = out.parent / f"{out.name}-source"
    shutil.copytree(photos, source / "images" / "train")
    (source / "annotations").mkdir()
    shutil.copy(instances, source / "annotations" / "instances_train.json")
    dataset = Dataset.import_from(str(source), "coco_instances")
    if split:
        dataset.transform("random_split", splits=[("train", 0.5), ("val", 0.5)], seed=0)
    dataset.export(str(out), name, save_media=True)


def _datumaro_coco(instances, photos, out):
    _datumaro(instances, photos, out, "coco_instances")
    return out / "annotations" / "instances_train.json", out / "images" / "train"


def _datumaro_yolo(instances, photos, out):
    _datumaro(instances, photos, out, "yolo_ultralytics", split=True)
    return out / "data.yaml", "", "train and val"


def _datumaro_voc(instances, photos, out):
    _datumaro(instances, photos, out, "voc_detection")
    return out / "Annotations", out / "JPEGImages"


def _datumaro_open_images(instances, photos, out):
    _datumaro(instances, photos, out, "open_images")
    return out / "annotations" / "train-annotations-bbox.csv", out / "images" / "train"


def _fiftyone(instances, photos, exporter):
    """Gives the samples to one of FiftyOne's exporters, which need no database."""
    import fiftyone

    with exporter:
        for image, shapes in _shapes(instances):
            wide, high = image["width"], image["height"]
            detections = []
            for shape in shapes:
                xs, ys = zip(*shape["points"], strict=True)
                box = [min(xs) / wide, min(ys) / high, (max(xs) - min(xs)) / wide, (max(ys) - min(ys)) / high]
                detections.append(fiftyone.Detection(label=shape["label"], bounding_box=box))
            path = str(photos / image["file_name"])
            metadata = fiftyone.ImageMetadata.build_for(path)
            exporter.export_sample(path, fiftyone.Detections(detections=detections), metadata=metadata)


def _fiftyone_coco(instances, photos, out):
    from fiftyone.utils.coco import COCODetectionDatasetExporter

    _fiftyone(instances, photos, COCODetectionDatasetExporter(export_dir=str(out), export_media=True))
    return out / "labels.json", out / "data"


def _fiftyone_yolo(instances, photos, out):
    from fiftyone.utils.yolo import YOLOv5DatasetExporter

    _fiftyone(instances, photos, YOLOv5DatasetExporter(export_dir=str(out), split="train", export_media=True))
    return out / "dataset.yaml", ""


def _fiftyone_voc(instances, photos, out):
    from fiftyone.utils.voc import VOCDetectionDatasetExporter

    _fiftyone(instances, photos, VOCDetectionDatasetExporter(export_dir=str(out), export_media=True))
    return out / "labels", out / "data"


TOOLS = {
    "datumaro": (
        "datumaro",
        {
            "COCO": _datumaro_coco,
            "YOLO": _datumaro_yolo,
            "Pascal VOC": _datumaro_voc,
            "Open Images": _datumaro_open_images,
        },
    ),
    "supervision": (
        "supervision",
        {"COCO": _supervision_coco, "YOLO": _supervision_yolo, "Pascal VOC": _supervision_voc},
    ),
    "globox": (
        "globox",
        {"COCO": _globox_coco, "YOLO": _globox_yolo, "Pascal VOC": _globox_voc, "Open Images": _globox_open_images},
    ),
    "pylabel": ("pylabel", {"COCO": _pylabel_coco, "YOLO": _pylabel_yolo, "Pascal VOC": _pylabel_voc}),
    "sahi": ("sahi", {"COCO": _sahi_coco, "YOLO": _sahi_yolo}),
    "labelme2coco": ("labelme2coco", {"COCO": _labelme_coco}),
    "label-studio-converter": (
        "label_studio_converter",
        {
            "COCO, local files": _label_studio_local_files,
            "COCO, uploads": _label_studio_uploads,
            "YOLO": _label_studio_yolo,
            "Pascal VOC": _label_studio_voc,
        },
    ),
    "fiftyone": ("fiftyone", {"COCO": _fiftyone_coco, "YOLO": _fiftyone_yolo, "Pascal VOC": _fiftyone_voc}),
}
"""By tool the module to import and by format the function that writes it."""


if __name__ == "__main__":
    main()
