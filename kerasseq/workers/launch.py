"""Several workers on this machine: started together, and ended together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kerasseq.errors import KerasseqError
from kerasseq.threads import WITHIN_AN_OPERATION, num_cores
from kerasseq.workers.place import VARIABLE, config_for

MODULE = ("-m", "kerasseq")
HOST = "127.0.0.1"
GRACE_SECONDS = 20.0  # in which the others find out by themselves, and say how to go on
LOOK_SECONDS = 0.1
SHOWN_LINES = 20
SHELL_OFFSET = 128
GPUS = "CUDA_VISIBLE_DEVICES"


def command_of(
    verb: str, recipe: Any, overrides: Mapping[str, Any] | Sequence[str] | None, options: Mapping[str, Any]
) -> list[str]:
    """The words of a command line; of its options, those that are given."""
    given = overrides or ()
    if isinstance(given, Mapping):
        given = [f"{key}={json.dumps(value)}" for key, value in given.items()]
    words = [verb, str(recipe), *given]
    for name, value in options.items():
        if value not in (None, False):
            words += [name] if value is True else [name, str(value)]
    return words


def launch(arguments: Sequence[str], *, workers: int) -> int:
    """Runs a command of kerasseq in several processes, each of which is a worker of one cluster.

    What the first one prints is shown, and of another what it complained of, if it was the first to fail.
    Ctrl-C and SIGTERM are handed on. When one has failed, the others have a little time to end.

    Args:
        arguments: The command, such as `["run", "a.yaml"]`.
        workers: How many processes.
    Returns:
        0, or the exit code of the first that failed.
    Raises:
        KerasseqError: If there are GPUs, and fewer than workers.
    """
    addresses = [f"{HOST}:{port}" for port in _free_ports(workers)]
    environments = _environments(os.environ, addresses)
    command = [sys.executable, *MODULE, *arguments]
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.TemporaryFile()) for _ in addresses[1:]]
        processes: list[subprocess.Popen] = []
        with _handed_on(processes):
            for environment, log in zip(environments, [None, *logs], strict=True):
                process = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=log, start_new_session=True
                )
                processes.append(process)
            failed = _ended(processes)
        if failed is None:
            return 0
        code = processes[failed].returncode
        if failed and 0 < code < SHELL_OFFSET:  # else a signal ended all, which the first one says
            logs[failed - 1].seek(0)
            lines = logs[failed - 1].read().decode("utf-8", "replace").splitlines()[-SHOWN_LINES:]
            sys.stderr.write("".join(f"worker {failed}: {line}\n" for line in lines))
        if code < 0:
            name = signal.Signals(-code).name
            sys.stderr.write(f"Worker {failed} was ended by {name}; the same command goes on.\n")
        return SHELL_OFFSET - code if code < 0 else code


def _ended(processes: Sequence[subprocess.Popen]) -> int | None:
    """Waits for all to end; the number of the first that failed."""
    failed, until = None, None
    while None in (codes := [process.poll() for process in processes]):
        if failed is None and any(codes):
            failed = next(number for number, code in enumerate(codes) if code)
            until = time.monotonic() + GRACE_SECONDS
        if until is not None and time.monotonic() > until:
            for process in processes:
                if process.poll() is None:
                    process.kill()
        time.sleep(LOOK_SECONDS)
    return failed if failed is not None else next((n for n, code in enumerate(codes) if code), None)


@contextmanager
def _handed_on(processes: list[subprocess.Popen]) -> Iterator[None]:
    """Sends the workers, who are no part of the terminal's group, what this process is sent."""

    def hand_on(number: int, frame: Any) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for process in processes:
            if process.poll() is None:  # only where starting them failed
                process.kill()


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def _environments(given: Mapping[str, str], addresses: list[str]) -> list[dict[str, str]]:
    """A worker's own address, and its GPU or its part of the cores."""
    number, gpus = len(addresses), _gpus(given)
    if gpus and len(gpus) < number:
        raise KerasseqError(
            f"There are {number} workers and {len(gpus)} GPUs.\n"
            f"  fix: start as many workers as GPUs, or hide these: {GPUS}=-1"
        )
    found = []
    for index in range(number):
        own = {VARIABLE: config_for(addresses, index)}
        if gpus:
            own[GPUS] = gpus[index]
        else:
            own[WITHIN_AN_OPERATION] = given.get(WITHIN_AN_OPERATION) or str(max(1, num_cores() // number))
        found.append({**given, **own})
    return found


def _gpus(given: Mapping[str, str]) -> list[str]:
    """The names of the GPUs that may be used."""
    if GPUS in given:
        names = [name.strip() for name in given[GPUS].split(",")]
        return [] if names[0] in ("", "-1") else names
    return [path.name.removeprefix("nvidia") for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]
