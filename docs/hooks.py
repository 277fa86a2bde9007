"""What the site has beside the Markdown of this folder.

Pages and scripts elsewhere in the repository that a page links to; the reference of the command line and of the Python
API, made from the code; and the gallery, with its reports where `make docs` has made them.
"""

import posixpath
import re
import tomllib
from pathlib import Path

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.cli import get_docs_for_click
from typer.main import get_command

import bakeoff
from bakeoff.cli.main import app

ROOT = Path(__file__).parents[1]
OUTSIDE = ("[A-Z]*.md", "LICENSE", "Makefile", "benchmarks/*.py", "benchmarks/results/*.md", "examples/**/*")
GALLERY = ROOT / ".gallery"
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")
EXAMPLE = re.compile(r"^Example: \[bold\](.*)\[/bold\]$", re.M)
EXIT_CODES = """
## Exit codes

| code | what |
|---|---|
| 0 | done |
| 1 | done, and something is wrong: no network ran (`run`, `demo`), a photo can't be read (`predict`), a photo leaks \
(`audit`), a file is not as it was written (`verify`) |
| 2 | not done, for a reason that you can change: one message on stderr says what and where; a wrong option, too |
| 130 | stopped by Ctrl+C; the same command goes on where it was |

## Options of all commands

`bakeoff --version` prints the version. `bakeoff --no-verify COMMAND` does not check that stored files are as they were
written. `bakeoff --install-completion` makes the shell complete commands and options with the tab key (bash, zsh, fish,
PowerShell); `--show-completion` prints what it would install.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is not in this folder."""
    found = {path for pattern in OUTSIDE for path in ROOT.glob(pattern) if path.is_file()}
    for path in sorted(found - {ROOT / "README.md"}):
        name = path.relative_to(ROOT).as_posix()
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    for name, text in (("cli", command_line()), ("python", python_api()), ("gallery", gallery())):
        files.append(File.generated(config, f"{name}.md", content=text))
    for path in GALLERY.glob("*/report/index.html"):
        files.append(File.generated(config, f"gallery/{path.parts[-3]}.html", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turns links between files of the repository into links between pages of the site."""
    if page.file.abs_src_path is None or page.file.generated_by:
        return markdown
    folder = Path(page.file.abs_src_path).parent.relative_to(ROOT).as_posix()
    here = posixpath.dirname(page.file.src_uri) or "."

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        target = "index.md" if target == "README.md" else target.removeprefix("docs/")
        return f"]({posixpath.relpath(target, here)}"

    return LINK.sub(moved, markdown)


def command_line() -> str:
    """The help of every command, by typer, and the exit codes."""
    group = get_command(app)
    context = typer.Context(group)
    shown = {name: own for name, own in group.commands.items() if not own.hidden}
    rows = "".join(f"| [`{name}`](#bakeoff-{name}) | {own.help} |\n" for name, own in shown.items())
    helps = (get_docs_for_click(obj=own, ctx=context, indent=1, call_prefix="bakeoff") for own in shown.values())
    text = "".join(EXAMPLE.sub(r"**Example**:\n\n```sh\n\1\n```", page) for page in helps)
    return f"# The command line\n\n| command | what |\n|---|---|\n{rows}{EXIT_CODES}\n{text}"


def python_api() -> str:
    """Every public name of `bakeoff`, from its docstring."""
    classes = [name for name in bakeoff.__all__ if name[0].isupper()]
    functions = [name for name in bakeoff.__all__ if name[0].islower()]
    listed = ["# The Python API, every name", "## Functions", *functions, "## Records and settings", *classes]
    return "\n\n".join(line if line[0] == "#" else f"::: bakeoff.{line}" for line in listed)


def gallery() -> str:
    """Each experiment of `docs/gallery/` with its report."""
    text = (
        "# Gallery\n\nReal reports, of networks trained on the scenes that `bakeoff demo` draws: nobody's photos, so "
        "that the whole of a report can be shown. `make docs` trains them and puts them here.\n\n"
        "![The head of the demo's report](images/report.png)\n\n"
        f"## The demo\n\nWhat `bakeoff demo` writes.\n\n{_report('demo')}\n\n"
    )
    for path in sorted((ROOT / "docs" / "gallery").glob("*.toml")):
        own, source = tomllib.loads(path.read_text()), path.read_text().strip()
        text += f"## {own['question']}\n\n{_report(path.stem)}\n\n```toml\n{source}\n```\n\n"
    return text


def _report(name: str) -> str:
    there = (GALLERY / name / "report" / "index.html").is_file()
    return f"[Open the report](gallery/{name}.html)" if there else "*Not built here: `make docs` builds the report.*"
