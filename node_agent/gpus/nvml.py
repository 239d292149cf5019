"""Real cards, through NVIDIA's management library (pynvml), from one thread with a hard timeout.

The driver may hang, and NVML with it: a call that does not come back in time fails, and so do all
after it at once, until it comes back. What a card cannot tell is None.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import queue
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pynvml

from node_agent.engines.driver import Problem
from node_agent.gpus.probe import GpuReading, ProbeError, ProbeHealth

log = logging.getLogger(__name__)
T = TypeVar("T")

_MODULE_VERSION = Path("/proc/driver/nvidia/version")
_SONAME = "libnvidia-ml.so.1"
_MISMATCH = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
# A card that answers with one of these is not there (any more): a lost card, never a moved one.
_LOST = (
    pynvml.NVML_ERROR_GPU_IS_LOST,
    pynvml.NVML_ERROR_NOT_FOUND,
    pynvml.NVML_ERROR_RESET_REQUIRED,
)
# What a card does not have, or does not tell us.
_UNKNOWN = (
    pynvml.NVML_ERROR_NOT_SUPPORTED,
    pynvml.NVML_ERROR_NO_PERMISSION,
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
    pynvml.NVML_ERROR_NO_DATA,
)


@dataclass(frozen=True, slots=True)
class _Card:
    handle: Any
    uuid: str
    parent: Any = None  # of a MIG slice: the card that it is a part of


class NvmlProbe:
    """Implements GpuProbe.

    Args:
        timeout: seconds that one call may take.
        module_version: where the loaded kernel module tells its version.
    """

    name = "nvml"

    def __init__(self, timeout: float = 5.0, module_version: Path = _MODULE_VERSION) -> None:
        self._timeout = timeout
        self._module_version = module_version
        self._thread = _Thread()
        self._ready = False
        self._driver_version = ""
        self._samples_seen: dict[str, int] = {}

    async def load(self) -> None:
        health = await self.health()
        for problem in health.problems:
            log.warning("nvml not ready reason=%s", problem.en)

    async def unload(self) -> None:
        try:
            await self._call(self._shutdown)
        except ProbeError as error:
            log.warning("nvml not shut down reason=%s", error)
        self._thread.end()

    async def health(self) -> ProbeHealth:
        try:
            return await self._call(self._examine)
        except ProbeError as error:
            return ProbeHealth(self._driver_version, (_hangs(str(error)),))

    async def cards(self) -> tuple[GpuReading, ...]:
        return await self._call(self._read_cards)

    async def processes(self) -> Mapping[str, Mapping[int, int | None] | None]:
        return await self._call(self._read_processes)

    async def busy(self) -> Mapping[str, Mapping[int, float] | None]:
        return await self._call(self._read_busy)

    # --- in the thread ---------------------------------------------------------------------------

    def _examine(self) -> ProbeHealth:
        try:
            self._initialise()
        except pynvml.NVMLError_LibraryNotFound:
            return ProbeHealth("", (_NO_DRIVER,))
        except pynvml.NVMLError as error:
            if error.value == _MISMATCH:
                return ProbeHealth(self._driver_version, (_needs_reboot("", ""),))
            return ProbeHealth(self._driver_version, (_failed(str(error)),))
        module, library = _module_version(self._module_version), _library_version()
        if module and library and module != library:
            return ProbeHealth(self._driver_version, (_needs_reboot(module, library),))
        return ProbeHealth(self._driver_version)

    def _initialise(self) -> None:
        if not self._ready:
            pynvml.nvmlInit()
            self._ready = True
            self._driver_version = str(pynvml.nvmlSystemGetDriverVersion())

    def _shutdown(self) -> None:
        if self._ready:
            self._ready = False
            pynvml.nvmlShutdown()

    def _all(self) -> list[_Card]:
        """Every card, or its slices where it is cut into some, by bus id."""
        try:
            self._initialise()
        except pynvml.NVMLError_LibraryNotFound:
            return []  # a machine without NVIDIA cards; health() says so
        found: list[tuple[str, _Card]] = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                handle = pynvml.nvmlDeviceGetHandleByIndex(index)
                bus = str(_optional(pynvml.nvmlDeviceGetPciInfo, handle, "busId") or index)
                found += [(bus, card) for card in _slices(handle)]
            except pynvml.NVMLError as error:
                if error.value not in _LOST:
                    raise
                log.warning("card lost index=%d reason=%s", index, error)
        return [card for _, card in sorted(found, key=lambda one: one[0])]

    def _read_cards(self) -> tuple[GpuReading, ...]:
        readings = []
        for card in self._all():
            try:
                readings.append(_reading(card))
            except pynvml.NVMLError as error:
                if error.value not in _LOST:
                    raise
                log.warning("card lost uuid=%s reason=%s", card.uuid, error)
        return tuple(readings)

    def _read_processes(self) -> dict[str, dict[int, int | None] | None]:
        return {card.uuid: _processes(card) for card in self._all()}

    def _read_busy(self) -> dict[str, dict[int, float] | None]:
        return {card.uuid: self._busy(card) for card in self._all()}

    def _busy(self, card: _Card) -> dict[int, float] | None:
        since = self._samples_seen.get(card.uuid, 0)
        try:
            samples = pynvml.nvmlDeviceGetProcessUtilization(card.handle, since)
        except pynvml.NVMLError as error:
            if error.value in (pynvml.NVML_ERROR_NOT_FOUND, pynvml.NVML_SUCCESS):
                return {}  # no samples since then: idle
            if error.value in _UNKNOWN or error.value in _LOST:
                return None
            raise
        found: dict[int, float] = {}
        for sample in samples:
            if sample.timeStamp <= since:
                continue
            self._samples_seen[card.uuid] = max(
                self._samples_seen.get(card.uuid, 0), sample.timeStamp
            )
            used = max(sample.smUtil, sample.encUtil, sample.decUtil)
            # Drivers have been seen to return rubbish for a process that just ended.
            if used <= 100:
                found[sample.pid] = max(found.get(sample.pid, 0.0), float(used))
        return found

    # --- the thread and its patience -------------------------------------------------------------

    async def _call(self, work: Callable[[], T]) -> T:
        """Run in the thread; a library that was torn down under us is initialised once more.

        Raises:
            ProbeError: it failed, or did not come back in time.
        """

        def twice() -> T:
            try:
                return work()
            except pynvml.NVMLError as error:
                if error.value != pynvml.NVML_ERROR_UNINITIALIZED:
                    raise
                self._ready = False
                return work()

        try:
            return await self._thread.run(twice, self._timeout)
        except pynvml.NVMLError as error:
            if error.value in (_MISMATCH, pynvml.NVML_ERROR_DRIVER_NOT_LOADED):
                self._ready = False
            raise ProbeError(f"NVML: {error}") from error


class _Thread:
    """One thread for one library; it is left behind (as a daemon) when it never comes back."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._pending: asyncio.Future[Any] | None = None
        self._started = False

    async def run(self, work: Callable[[], T], timeout: float) -> T:
        stuck = self._pending
        if stuck is not None and not stuck.done():
            # Another call may just be in front of us; one that hangs has used up its time already.
            await asyncio.wait([stuck], timeout=timeout)
            if not stuck.done():
                raise ProbeError("NVML still hangs in an earlier call")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def job() -> None:
            result: T | None = None
            failure: BaseException | None = None
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - raised again where it was asked
                failure = error
            try:
                loop.call_soon_threadsafe(settle, result, failure)
            except RuntimeError:
                log.debug("nvml answered after the loop was closed")

        if not self._started:
            self._started = True
            threading.Thread(target=self._serve, name="nvml", daemon=True).start()
        self._pending = future
        self._work.put(job)
        done, _ = await asyncio.wait([future], timeout=timeout)
        if not done:
            raise ProbeError(f"NVML did not answer within {timeout:g} s")
        return future.result()

    def end(self) -> None:
        self._work.put(None)

    def _serve(self) -> None:
        while (job := self._work.get()) is not None:
            job()


def _slices(handle: Any) -> list[_Card]:
    """The card itself, or its MIG slices where that mode is on."""
    mode = _optional(pynvml.nvmlDeviceGetMigMode, handle)
    if not mode or mode[0] != pynvml.NVML_DEVICE_MIG_ENABLE:
        return [_Card(handle, str(pynvml.nvmlDeviceGetUUID(handle)))]
    found = []
    for index in range(int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))):
        try:
            part = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        except pynvml.NVMLError as error:
            if error.value != pynvml.NVML_ERROR_NOT_FOUND:
                raise
            continue  # places for slices that were not cut
        found.append(_Card(part, str(pynvml.nvmlDeviceGetUUID(part)), parent=handle))
    return found


def _reading(card: _Card) -> GpuReading:
    handle = card.handle
    # A slice has memory and processes of its own; the rest is known of its whole card only.
    whole = handle if card.parent is None else card.parent
    memory = _optional(pynvml.nvmlDeviceGetMemoryInfo, handle)
    capability = _optional(pynvml.nvmlDeviceGetCudaComputeCapability, whole)
    used = _optional(pynvml.nvmlDeviceGetUtilizationRates, handle, "gpu")
    power = _optional(pynvml.nvmlDeviceGetPowerUsage, handle)
    bus = _optional(pynvml.nvmlDeviceGetPciInfo, whole, "busId")
    return GpuReading(
        uuid=card.uuid,
        name=str(pynvml.nvmlDeviceGetName(handle)),
        pci_bus_id=None if bus is None else _text(bus),
        memory_total=None if memory is None else int(memory.total),
        memory_used=None if memory is None else int(memory.used),
        utilisation=None if used is None else float(used),
        temperature=_optional_float(
            _optional(pynvml.nvmlDeviceGetTemperature, whole, None, pynvml.NVML_TEMPERATURE_GPU)
        ),
        power=None if power is None else power / 1000,
        energy=_optional(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle),
        compute_capability=None if capability is None else f"{capability[0]}.{capability[1]}",
        per_process=_processes(card) is not None,
    )


def _processes(card: _Card) -> dict[int, int | None] | None:
    """Bytes per process; None where the card does not tell which processes use it."""
    found: dict[int, int | None] = {}
    kinds = (
        pynvml.nvmlDeviceGetComputeRunningProcesses,
        pynvml.nvmlDeviceGetGraphicsRunningProcesses,
    )
    told = False
    for ask in kinds:
        listed = _optional(ask, card.handle)
        if listed is None:
            continue
        told = True
        for process in listed:
            before, now = found.get(process.pid), process.usedGpuMemory
            # A process that both computes and draws is in both lists with the same bytes.
            known = [b for b in (before, now) if b is not None]
            found[process.pid] = max(known) if known else None
    return found if told else None


def _optional(ask: Callable[..., Any], handle: Any, part: str | None = None, *more: Any) -> Any:
    """What a card answers, or None when it cannot tell."""
    try:
        answer = ask(handle, *more)
    except pynvml.NVMLError as error:
        if error.value in _UNKNOWN:
            return None
        raise
    return answer if part is None else getattr(answer, part)


def _optional_float(value: Any) -> float | None:
    return None if value is None else float(value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


# --- versions and sentences -----------------------------------------------------------------------


def _module_version(path: Path) -> str:
    """Of the kernel module that is loaded; "" where it does not tell."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    match = re.search(r"Kernel Module[^\n]*?\s(\d+\.\d+(?:\.\d+)?)\s", text)
    return match[1] if match else ""


def _library_version() -> str:
    """Of the library on disk, where the one that we use was loaded from; "" if it does not tell."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return ""
    match = re.search(r"(/\S*/)libnvidia-ml\.so\S*", maps)
    if match is None:
        return ""
    name = (Path(match[1]) / _SONAME).resolve().name
    version = name.removeprefix("libnvidia-ml.so.")
    return version if re.fullmatch(r"\d+\.\d+(\.\d+)?", version) else ""


_NO_DRIVER = Problem(
    "This machine has no NVIDIA driver (libnvidia-ml.so.1 is missing), so it has no GPU to share: "
    "install the driver, or set simulated_gpus in agent.toml to try things out.",
    "本机没有 NVIDIA 驱动（缺少 libnvidia-ml.so.1），没有可共享的 GPU：请安装驱动，"
    "或在 agent.toml 中设置 simulated_gpus 进行试用。",
)


def _needs_reboot(module: str, library: str) -> Problem:
    versions = f" (loaded {module}, installed {library})" if module else ""
    versions_zh = f"（已加载 {module}，已安装 {library}）" if module else ""
    return Problem(
        f"The NVIDIA driver was upgraded underneath{versions}: this machine needs a reboot.",
        f"NVIDIA 驱动已在后台升级{versions_zh}：本机需要重启。",
    )


def _failed(text: str) -> Problem:
    return Problem(
        f"The NVIDIA driver does not work on this machine ({text}): look at nvidia-smi and dmesg.",
        f"本机的 NVIDIA 驱动无法工作（{text}）：请查看 nvidia-smi 和 dmesg。",
    )


def _hangs(text: str) -> Problem:
    return Problem(
        f"The NVIDIA driver does not answer ({text}): this machine probably needs a reboot.",
        f"NVIDIA 驱动没有响应（{text}）：本机可能需要重启。",
    )


def load_library(path: Path) -> None:
    """Use this library instead of the machine's own, from before the first probe on."""
    ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
