"""A folder to practise in: the example estate, a rehearsal's endpoints and environment, and schools that answer."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from reconciler.app.files import write_whole
from reconciler.errors import Refused, UnknownName
from reconciler.shipped import shipped
from reconciler.simulator.service import RunningSimulator, start
from reconciler.simulator.world import build_world
from reconciler.vocabulary.suggestions import did_you_mean

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)  # the example estate's moment, a Monday in term
_MARK = ".made-by-reconcile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A prepared folder with its schools running."""

    folder: Path
    environment: Mapping[str, str]
    simulator: RunningSimulator

    def set_clock(self, moment: datetime) -> None:
        """Writes `env.sh` anew with another time, aware."""
        write_whole(self.folder / "env.sh", _shell(_environment(self.folder, self.simulator, now=moment)).encode())


@contextmanager
def practice(environment: Mapping[str, str], *, into: str, seed: int = 2026, scale: float = 1.0,
             faults: Sequence[str] = (), keep: bool = False) -> Iterator[Practice]:  # fmt: skip
    """Fills the folder and runs the schools, with the named faults (`BRK:roll_down_60`), until the block ends.

    With `keep` a folder of an earlier run goes on as it was left, its estate and store untouched; otherwise it is made
    anew. Nothing in it changes before everything that was asked for is known to be possible.

    Raises Refused when the folder holds anything that this program did not put there, or other schools than these;
    UnknownName for a school or a fault that does not exist.
    """
    folder, schools = Path(into), f"seed {seed}, scale {scale:g}"
    goes_on = _check(folder) and keep
    if goes_on:
        _check_same_schools(folder, schools)
    world = build_world(seed=seed, scale=scale, now=NOW.date())
    with start(world) as simulator:
        for fault in faults:
            _switch_on(simulator, fault)
        if not goes_on:
            _make_anew(folder, schools)
            _fill(folder)
        _connect(folder, simulator)
        made = _environment(folder, simulator)
        write_whole(folder / "env.sh", _shell(made).encode())
        yield Practice(folder=folder, environment={**_kept(environment), **made}, simulator=simulator)


def simulate(environment: Mapping[str, str], *, into: str, seed: int, scale: float, faults: Sequence[str],
             fresh: bool, say: Callable[[str], None]) -> None:  # fmt: skip
    """Runs the schools until interrupted; a folder of an earlier run goes on as it was left, unless `fresh`."""
    with practice(environment, into=into, seed=seed, scale=scale, faults=faults, keep=not fresh) as made:
        has_store = (made.folder / ".reconcile" / "store.db").exists()
        say(f"Partner schools answer on loopback. Everything is in {made.folder}/")
        if has_store:
            say("Its estate and store are as you left them; --fresh makes all of it anew.")
        for origin, address in sorted(made.simulator.endpoints().items()):
            say(f"  {origin:<32} {address}")
        say("In another terminal:")
        say(f"  . {made.folder}/env.sh")
        say("  reconcile status" if has_store else "  reconcile state init --rehearsal && reconcile plan")
        say("Ctrl-C ends it.")
        while True:
            time.sleep(3600)


def _switch_on(simulator: RunningSimulator, fault: str) -> None:
    code, _, name = fault.partition(":")
    schools = sorted(simulator.server.schools())
    if code not in schools or not name:
        raise UnknownName(
            "simulator.unknown_fault",
            f"{fault!r} does not name a school that answers over HTTP and a fault",
            hint=f"write CODE:NAME, for example {schools[0]}:roll_down_60; schools: {', '.join(schools)}",
        )
    known = simulator.server.fault_names()
    if name not in known:
        raise UnknownName(
            "simulator.unknown_fault",
            f"there is no fault {name!r}",
            hint=did_you_mean(name, known) or "faults: " + ", ".join(sorted(known)),
        )
    simulator.server.fault(code, name)


def _check(folder: Path) -> bool:
    """Whether an earlier run made the folder. Raises Refused when it holds anything of somebody else."""
    made = (folder / _MARK).exists()
    if folder.exists() and not made and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            "simulator.folder_in_use",
            f"{folder} holds files that this command did not make",
            hint="name another folder with --into, or empty that one yourself",
        )
    return made


def _check_same_schools(folder: Path, schools: str) -> None:
    """A store of other people would be held by every guard: said before, not after. Raises Refused."""
    found = (folder / _MARK).read_text("utf-8").strip()
    if found != schools:
        raise Refused(
            "simulator.other_schools",
            f"{folder} was made for other schools ({found}) than those asked for ({schools})",
            hint="give the same --seed and --scale, or another folder with --into; --fresh makes this one anew",
        )


def _make_anew(folder: Path, schools: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise Refused(
            "file.unwritable",
            f"{folder} cannot be made ({error.strerror or type(error).__name__})",
            hint="name a folder of your own with --into",
        ) from None
    (folder / ".gitignore").write_text("*\n", "utf-8")
    (folder / _MARK).write_text(schools + "\n", "utf-8")


def _fill(folder: Path) -> None:
    examples = shipped("examples")
    shutil.copyfile(examples / "estate.yaml", folder / "estate.yaml")
    (folder / ".reconcile").mkdir(mode=0o700)  # what a rehearsal's `file:` and `drop:` are relative to
    shutil.copyfile(examples / "assignments.csv", folder / ".reconcile" / "assignments.csv")


def _connect(folder: Path, simulator: RunningSimulator) -> None:
    """What differs from run to run: where the schools answer, and what those without a service drop."""
    (folder / "endpoints.json").write_text(json.dumps(simulator.endpoints(), indent=2) + "\n", "utf-8")
    simulator.write_drops(folder / ".reconcile")


def _environment(folder: Path, simulator: RunningSimulator, *, now: datetime = NOW) -> dict[str, str]:
    return {
        **simulator.environment(),
        "RECONCILE_ESTATE": str(folder / "estate.yaml"),
        "RECONCILE_STORE": f"sqlite:///{(folder / '.reconcile' / 'store.db').absolute()}",
        "RECONCILE_NOW": now.isoformat(),
        "RECONCILE_ENDPOINTS": str(folder / "endpoints.json"),
        "RECONCILE_ACTOR": "data-manager",
    }


def _kept(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's surroundings without settings that would send the practice somewhere else."""
    return {name: value for name, value in environment.items() if not name.startswith("RECONCILE_")}


def _shell(environment: Mapping[str, str]) -> str:
    """Lines for `.`; whole paths, so that the commands work in every folder."""
    whole = {name: str(Path(environment[name]).absolute()) for name in ("RECONCILE_ESTATE", "RECONCILE_ENDPOINTS")}
    environment = {**environment, **whole}
    lines = ["# values of the practice schools; nothing here is real"]
    return "\n".join(lines + [f"export {name}={quote(value)}" for name, value in environment.items()]) + "\n"
