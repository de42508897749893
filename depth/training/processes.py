"""Several processes that train together, started by torchrun; without it, one."""

import gc
import importlib
import os
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed

from calib.base.errors import BadInputError

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process among those that train together."""

    rank: int
    """Number of this process, from 0."""
    count: int
    """Number of processes."""
    device: torch.device
    """Device of this process's tensors."""

    @property
    def is_first(self) -> bool:
        """Whether this is the process that validates, writes files and reports."""
        return self.rank == 0

    def parallel(self, module: torch.nn.Module) -> torch.nn.Module:
        """The module, or one that averages gradients over all processes."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return torch.nn.parallel.DistributedDataParallel(module, device_ids=devices)

    def broadcast(self, value: T) -> T:
        """The value that the first process has, in all of them."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def any(self, flag: bool) -> bool:
        """Whether `flag` is true in any process."""
        if self.count == 1:
            return flag
        votes = torch.tensor(int(flag), device=self.device)
        distributed.all_reduce(votes)
        return bool(votes.item())

    def leave(self) -> None:
        """End the connection of the processes; a `parallel` module must be out of use.

        Threads of a connection that still run when the interpreter ends abort the process.
        """
        if self.count > 1:
            gc.collect()  # the averaging of gradients is part of reference cycles, and holds the connection
            distributed.destroy_process_group()


def join(device: str = "auto") -> Processes:
    """Connect to the other processes as torchrun's variables say. `device`: auto, cpu or cuda."""
    count, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInputError("--device cuda: torch finds no GPU here; use --device cpu")
    on_gpu = device != "cpu" and torch.cuda.is_available()
    place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(place)
    if count > 1:
        importlib.import_module("torch._dynamo")  # imported by DistributedDataParallel, it would keep the group alive
        distributed.init_process_group("nccl" if on_gpu else "gloo")
    return Processes(rank, count, place)
