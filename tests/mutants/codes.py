"""Code that is generated for the programs of the corpus: what a mutant does not change in it changes no number.

To compile a program and compare the text takes a tenth of the time that judging it takes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from oracle import wanted

import srcgrad
from srcgrad import products
from srcgrad.backend.building import Options, Variant
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.backend.targets import resolve
from srcgrad.errors import SrcgradError


@dataclass(slots=True, eq=False)
class Code:
    """What is generated for one program in one way.

    Attributes:
        program: the program of the corpus.
        way: `grad`, `vjp`, `jvp`, `plain` (without optimisation) or `generic` (for arguments of any kind).
        cost: the seconds that it takes to generate it.
        reached: the probes that are reached then.
        passes: always; as a test has it.
        digest: of the text without a mutant; empty as long as nobody has asked for it.
    """

    program: Any
    way: str
    cost: float = 0.0
    reached: frozenset[str] = frozenset()
    passes: bool = True
    digest: str = ""

    @property
    def name(self) -> str:
        return f"{self.program.name} by {self.way}"

    def run(self) -> bool:
        """Generates it, and runs it once where that is simple."""
        with np.errstate(all="ignore"):
            try:
                variant, values = self.variant()
            except SrcgradError:
                return False
            if self.way in ("grad", "vjp"):
                try:
                    variant.entry(*values)
                except Exception:
                    # What the program raises.
                    return False
        return True

    def current_digest(self) -> str:
        """The digest of the text as it is now; of the error, if it is refused, and of its class if that is a defect."""
        try:
            text = self.variant()[0].emitted.source
        except SrcgradError as error:
            text = repr(error)
        except Exception as error:
            text = type(error).__name__
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def variant(self) -> tuple[Variant, list[Any]]:
        """The compiled code, never that of an earlier time, and the values that it is called with."""
        program, args = self.program, self.program.args()
        if self.way in ("grad", "plain"):
            made = srcgrad.grad(program.fun, argnums=program.argnums, optimize=self.way == "grad")
            return made._dispatcher.find(args, {})
        if self.way == "generic":
            return self._dispatcher("vjp", [k in wanted(program) for k in range(len(args))]).generic(), []
        if self.way == "jvp":
            moving = [k in wanted(program) and type(arg) is not int for k, arg in enumerate(args)]
            return self._dispatcher("jvp", moving).find(args, {})
        return Dispatcher(resolve(program.fun, "vjp"), Options("vjp", None, True)).find(args, {})

    def _dispatcher(self, mode: str, is_wanted: list[bool]) -> Dispatcher:
        program = self.program
        if mode == "vjp" and program.output == "scalar":
            return srcgrad.grad(program.fun, argnums=program.argnums)._dispatcher
        target = resolve(program.fun, mode)
        places = zip(products.places_of(target, len(is_wanted)), is_wanted, strict=True)
        names = tuple([products.shown(place) for place, chosen in places if chosen])
        return Dispatcher(target, Options(mode, names, True))


def codes_of(programs: list[Any]) -> list[Code]:
    """All ways to differentiate each program; one that is to be refused is refused in each."""
    found: list[Code] = []
    for program in programs:
        ways = ["grad", "vjp", "jvp", "plain", "generic"] if program.supported else ["grad"]
        if program.output != "scalar":
            ways = ["vjp", "jvp", "generic"]
        found += [Code(program, way) for way in ways]
    return found


def digests(codes: list[Code]) -> dict[str, str]:
    """The digests of the texts, by the names of the codes."""
    return {code.name: code.current_digest() for code in codes}
