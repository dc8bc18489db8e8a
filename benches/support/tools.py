"""What `against` and `instructions` share: the generator, T1's command, and how a process is timed."""

import functools
import os
import pathlib
import subprocess
import sys
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]
T1 = ROOT / "benches/support/t1.yaml"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")


def generator():
    """The generator's binary. It uses nothing of slix, so rustc alone makes it, in seconds."""
    binary, source = TARGET / "loggen", ROOT / "examples/loggen.rs"
    sources = [source, *(ROOT / "tests/support").rglob("*.rs")]
    if not binary.exists() or any(s.stat().st_mtime > binary.stat().st_mtime for s in sources):
        TARGET.mkdir(parents=True, exist_ok=True)
        rustc = os.environ.get("RUSTC", "rustc")
        subprocess.run([rustc, "--edition", "2024", "-O", "-o", binary, source], check=True)
    return binary


@functools.cache
def format_of(name):
    """What `slix --format` needs to read what the generator writes under this name."""
    return subprocess.run([generator(), "--format", name, "--print-format"], capture_output=True, text=True, check=True).stdout.rstrip("\n")


def slix_binary(named):
    """The release binary: the one named, or cargo's."""
    if named:
        return pathlib.Path(named).resolve()
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "slix"], cwd=ROOT, check=True)
    return TARGET / "release/slix"


def t1(slix, log, format, *more):
    """The command that answers T1."""
    return [slix, "windows", "--quiet", "--quiet", "-c", T1, "--format", format, "--output-format", "ndjson", *more, log]


class Used(typing.NamedTuple):
    """What a process used: processor seconds by wait4, wall seconds by the monotonic clock."""

    cpu: float
    wall: float


def timed(command, out, feeder=None):
    """Runs a command with its output to the file `out`. Its input is what `feeder` writes, whose own seconds do not count."""
    words = [str(word) for word in command]
    begin = time.monotonic()
    feeding = subprocess.Popen([str(word) for word in feeder], stdout=subprocess.PIPE) if feeder else None
    with open(out, "wb") as stdout:
        process = subprocess.Popen(words, stdin=feeding.stdout if feeding else subprocess.DEVNULL, stdout=stdout)
        if feeding:
            feeding.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or (feeding and feeding.wait() != 0):
        fail(f"{words[0]} ended with {process.returncode}")
    return Used(used.ru_utime + used.ru_stime, wall)


# A process begins with the peak of the one that started it: this one is small.
PEAK = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=open(sys.argv[1], "wb"))
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(used.ru_maxrss)
sys.exit(process.returncode)
"""


def peak_bytes(command, out):
    """The most memory that a command had at one time; never less than an empty Python has, some 9 MiB."""
    words = [sys.executable, "-I", "-S", "-c", PEAK, out, *command]
    run = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        fail(f"{command[0]} ended with {run.returncode}")
    return int(run.stdout) * 1024
