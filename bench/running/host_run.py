"""HostRun: one board's part of a run, in a thread of its own: reached, made ready, measured, let go."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field

from bench.errors import HostError
from bench.hosts.base import Host
from bench.running.adopting import adopt
from bench.running.governing import Governor
from bench.running.leasing import Lease
from bench.running.likeness import differences
from bench.running.listener import LOST, Step
from bench.running.measuring import measure, run_accuracy
from bench.running.opening import note_facts, require_same_machine
from bench.running.pairs import run_pairs
from bench.running.readiness import make_ready
from bench.running.sending import send_files
from bench.running.sitting import Sitting
from bench.running.team import StoppedError, Team
from bench.running.turns import Turns
from bench.running.work import Work


@dataclass
class Crew:
    """All boards of a run: they begin to measure together, and stop together.

    Attributes:
        stop: set when the run is asked to stop.
    """

    everybody: Team
    turns: Turns = field(default_factory=Turns)
    stop: threading.Event = field(default_factory=threading.Event)


class HostRun:
    """One board's part of a run.

    Attributes:
        loss: why the board was given up; empty if it was not.
        error: what ends the whole run.
    """

    def __init__(self, work: Work, host: Host, team: Team, crew: Crew) -> None:
        self.work, self.host, self.team, self.crew = work, host, team, crew
        self.loss = ""
        self.error: BaseException | None = None
        self._lease = Lease(host, work.run.path.name)
        self._governor = Governor(host, work.options.governor)
        self.sitting = Sitting(
            suite=work.suite,
            run=work.run,
            host=host,
            data=work.data,
            artifacts=work.artifacts,
            listener=work.listener,
            settings=work.settings(host.name),
            team=team,
            stop=crew.stop,
            renew=self._renew,
            is_pairing=bool(work.duels),
        )

    @property
    def name(self) -> str:
        """What to call the board when speaking to people."""
        return self.sitting.name

    def go(self) -> None:
        """Do all of it; what goes wrong is kept in `loss` or `error`."""
        try:
            self._work()
        except StoppedError:
            pass
        except HostError as problem:
            # Letting go of a host in the middle of something is no loss of it.
            self.loss = "" if self.crew.stop.is_set() else str(problem)
            if self.loss:
                self.work.listener.end(Step(LOST, self.name, host=self.name), 0.0, self.loss)
        except BaseException as problem:
            self.error = problem
        finally:
            self._let_go()

    def stop(self) -> None:
        """Have the thread end soon, from another one; what it has journalled is kept."""
        self.crew.stop.set()
        self.crew.everybody.end()
        self.crew.turns.end()
        self.team.end()
        self.host.close()

    @property
    def is_taken(self) -> bool:
        """Whether the board is still held for this run."""
        return self._lease.is_held

    def _work(self) -> None:
        self._reach()
        self.crew.everybody.meet(self.name)
        self._make_ready()
        self.crew.everybody.meet(self.name)
        self._send()
        self.crew.everybody.meet(self.name)
        self._measure()

    def _reach(self) -> None:
        """Connect, and learn which machine this is."""
        self.crew.turns.name_machine(self.name, self._lease.find_machine())

    def _make_ready(self) -> None:
        """Take the board, unless another host of this run has the machine, and see that jobs can run."""
        if self.crew.turns.is_first(self.name):
            self._take()
        make_ready(self.host, self.sitting.settings, self._tell)
        self.sitting.facts = self.host.facts()
        require_same_machine(self.work.run, self.host.name, self.host.board, self.sitting.facts)
        self.team.facts[self.host.board] = self.sitting.facts

    def _send(self) -> None:
        self._require_alike()
        note_facts(self.work.run, self.host.name, self.host.board, self.sitting.facts)
        place, count = self.team.meet(self.host.board)
        send_files(self.work, self.sitting, place, count)

    def _require_alike(self) -> None:
        """Refuse boards under one name that are not the same; each comes to the same answer.

        Raises:
            HostError: says what differs.
        """
        for board, facts in sorted(self.team.facts.items()):
            first, of_first = min(self.team.facts.items())
            found = differences(of_first, facts)
            if found:
                raise HostError(
                    f"{self.host.name}: boards {first} and {board} are not alike: {'; '.join(found)}; "
                    "boards under one name repeat each other's rounds: give each kind a name of its own"
                )

    def _measure(self) -> None:
        self.crew.turns.wait(self.name)
        self._take()
        cases, controls = self.work.cases(self.host.name), self.work.controls_of(self.host.name)
        adopt(self.sitting, [*cases, *controls])
        if self.work.duels:
            run_pairs(self.sitting, [duel for duel in self.work.duels if duel.case.host == self.host.name])
            return
        measure(self.sitting, cases)
        run_accuracy(self.sitting, controls)

    def _take(self) -> None:
        self._lease.take(self.work.options.wait_seconds, self.crew.stop, self._tell)

    def _renew(self) -> None:
        """Keep the board, and its governor, which a lost connection gives back."""
        self._lease.renew()
        self._governor.set()

    def _tell(self, what: str) -> None:
        self.work.listener.progress(Step("ready", self.name, host=self.name), 0.0, what)

    def _let_go(self) -> None:
        """Give everything back that can be given back; a lost board answers nothing."""
        is_measuring_on = self.crew.stop.is_set() and self.host.is_detached
        with contextlib.suppress(HostError):
            self._governor.restore()
            if not is_measuring_on:
                self._lease.release()
        self.host.close()
        self.crew.turns.leave(self.name)
        self.team.leave(self.host.board)
        self.crew.everybody.leave(self.name)
