"""What `against` and `instructions` share: the generator, T1's command, and how a process is timed."""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
T1 = ROOT / "benches/support/t1.yaml"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()

COMBINED_UPSTREAM = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    '$request_time "$upstream_response_time" $host'
)
TABBED = "\t".join(
    "$time_iso8601 $remote_addr $host $request_method $request_uri $status $body_bytes_sent $request_time $http_user_agent".split()
)


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


def slix_binary(named):
    """The release binary: the one named, or cargo's."""
    if named:
        return pathlib.Path(named).resolve()
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "slix"], cwd=ROOT, check=True)
    return TARGET / "release/slix"


def t1(slix, log, format, *more):
    """The command that answers T1."""
    return [slix, "windows", "--quiet", "--quiet", "-c", T1, "--format", format, "--output-format", "ndjson", *more, log]


def timed(command, out):
    """Runs a command with its output to the file `out`: its processor and wall seconds, by wait4 and the monotonic clock."""
    begin = time.monotonic()
    with open(out, "wb") as stdout:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        fail(f"{command[0]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, wall
