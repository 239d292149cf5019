"""A studio of machines under fault: two GPU machines, an engine on each, people at the desk."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from aigc.errors import AigcError
from tests.faults.invariants import Found, Told, broken, read_ledger
from tests.studio.machine import Machine, wait_until
from tests.studio.studio import GPU_MACHINES, HOST, ZONE, Studio

# Generous: two loaded cores. What is measured is printed.
SETTLED_WITHIN = 90.0
BACK_WITHIN = 15.0


class DeskProgram:
    """``desk_program.py`` at the desktop; one request at a time."""

    def __init__(self, machine: Machine, folder: Path, pin: str, offset: int = 0) -> None:
        authority = folder / "desk-ca.pem"
        port = 7440 + offset
        machine.run("curl", "-sk", "-o", str(authority), f"https://{HOST}:{port}/ca.pem")
        with machine.log(f"desk-program-{offset}").open("ab") as log:
            self._process = subprocess.Popen(
                machine.command(
                    *("env", f"SSL_CERT_FILE={authority}", f"PYTHONPATH={Path.cwd()}"),
                    *(sys.executable, "-m", "tests.faults.desk_program", str(folder)),
                    *(f"{HOST}:{7443 + offset}", pin, f"https://{HOST}:{port}"),
                    f"https://{{host}}.{ZONE}:{8443 + offset}",
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._log = machine.log(f"desk-program-{offset}")

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the people there do or see.

        Raises:
            AigcError: what they are told.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"do": do, **arguments}) + "\n"
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], 150)[0]:
            raise TimeoutError(f"the desk does not answer to {do}")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the desk's program ended: {self._log.read_text()[-3000:]}")
        told = json.loads(answer)
        if "error" in told:
            raise AigcError(told["key"], told["error"])
        return told["ok"]

    def close(self) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass
class Town:
    """See the module.

    Attributes:
        one, two: the creator's instances; the first runs on gpu1, the second on gpu2.
        measured: seconds by what they were measured of; printed at the end.
    """

    studio: Studio
    desk: DeskProgram
    one: str = ""
    two: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)

    # --- what is there -----------------------------------------------------------------------

    def found(self) -> list[Found]:
        """Every container of ours on both machines, as Docker itself tells it."""
        there = []
        for name in GPU_MACHINES:
            transport = httpx.HTTPTransport(uds=str(self.studio.machines[name].docker_socket))
            with httpx.Client(transport=transport, base_url="http://docker", timeout=30) as api:
                labelled = {"all": "1", "filters": json.dumps({"label": ["aigc.instance"]})}
                for listed in (
                    api.get("/containers/json", params=labelled).raise_for_status().json()
                ):
                    answer = api.get(f"/containers/{listed['Id']}/json")
                    if answer.status_code == 404:
                        continue  # removed meanwhile
                    values = answer.raise_for_status().json()
                    labels, state = values["Config"]["Labels"], values["State"]
                    there.append(
                        Found(
                            name,
                            values["Id"],
                            labels["aigc.instance"],
                            int(labels["aigc.epoch"]),
                            bool(state["Running"]),
                            f"{values['Id'][:12]} pid {state['Pid']} {state['StartedAt']}",
                        )
                    )
        return there

    def running(self, *instances: str) -> Mapping[str, str]:
        """Their engines as they run now, for ``untouched``; all without arguments."""
        began = {f.instance_id: f.began for f in self.found() if f.running}
        return {key: began[key] for key in instances or began}

    def listed(self) -> list[Told]:
        return [
            Told(i["id"], i["name"], i["state"], i["line"]["en"])
            for i in self.desk.ask("instances")
        ]

    def node(self, name: str) -> dict[str, Any]:
        """A machine as IT sees it."""
        nodes: list[dict[str, Any]] = self.desk.ask("nodes")
        return next(n for n in nodes if n["name"] == name)

    def state(self, instance: str) -> str:
        return next(t.state for t in self.listed() if t.instance_id == instance)

    def line(self, instance: str) -> str:
        return next(t.line for t in self.listed() if t.instance_id == instance)

    # --- waiting -----------------------------------------------------------------------------

    def until_state(self, instance: str, state: str, seconds: float = SETTLED_WITHIN) -> None:
        last = ["nothing"]

        def there() -> bool:
            try:
                last[0] = f"{self.state(instance)}: {self.line(instance)}"
            except AigcError as error:
                last[0] = str(error)
            return last[0].startswith(state)

        try:
            wait_until(f"{instance} {state}", there, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {last[0]}") from error

    def settled(self, before: list[Told], untouched: Mapping[str, str]) -> None:
        """Until every invariant holds, and both engines are READY with a page that works."""
        wrong = ["nothing was looked at"]

        def well() -> bool:
            try:
                wrong[:] = self._broken(before, untouched)
            except (AigcError, httpx.HTTPError) as error:
                wrong[:] = [f"nothing can be told: {error}"]
            return not wrong

        try:
            wait_until("every invariant", well, SETTLED_WITHIN)
        except TimeoutError as error:
            raise AssertionError("\n".join(wrong)) from error

    def mended(self) -> None:
        """Both engines READY again, whatever a test left behind when it failed."""
        for told in self.listed():
            if told.state in ("failed", "stopped"):
                self.start_again(told.instance_id)
        self.settled(self.listed(), {})

    def _broken(self, before: list[Told], untouched: Mapping[str, str]) -> list[str]:
        nodes = self.desk.ask("nodes")
        after = self.listed()
        wrong = broken(
            read_ledger(self.studio.state_dir),
            self.found(),
            {u["id"] for n in nodes for u in n["unclaimed"]},
            before,
            after,
            untouched,
        )
        wrong += [f"{n['name']} is offline" for n in nodes if not n["online"]]
        wrong += [f"{n['name']}: {p}" for n in nodes for p in n["problems"]]
        wrong += [f"{t.name} is {t.state}: {t.line}" for t in after if t.state != "ready"]
        for key in (self.one, self.two):
            status = self.desk.ask("page", page=self.pages[key])
            if status != 200:
                wrong.append(f"the page of {key} answers {status}")
        return wrong

    def note(self, what: str, seconds: float) -> None:
        """Keep and print a measured time."""
        self.measured[what] = seconds
        print(f"{what}: {seconds:.2f} s")

    # --- people ------------------------------------------------------------------------------

    def start(self, name: str) -> str:
        made = self.desk.ask("start", name=name)
        self.pages[made["id"]] = made["url"].rstrip("/")
        return str(made["id"])

    def start_again(self, instance: str) -> None:
        self.desk.ask("start", instance=instance)
        self.until_state(instance, "ready")

    @contextmanager
    def never_interrupted(self, instance: str) -> Iterator[None]:
        """The engine's page answers every 100 ms, and its WebSocket stays, all the while."""
        self.desk.ask("probe", page=self.pages[instance])
        told: dict[str, Any] = {}
        try:
            yield
        finally:
            told = self.desk.ask("probed")
        slowest = told["slowest"]
        print(f"{told['requests']} requests, {told['messages']} messages, slowest {slowest} s")
        assert not told["failures"], told
        assert told["requests"] > 5, told
        assert told["messages"] > 5, told

    # --- programs ----------------------------------------------------------------------------

    def coordinator_back(self, what: str) -> None:
        """Start it, and measure from its ready.json until pages work: the open one, and one that
        a new browser opens and signs in at."""
        self.studio.start_coordinator()
        since = (self.studio.state_dir / "ready.json").stat().st_mtime
        self.desk.ask("page_within", page=self.pages[self.one])
        self.note(f"{what}: an open page, after the coordinator's return", time.time() - since)
        assert self.measured[f"{what}: an open page, after the coordinator's return"] < BACK_WITHIN
        took = self.desk.ask("fresh_page", page=self.pages[self.one])
        self.note(f"{what}: signing in anew took", took)
        assert took < BACK_WITHIN

    def kill_gateway(self) -> None:
        os.kill(self.studio.gateway_pid(), 9)

    def reconnected(self, name: str) -> None:
        wait_until(f"{name} online", lambda: self.node(name)["online"], SETTLED_WITHIN)

    def until_refusing(self, name: str) -> None:
        """Until that machine refuses the ledger that it is shown."""
        wait_until(f"{name} refusing", lambda: self.node(name)["ledger_refused"], SETTLED_WITHIN)


@contextmanager
def town(studio: Studio) -> Iterator[Town]:
    """The product installed and joined, and two engines READY."""
    studio.start_coordinator()
    desk = DeskProgram(studio.desk, studio.root, str(studio.ready["pin"]))
    made = Town(studio, desk)
    try:
        desk.ask("sign_in")
        for name in GPU_MACHINES:
            studio.join(name, desk.ask("join_command"))
            studio.start_agent(name)
            made.reconnected(name)
        made.one = made.start("one")
        made.until_state(made.one, "ready")
        made.two = made.start("two")
        made.until_state(made.two, "ready")
        places = {f.instance_id: f.machine for f in made.found()}
        if places[made.one] == "gpu2":
            made.one, made.two = made.two, made.one
        for key in (made.one, made.two):
            desk.ask("visit", page=made.pages[key])
            desk.ask("draw", page=made.pages[key], prompt=f"a crane of {key}")
        yield made
        print("\n".join(f"{what}: {seconds:.2f} s" for what, seconds in made.measured.items()))
    finally:
        desk.close()
