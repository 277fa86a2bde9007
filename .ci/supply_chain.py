"""What bakeoff is installed with: the licences of all locked packages and torch, and a bill of materials.

With `licences` it writes docs/licences.md and fails at a licence that Apache-2.0 does not go with; `sbom` prints a
CycloneDX 1.5 document of requirements.lock, with its hashes, and of torch, which has none as its builds differ.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKED = re.compile(r"^([\w.-]+)==([^ ;\\]+)((?:[^\n]*\\\n\s+--hash=sha256:\w+)*)", re.M)
FITS = re.compile(r"apache|bsd|\bmit\b|isc|psf|python software|mozilla|mpl|zlib|cc0", re.I)
COPYLEFT = re.compile(r"\bA?GPL|GNU (?!lesser)", re.I)
NOT_SHIPPED = {"codespell": "checks spelling here; no part of bakeoff, and not imported"}
"""What has another licence, and why it may be in the lock: nobody gets it who installs bakeoff."""
UNSTATED = {
    "appnope": "BSD-2-Clause",
    "axe-playwright-python": "MIT",
    "cffi": "MIT",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "pycparser": "BSD-3-Clause",
}
"""Licences that stand in the project's repository and not in the package, or of packages for other systems."""


def packages() -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 of the files of torch and each locked package, once per version."""
    yield "torch", re.search(r"^TORCH \?= (.+)$", (ROOT / "Makefile").read_text(), re.M)[1], []
    seen = set()
    for name, version, hashes in LOCKED.findall((ROOT / "requirements.lock").read_text()):
        if (name, version) not in seen:
            seen.add((name, version))
            yield name, version, re.findall(r"sha256:(\w+)", hashes)


def licence(name: str) -> str:
    """As the package states it, else as its classifiers do; empty where neither does."""
    if name in UNSTATED:
        return UNSTATED[name]
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return ""
    kinds = [kind.rpartition(" :: ")[2] for kind in stated.get_all("Classifier", []) if kind.startswith("License ::")]
    first = str(stated.get("License", "")).strip().partition("\n")[0]
    return str(stated.get("License-Expression") or ", ".join(sorted(kinds)) or first)


def wrong(name: str) -> bool:
    """Whether a package's licence is unknown, or one that Apache-2.0 does not go with."""
    return name not in NOT_SHIPPED and (not FITS.search(licence(name)) or bool(COPYLEFT.search(licence(name))))


def write_licences() -> None:
    """The page, and exit code 1 where a licence does not fit."""
    rows = {name: licence(name) for name, _, _ in packages()}
    (ROOT / "docs" / "licences.md").write_text(
        "# Licences\n\nOf torch and every package in `requirements.lock`, as it states them; written by "
        "`.ci/supply_chain.py`, and checked by `make check`.\n\n| package | licence |\n|---|---|\n"
        + "".join(f"| {name} | {text} |\n" for name, text in sorted(rows.items()))
        + "\nOther licences than Apache-2.0 goes with:\n\n"
        + "".join(f"- {name}: {why}\n" for name, why in NOT_SHIPPED.items())
    )
    if found := [f"{name} ({rows[name] or 'unknown'})" for name in rows if wrong(name)]:
        sys.exit(f"no licence that Apache-2.0 is known to go with: {', '.join(found)}")


def sbom() -> dict[str, object]:
    """The bill of materials."""
    components = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "licenses": [{"license": {"name": licence(name)}}] if licence(name) else [],
            "hashes": [{"alg": "SHA-256", "content": content} for content in hashes],
        }
        for name, version, hashes in packages()
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = {"type": "application", "name": project["name"], "version": project["version"]}
    whole = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}
    return {**whole, "metadata": {"component": own}, "components": components}


if __name__ == "__main__":
    if sys.argv[1:] == ["licences"]:
        write_licences()
    elif sys.argv[1:] == ["sbom"]:
        print(json.dumps(sbom(), indent=1))  # noqa: T201
    else:
        sys.exit(__doc__)
