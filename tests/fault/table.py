"""Every scenario with its row of the fault table, and how many rounds the gate and a night make of it.

`apart`: what of the machine it wants for itself, as options of unshare(1). None: not in that form.
"""
import dataclasses
import typing

import copies
import disk
import kills
import memory
import outside
import points


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    fault: str
    gate: typing.Optional[int]
    nightly: typing.Optional[int]
    scenario: typing.Callable
    apart: tuple = ()


ROWS = [
    Row("kill", "F1", 200, 5000, kills.random_kills),
    Row("failpoints", "F2", 1, 20, points.every_place),
    Row("calls", "F2", 1, 20, disk.every_call),
    Row("power", "F3", 100, 2000, disk.power_loss),
    Row("full", "F4", 20, 200, disk.full_disk, ("--mount",)),
    Row("io-errors", "F5", 20, 200, disk.failing_disk),
    Row("memory", "F6", None, 2000, memory.no_memory),  # wants a build without sanitizers
    Row("locked", "F7", 10, 50, disk.locked),
    Row("rude-ehr", "F9", 10, 1000, outside.rude_ehr),
    Row("network", "F14", 20, 2000, outside.cut_network, ("--net",)),
    Row("tokens", "F20", 9, 200, outside.short_tokens),
    Row("clock", "F22", 12, 200, outside.jumping_clock),
    Row("restart", "F23", 10, 500, outside.restarts),
    Row("restore", "F23", 5, 100, copies.restored),
]
