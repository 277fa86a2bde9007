"""The documentation site: it is built, complete, loads nothing from elsewhere, and a dead link stops the build."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bakeoff
from bakeoff.cli.main import app
from bakeoff.config.loading import load_experiment

ROOT = Path(__file__).parents[1]
if "CI" not in os.environ:
    pytest.importorskip("mkdocs")
COPIED = ("*.md", "LICENSE", "Makefile", "mkdocs.yml", "docs", "benchmarks", "examples")


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_command_and_every_public_name_has_its_section(site: Path) -> None:
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if not command.hidden]
    text = (site / "cli.html").read_text()
    assert [name for name in commands if f'<h2 id="bakeoff-{name}">' not in text] == []
    text = (site / "python.html").read_text()
    names = [name for name in bakeoff.__all__ if name[0] != "_"]
    assert [name for name in names if f'id="bakeoff.{name}"' not in text] == []


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 40
    for page in pages:
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"' >]+)", page.read_text())
        loaded += re.findall(r"<link\b[^>]*\bhref=[\"']?([^\"' >]+)", page.read_text())
        assert [address for address in loaded if re.match(r"(\w+:)?//", address)] == [], page
    for style in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text()) == [], style


def test_dead_links_stop_the_build(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for path in (path for pattern in COPIED for path in ROOT.glob(pattern)):
        (shutil.copytree if path.is_dir() else shutil.copy)(path, root / path.name)
    (root / "src").symlink_to(ROOT / "src")
    dead = ("nothing.md", "statistics.md#nothing", "../benchmarks/nothing.py", "nothing.png")
    with (root / "docs" / "scope.md").open("a") as page:
        page.write("".join(f"\n[here]({link})\n" for link in dead))
    done = build(root, tmp_path / "site")
    assert done.returncode == 1
    said = re.findall(r"scope.md' contains a link '(.+?)'", done.stderr)
    assert sorted(said) == sorted(link.removeprefix("../") for link in dead)


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "gallery").glob("*.toml")), ids=lambda path: path.stem)
def test_the_gallerys_experiments_can_be_read(path: Path) -> None:
    assert load_experiment(str(path), []).name == path.stem
