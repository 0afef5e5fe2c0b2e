#!/usr/bin/env python3
"""Packs recordings of live clusters into one CLUSTER.tar.gz each.

    pack.py RECORDINGS [OUTPUT]

RECORDINGS holds CLUSTER/NN-name/{policies.yaml,probes.json,meta.json} and
CLUSTER/cluster-*.yaml. YAML becomes JSON, whose strings need no quotes to stay
strings (the recordings have y and n, which YAML 1.1 also reads as booleans); of
the probes and of meta.json only what a replay compares is kept. The same
recordings give the same bytes.
"""
import gzip
import io
import json
import pathlib
import re
import sys
import tarfile

import yaml

COMPARED = ("from", "to", "ip", "port", "protocol", "via", "listening", "flaky",
            "outcomes", "reachedBackends", "sourceSeen", "dropReasons")


def documents(path):
    """The objects of a YAML file as one JSON list object."""
    with open(path) as f:
        items = [d for d in yaml.safe_load_all(f) if d]
    return encode({"apiVersion": "v1", "kind": "List", "items": items})


def probes(path):
    """A list of probes, one a line."""
    with open(path) as f:
        recorded = json.load(f)
    for p in recorded:
        if p.get("drops"):
            p["dropReasons"] = sorted({d["reason"] for d in p["drops"]})
    kept = [{k: p[k] for k in COMPARED if k in p} for p in recorded]
    return b"[\n" + b",\n".join(encode(p).strip() for p in kept) + b"\n]\n"


def meta(path):
    """Which cluster a scenario ran on, what was refused by whom, and the names
    that the clients had looked up, with the answers."""
    recorded = json.loads(path.read_text())
    refused = [{"name": r["object"].split("/")[-1], "by": r["by"]} for r in recorded["rejectedPolicies"]]
    return encode({"cluster": recorded["cluster"].replace(".yaml", ".json"), "refused": refused,
                   "dns": lookups(recorded.get("note", ""))})


def lookups(note):
    """A note says "DNS lookups done before the probes, by both clients: NAMES.
    NAME=IP ..."; NAMES may be "none"."""
    found = re.match(r"DNS lookups done before the probes, by both clients: (.*?)\. (.*)", note)
    if not found:
        return {}
    answers = dict(pair.split("=") for pair in found[2].split())
    return {name: answers[name] for name in found[1].split() if name != "none"}


def encode(value):
    return (json.dumps(value, separators=(",", ":")) + "\n").encode()


def files(cluster):
    """The archive's members, sorted: (name, content)."""
    for path in sorted(cluster.glob("cluster-*.yaml")):
        yield path.stem + ".json", documents(path)
    for scenario in sorted(p for p in cluster.iterdir() if p.is_dir()):
        yield f"{scenario.name}/meta.json", meta(scenario / "meta.json")
        yield f"{scenario.name}/probes.json", probes(scenario / "probes.json")
        if (scenario / "policies.yaml").exists():
            yield f"{scenario.name}/policies.json", documents(scenario / "policies.yaml")


def pack(cluster, output):
    with open(output / f"{cluster.name}.tar.gz", "wb") as raw, \
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=9) as gz, \
            tarfile.open(fileobj=gz, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files(cluster):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    recordings = pathlib.Path(sys.argv[1])
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent
    for cluster in sorted(p for p in recordings.iterdir() if p.is_dir()):
        pack(cluster, output)


if __name__ == "__main__":
    main()
