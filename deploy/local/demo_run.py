"""The steps of the demo: set-up, stack, migrate, ingest, serve, a fleet, and this machine."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import demo_fleet, demo_ports, environment, files
from deploy.local.console import complain, say, timed
from deploy.local.demo_children import Children, DemoError, run, run_logged
from deploy.local.demo_service import HOST_USER, DemoService, has_fresh_data, until

REPOSITORY = Path(__file__).resolve().parents[2]
FLEETGAUGE: Path = REPOSITORY / ".venv" / "bin" / "fleetgauge"
STACK: tuple[str | Path, ...] = (sys.executable, REPOSITORY / "deploy" / "local" / "stack.py")
MAKE: tuple[str | Path, ...] = ("make", "--no-print-directory", "-C", REPOSITORY)
FOLDER = REPOSITORY / ".stack"
LOGS = FOLDER / "logs"


def main() -> int:
    """Run until Ctrl-C or SIGTERM (0), or until a failure (1).

    A stack that was already up stays up; one that the demo started, even in part, is stopped.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    was_up = stack_is_up()
    try:
        show()
    except KeyboardInterrupt:
        return 0
    except DemoError as error:
        complain(f"demo: {error}")
        return 1
    finally:
        if not was_up:
            run([*STACK, "down"], os.environ)
    return 0


def show() -> None:
    """Run all steps; ends only with KeyboardInterrupt or DemoError."""
    begun = time.monotonic()
    LOGS.mkdir(parents=True, exist_ok=True)
    demo_ports.check(os.environ)
    prepare()
    env = settings()
    with timed("migrate"):
        run_logged(LOGS / "migrate.log", [FLEETGAUGE, "migrate"], env)
    children = Children(LOGS, env)
    try:
        address = start(children)
        service = DemoService(address, issue_token(env, "--platform"))
        with timed("first answer with fresh data"):
            until("fresh data", has_fresh_data(service), children.hold)
        start_fleet(children, service)
        say(f"\nready: {address} after {time.monotonic() - begun:.1f} s, token {service.token}")
        user = demo_fleet.user(1)
        say(f"\nopen {address} and sign in with that token,")
        say(f"or as {user} with {issue_token(env, '--user', user)}")
        say(f"\n{service.calls((user, HOST_USER))}\n\nlogs in {LOGS}; Ctrl-C stops everything")
        children.hold(None)
    finally:
        # A second Ctrl-C would leave some processes running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with timed("\nfleetgauge: stopped"):
            children.stop()


def prepare() -> None:
    """Install the packages, start broker and database."""
    with timed("set-up"):
        run([*MAKE, "setup", f"PYTHON={sys.executable}"], os.environ)
    run([*STACK, "up"], os.environ)


def start(children: Children) -> str:
    """Start Fleetgauge's three processes; returns the service's address."""
    ids = ("--user", HOST_USER, "--agent", agent_id(socket.gethostname()))
    children.start("host", [FLEETGAUGE, "emit", "host", *ids, "--interval", "1"])
    demo_ports.start(children, demo_ports.INGEST, [FLEETGAUGE, "ingest"], os.environ)
    serving = demo_ports.start(children, demo_ports.SERVE, [FLEETGAUGE, "serve"], os.environ)
    return str(serving["address"])


def settings() -> dict[str, str]:
    """The environment of Fleetgauge's processes: the stack's settings, plus the demo's."""
    secret = FOLDER / "jwt-secret"
    if not secret.exists():
        files.replace(secret, secrets.token_urlsafe(48))
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("FLEETGAUGE_")}
    return {
        **inherited,
        **environment.parse((FOLDER / "env").read_text()),
        "FLEETGAUGE_JWT_SECRET_FILE": str(secret),
    }


def stack_is_up() -> bool:
    """Whether all parts of the stack run."""
    done = subprocess.run([*STACK, "status"], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def start_fleet(children: Children, service: DemoService) -> None:
    """Fifty agents of five users: send the missing part of their 30 days, then live samples."""
    options = (*demo_fleet.OPTIONS, *demo_fleet.history(service))
    child = children.start("fleet", [FLEETGAUGE, "emit", "fleet", *options])
    with timed("history of a fleet: sent"):
        if children.await_event(child, "history sent") is None:
            raise DemoError(child.exit_message())
    with timed("history of a fleet: stored"):
        until("the fleet's history", lambda: demo_fleet.is_whole(service), children.hold)


def issue_token(env: dict[str, str], *options: str) -> str:
    """A token from `fleetgauge token` with these arguments, valid for a day."""
    done = subprocess.run(  # noqa: S603
        [FLEETGAUGE, "token", *options, "--ttl", "1d"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"fleetgauge token: {done.stderr.strip()}")
    return done.stdout.strip()


def agent_id(host_name: str) -> str:
    """The host's name as an id, with invalid characters replaced by dashes."""
    return re.sub(r"[^A-Za-z0-9._~:@-]", "-", host_name)[:128] or "host"
