"""Fetch the page's bundles from npm's registry, check them, and write them with vendor.json.

Called by scripts/vendor. Each tarball is held against the SHA-512 that the registry gives for it;
of each file that is kept vendor.json says the version, the licence and the SHA-256, which
tests/service/test_vendor.py holds.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

REGISTRY = "https://registry.npmjs.org"
VENDOR = Path(__file__).parents[1] / "src" / "smpengine" / "service" / "page" / "vendor"
RECORD = VENDOR / "vendor.json"
# of each package: what is kept, by its name here; the licence's text comes with it
KEPT = {
    "openseadragon": {
        "openseadragon.min.js": "build/openseadragon/openseadragon.min.js",
        "openseadragon.LICENSE.txt": "LICENSE.txt",
    },
    "preact": {"preact.mjs": "dist/preact.mjs", "preact.LICENSE.txt": "LICENSE"},
    "htm": {"htm.mjs": "dist/htm.mjs", "htm.LICENSE.txt": "LICENSE"},
}


def fetch(url: str) -> bytes:
    """Return what is at an address."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def tarball(name: str, version: str) -> tuple[dict[str, Any], bytes]:
    """Return what the registry says of a version, and its tarball, checked."""
    said = json.loads(fetch(f"{REGISTRY}/{name}/{version}"))
    body = fetch(said["dist"]["tarball"])
    kind, _, want = said["dist"]["integrity"].partition("-")
    got = base64.b64encode(hashlib.new(kind, body).digest()).decode()
    if got != want:
        raise SystemExit(f"{name}@{version}: {kind} must be {want}, got {got}. Nothing is written.")
    return said, body


def bundle(name: str, version: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return a package's entry of vendor.json, and its files."""
    said, body = tarball(name, version)
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        files = {}
        for kept, inside in KEPT[name].items():
            member = archive.extractfile(f"package/{inside}")
            if member is None:
                raise SystemExit(f"{name}@{said['version']}: {inside} must be a file in it.")
            files[kept] = member.read()
    entry = {
        "version": said["version"],
        "license": said["license"],
        "source": said["dist"]["tarball"],
        "integrity": said["dist"]["integrity"],
        "sha256": {kept: hashlib.sha256(text).hexdigest() for kept, text in files.items()},
    }
    return entry, files


def main() -> None:
    """Renew all bundles, those that are named at another version."""
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    versions = {name: record.get(name, {}).get("version", "latest") for name in KEPT}
    for wanted in sys.argv[1:]:
        name, _, version = wanted.rpartition("@")
        if name not in KEPT:
            raise SystemExit(f"{wanted}: must be NAME@VERSION with a name of {', '.join(KEPT)}.")
        versions[name] = version
    entries, files = {}, {}
    for name, version in versions.items():
        try:
            entries[name], kept = bundle(name, version)
        except urllib.error.URLError as error:
            raise SystemExit(f"{name}@{version}: {REGISTRY} does not give it: {error}.") from error
        files.update(kept)
        print(f"{name} {entries[name]['version']}: {', '.join(kept)}")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for kept_name, text in files.items():
        (VENDOR / kept_name).write_bytes(text)
    RECORD.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
