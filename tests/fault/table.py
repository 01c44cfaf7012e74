"""Every scenario with its row of the fault table, and how many rounds the gate and a night make of it.

None: not in that form. `secs`: about how long the gate's form takes, with two others beside it on two cores under ASan; the longest begin
first. `apart`: what of the machine it wants for itself, as options of unshare(1).
"""
import dataclasses
import typing

import copies
import databases
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
    secs: int
    scenario: typing.Callable
    apart: tuple = ()


ROWS = [
    Row("kill", "F1", 200, 5000, 220, kills.random_kills),
    Row("failpoints", "F2", 1, 20, 70, points.every_place),
    Row("calls", "F2", 1, 20, 280, disk.every_call),
    Row("power", "F3", 100, 2000, 120, disk.power_loss),
    Row("full", "F4", 20, 200, 15, disk.full_disk, ("--mount",)),
    Row("io-errors", "F5", 20, 200, 75, disk.failing_disk),
    Row("memory", "F6", None, 2000, 0, memory.no_memory),  # wants a build without sanitizers
    Row("locked", "F7", 10, 50, 40, disk.locked),
    Row("kill-pg", "F8", 30, 1000, 55, databases.kills),
    Row("failover", "F8", 3, 50, 40, databases.failover),
    Row("rude-ehr", "F9", 10, 1000, 40, outside.rude_ehr),
    Row("network", "F14", 20, 2000, 65, outside.cut_network, ("--net",)),
    Row("tokens", "F20", 9, 200, 30, outside.short_tokens),
    Row("takeover", "F21", 20, 200, 105, databases.takeover),
    Row("clock", "F22", 12, 200, 25, outside.jumping_clock),
    Row("restart", "F23", 10, 500, 30, outside.restarts),
    Row("restore", "F23", 5, 100, 25, copies.restored),
]
