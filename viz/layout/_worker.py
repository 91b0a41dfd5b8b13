"""The layout worker: a program that reads DOT from its standard input and writes pictures to its standard output.

It is run by its path, so it needs nothing but Graphviz. A message is a frame: its length in eight bytes, then as many
bytes. First comes a greeting, JSON, from the parent (``{"path": sys.path}``) and from the worker (``{"error": ""}``).
Each request is two frames, JSON (``{"format": "svg", "program": "dot", "seconds": 3, "graph": {...}, "nodes": {...}}``,
the last two being attributes) and DOT; each answer is two as well, JSON (``{"error": "", "stderr": ""}``) and the
picture. The worker ends when its input does.

Its standard error is a file that it empties before each request and reads afterwards: Graphviz reports there only.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from typing import Any

LENGTH = struct.Struct(">Q")


def main() -> None:
    answers, requests = os.dup(1), os.dup(0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what a library prints must not get between the frames
    theirs = json.loads(read_frame(requests))["path"]
    try:
        find_pygraphviz(theirs)
        from pygraphviz import AGraph  # type: ignore[import-untyped,unused-ignore]
    except (Exception, SystemExit) as error:  # a missing package, or a broken one: the parent tries another way
        write_frames(answers, {"error": f"{type(error).__name__}: {error}"}, b"")
        return
    write_frames(answers, {"error": ""}, b"")
    while True:
        request, dot = json.loads(read_frame(requests)), read_frame(requests)
        write_frames(answers, *answer(AGraph, request, dot))


def find_pygraphviz(theirs: list[str]) -> None:
    """Set the search path: ours, then the parent's, and no folder where a pygraphviz.py is in the way of the package.

    The parent's first folder is that of the user's script: its modules are not to be taken for those of Python, and
    if the script itself is called pygraphviz.py, to import it would run it again, in a worker for each worker.
    """
    sys.path += [folder for folder in theirs if folder not in sys.path]
    sys.path[:] = [folder for folder in sys.path if not os.path.isfile(os.path.join(folder, "pygraphviz.py"))]


def answer(agraph: Any, request: dict[str, Any], dot: bytes) -> tuple[dict[str, str], bytes]:
    """Lay out one graph, and say what went wrong."""
    os.lseek(2, 0, os.SEEK_SET)
    os.ftruncate(2, 0)
    last_resort(request["seconds"] + 1)
    error, picture = "", b""
    try:
        graph = agraph(string=dot.decode())
        graph.graph_attr.update(request["graph"])
        graph.node_attr.update(request["nodes"])
        picture = graph.draw(format=request["format"], prog=request["program"])
    except Exception as problem:  # whatever it is, the parent is to know, and the next request is to be served
        error = f"{type(problem).__name__}: {problem}"
    last_resort(0)
    length = os.fstat(2).st_size
    os.lseek(2, 0, os.SEEK_SET)
    return {"error": error, "stderr": os.read(2, length).decode(errors="replace")}, picture


def last_resort(seconds: float) -> None:
    """End this process after a time even if the parent, who would do it, is gone: no handler, so it works within C."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def read_frame(fd: int) -> bytes:
    (length,) = LENGTH.unpack(read_exactly(fd, LENGTH.size))
    return read_exactly(fd, length)


def read_exactly(fd: int, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = os.read(fd, min(length - len(parts), 1 << 20))
        if not part:
            os._exit(0)  # the parent closed the pipe, or is gone
        parts += part
    return bytes(parts)


def write_frames(fd: int, header: dict[str, str], body: bytes) -> None:
    head = json.dumps(header).encode()
    data = memoryview(LENGTH.pack(len(head)) + head + LENGTH.pack(len(body)) + body)
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    main()
