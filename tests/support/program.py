"""Runs the executable as its users do, under mpirun or alone, always with a timeout: a hang is a failure."""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("CAUCHY_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
EXECUTABLE = os.environ.get("CAUCHY_EXECUTABLE", str(SOURCE / "build" / "release" / "cauchy"))
MPIEXEC = os.environ.get("CAUCHY_MPIEXEC", "mpirun")

# What CTest sets too; here for those who start a script by hand.
MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    # Looking for network cards would take half the time of a launch.
    "OMPI_MCA_pml": "ob1",
    "OMP_NUM_THREADS": "1",
    # mpirun would sleep for two seconds after ranks that end with an exit code other than 0.
    "OMPI_MCA_odls_base_sigkill_timeout": "0",
}


@dataclasses.dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


def command(arguments, ranks):
    """`ranks` None: without mpirun, so that signals and terminals reach the program itself."""
    launcher = [] if ranks is None else [MPIEXEC, "-n", str(ranks)]
    return launcher + [EXECUTABLE] + [str(argument) for argument in arguments]


def clean_environment(additions):
    environment = {name: value for name, value in os.environ.items()
                   if not re.match(r"CAUCHY_\w*__", name, re.IGNORECASE)}
    result = {**MPI_ENVIRONMENT, **environment, **(additions or {})}
    # A sanitizer wants to be the first library, and Open MPI keeps memory to the end.
    options = [result.get("ASAN_OPTIONS"), "verify_asan_link_order=0", "detect_leaks=0"]
    return {**result, "ASAN_OPTIONS": ":".join(filter(None, options))}


def start_command(words, environment=None, cwd=None, user=None):
    return subprocess.Popen(words, env=clean_environment(environment), cwd=cwd, user=user,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def start(arguments, ranks=None, environment=None, cwd=None, user=None):
    return start_command(command(arguments, ranks), environment, cwd, user)


def finish(process, timeout):
    """Waits for the end. mpirun ends its ranks when it is terminated; a killed one would leave them behind."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
        return Outcome(process.returncode, stdout, stderr)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            stdout, stderr = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
        raise AssertionError(f"no end after {timeout} s: {process.args}\n{stdout}\n{stderr}") from None


def run(arguments, ranks=1, environment=None, timeout=60, cwd=None):
    return finish(start(arguments, ranks, environment, cwd), timeout)


def run_command(words, environment=None, timeout=60, cwd=None):
    return finish(start_command(words, environment, cwd), timeout)


def options(settings):
    """{"data.shards": 4} → ["--data.shards=4"]"""
    return [f"--{key}={value}" for key, value in settings.items()]


def ini(settings):
    """{"data.shards": 4} → "[data]\\nshards = 4\\n", sections in the order of their first key."""
    sections = {}
    for key, value in settings.items():
        section, name = key.split(".")
        sections.setdefault(section, []).append(f"{name} = {value}\n")
    return "\n".join(f"[{section}]\n" + "".join(lines) for section, lines in sections.items())


def children(pid):
    """Process ids of the direct children, such as mpirun's ranks."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, in which the program runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cauchy-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_program(self, arguments, ranks=1, environment=None, timeout=60):
        return run(arguments, ranks, environment, timeout, cwd=self.folder)

    def start_program(self, arguments, ranks=None, environment=None, user=None):
        return self.start_command(command(arguments, ranks), environment, user)

    def start_command(self, words, environment=None, user=None):
        process = start_command(words, environment, self.folder, user)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        process.stdout.close()
        process.stderr.close()

    def succeed(self, arguments, ranks=1, environment=None, timeout=60):
        outcome = self.run_program(arguments, ranks, environment, timeout)
        self.assertEqual(outcome.code, 0, outcome)
        return outcome

    def train(self, settings, ranks=1, more=(), environment=None):
        """A training run that has to end well."""
        return self.succeed(["train", *more, *options(settings)], ranks, environment)

    def refuse(self, arguments, ranks=1, code=2, environment=None, timeout=20):
        """A run that has to end with one message and this code. The message is returned, without mpirun's own words."""
        outcome = self.run_program(arguments, ranks, environment, timeout)
        self.assertEqual(outcome.code, code, outcome)
        self.assertEqual(outcome.stderr.count("cauchy: error"), 1, outcome)
        return re.split(r"\n-{20,}\n|^-{20,}\n", outcome.stderr)[0] if ranks is not None else outcome.stderr

    def files(self, folder="."):
        """Names of all files below a folder but locks, or none if it is missing."""
        root = self.folder / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                      if path.is_file() and path.name != ".lock")

    def wait_until(self, condition, process=None, seconds=30):
        """Until something has come about, before the process that is to bring it about ends."""
        deadline = time.monotonic() + seconds
        while not condition():
            if process is not None and process.poll() is not None:
                self.fail(f"ended too early: {finish(process, 1)}")
            self.assertLess(time.monotonic(), deadline, f"waited for {seconds} s")
            time.sleep(0.01)

    def ranks(self):
        """Process ids of the ranks that run in the test's folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if entry.joinpath("exe").samefile(EXECUTABLE) and entry.joinpath("cwd").samefile(self.folder):
                    found.append(int(entry.name))
            except OSError:  # it has ended, or is not ours to see
                pass
        return found

    def digest_in(self, text):
        found = re.search(r"^parameters digest: (sha256:[0-9a-f]{64})$", text, re.MULTILINE)
        self.assertIsNotNone(found, text)
        return found.group(1)

