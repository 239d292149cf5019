"""JupyterLab and a Gradio app from PyPI behind the door, in a real Chromium.

Their images are built by the examples' own Dockerfiles, their templates are the examples' own but
for the image's name. Each is signed in to, used, left, released, visited again; what was made and
installed in it is still there, and nobody else gets in.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import (
    FilePayload,
    Page,
    Response,
    async_playwright,
    expect,
)

from aigc.cli.instances import as_json, state_name
from protos.aigc.v1 import creator_pb2
from tests.docker_engine import TestEngine, engine
from tests.e2e.house import SLOW, House, open_house, shoot, true, until
from tests.e2e.lab_tab import LabTab
from tests.e2e.large import MIB, Door, Sizes
from tests.python_images import cache_folder, example_image, image_name
from tests.registry import registry

pytestmark = [
    pytest.mark.docker,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),  # images may have to be built
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.blocking_allowed("playwright starts its driver with blocking calls"),
]

# Shorter than people wait, longer than two turns of JupyterLab's polling.
_SHORT = {"release_after": "25s", "grace_after_start": "1s", "warn_before": "5s"}
_USUAL = {"release_after": "30m", "grace_after_start": "5m", "warn_before": "5m"}


@pytest.fixture(scope="module")
def docker() -> Iterator[TestEngine]:
    with engine() as made:
        yield made


@pytest.fixture(scope="module")
def lab_image(docker: TestEngine) -> Iterator[str]:
    """JupyterLab's image in a registry and not on the machine, so that it is pulled."""
    kept = (
        cache_folder() / f"registry-{image_name('jupyterlab').replace(':', '-').rpartition('/')[2]}"
    )
    if not kept.exists():
        name = example_image(docker, "jupyterlab")
        part = kept.with_suffix(f".{os.getpid()}.part")
        with registry(docker, data=part) as filling:
            filling.push(docker, name, "jupyterlab:4.6")
        part.replace(kept)
        with contextlib.closing(docker.client()) as client:
            client.images.remove(name, force=True)
    os.utime(kept)
    with registry(docker, data=kept) as made:
        yield f"{made.address}/jupyterlab:4.6"


@pytest.fixture(scope="module")
def gradio_image(docker: TestEngine) -> str:
    return example_image(docker, "gradio")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(docker: TestEngine) -> AsyncIterator[House]:
    async with async_playwright() as playwright, open_house(docker, playwright) as made:
        yield made


# --- JupyterLab ----------------------------------------------------------------------------------


async def test_jupyterlab(house: House, lab_image: str) -> None:
    await house.publish("jupyterlab", lab_image)
    async with house.browser() as context:
        page = await context.new_page()
        tab = LabTab(page)
        instance = await house.start("jupyterlab")
        await page.goto(instance.url)
        await house.sign_in(page, house.creator)
        await _image_part_is_shown(page)
        await expect(page.locator(".jp-Launcher").first).to_be_visible(timeout=2 * SLOW)
        await shoot(page, "jupyterlab-launcher")

        # First the package: a kernel that runs already would see it only after a restart.
        await _works_in_the_terminal(house, tab, instance)
        await tab.open_notebook()
        await tab.run("6*7", "42")
        await tab.run("import aigc_test_wheel as w; w.WORD", "from the volume")
        await tab.run("open('made.txt', 'w').write('by the kernel')", "13")
        await tab.save()
        await until(
            lambda: _holds(house, instance, "home/Untitled.ipynb", "aigc_test_wheel as w"),
            "the notebook is saved",
        )
        await shoot(page, "jupyterlab-at-work")
        await _somebody_else_is_refused(house, instance, ".jp-LabShell")

        # The tab stays open, and nobody touches it: it polls, and is released all the same.
        await _settle(house, instance)
        last = (await house.instance(instance.id)).last_activity_ms
        await tab.run("7*8", "56")
        await until(
            lambda: _active_since(house, instance, last + 1), "running a cell counts as use"
        )
        await tab.save()
        tab.polls.clear()
        await _settle(house, instance)
        await house.publish("jupyterlab", lab_image, **_SHORT)
        released = await house.until_state(instance.id, "stopped")
        assert as_json(released)["stop_reason"] == "idle"
        assert len(tab.polls) >= 2, "the tab polled, and that did not count"
        # Its polling goes on, and starts nothing.
        tab.refused.clear()
        await until(tab.was_refused, "the stopped engine's tab asks on")
        assert state_name(await house.instance(instance.id)) == "stopped"
        assert {503} == set(tab.refused)
        await house.publish("jupyterlab", lab_image, **_USUAL)

        # The visit starts it; the place that was asked for, the files and the package are there.
        await page.goto(f"{instance.url.rstrip('/')}/lab/tree/Untitled.ipynb?reset")
        await expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=2 * SLOW)
        assert state_name(await house.instance(instance.id)) == "ready"
        await expect(page.locator(".jp-OutputArea-output", has_text="42").first).to_be_visible()
        await tab.run("import aigc_test_wheel as w; w.__file__", "/opt/packages/")
        await tab.run("open('made.txt').read()", "by the kernel")
        await shoot(page, "jupyterlab-again")
    await house.stop(instance.id)


async def _image_part_is_shown(page: Page) -> None:
    image = page.locator("#status .parts li").first
    await expect(image).to_contain_text("Image", timeout=SLOW)
    # Its bytes, of how many where the layers have said so; a small image is done before that.
    await expect(image).to_contain_text(re.compile("B|done"), timeout=SLOW)
    await shoot(page, "jupyterlab-waiting")


async def _works_in_the_terminal(house: House, tab: LabTab, instance: creator_pb2.Instance) -> None:
    """Upload a wheel, and install it as people do: by pip in a terminal."""
    async with tab.page.expect_file_chooser() as choosing:
        await tab.page.locator('[data-jp-item-name="uploader"]').first.click()
    name, data = wheel()
    await (await choosing.value).set_files(
        FilePayload(name=name, mimeType="application/zip", buffer=data)
    )
    await expect(
        tab.page.locator(".jp-DirListing-item", has_text="aigc_test_wheel")
    ).to_be_visible()
    await tab.open_terminal()
    await tab.type_line("echo hallo-$((6*7))")
    await until(lambda: true("hallo-42" in tab.terminal), "the terminal echoes")
    await tab.type_line(f"pip install --no-index ./{name} && echo installed-$((1+1))")
    await until(lambda: true("installed-2" in tab.terminal), "pip installs the wheel")
    await shoot(tab.page, "jupyterlab-terminal")
    assert list((await _volume(house, instance)).glob("packages/*/*/lib/*/site-packages/aigc_*"))


# --- Gradio --------------------------------------------------------------------------------------

# Keeps what the job's progress says; it is shown for a second only.
_WATCH_STEPS = r"""() => {
  const kept = document.querySelector("#kept");
  window.steps = [];
  new MutationObserver(() => {
    const said = kept.innerText.match(/\d+\/10 steps/);
    if (said && !window.steps.includes(said[0])) window.steps.push(said[0]);
  }).observe(kept, {subtree: true, childList: true, characterData: true});
}"""


async def test_gradio(house: House, gradio_image: str) -> None:
    await house.publish("gradio", gradio_image)
    instance = await house.start("gradio")
    async with house.browser() as context:
        page = await context.new_page()
        streams: list[str] = []
        page.on(
            "response", lambda r: streams.append(r.headers.get("content-type", ""))
            if "/queue/data" in r.url else None
        )  # fmt: skip
        await page.goto(instance.url)
        await house.sign_in(page, house.creator)
        await expect(page.locator("#line textarea")).to_be_visible(timeout=2 * SLOW)
        await shoot(page, "gradio-page")

        # A job through the queue, with its progress by server-sent events.
        await page.fill("#line textarea", "a crane in the rain")
        await page.evaluate(_WATCH_STEPS)
        await page.click("#keep")
        await shoot(page, "gradio-progress")
        await expect(page.locator("#kept textarea")).to_have_value(
            "a crane in the rain\n", timeout=SLOW
        )
        steps = await page.evaluate("window.steps")
        assert len(steps) >= 2, steps
        assert any(kind.startswith("text/event-stream") for kind in streams), streams

        # A file up, and down again.
        sketch = bytes(range(256)) * 4096
        await page.set_input_files(
            "#upload input[type=file]",
            FilePayload(name="sketch.bin", mimeType="application/x-sketch", buffer=sketch),
        )
        await expect(page.locator("#size textarea")).to_have_value("sketch.bin: 1048576 bytes")
        async with page.expect_download() as loading:
            await page.locator("#upload a.download-link").click()
        came = Path(await (await loading.value).path())
        assert await asyncio.to_thread(came.read_bytes) == sketch
        await shoot(page, "gradio-file")
        await _install_inside(house, instance)
        await _somebody_else_is_refused(house, instance, "#line")

        await _settle(house, instance)
        await house.publish("gradio", gradio_image, **_SHORT)
        released = await house.until_state(instance.id, "stopped")
        assert as_json(released)["stop_reason"] == "idle"
        await house.publish("gradio", gradio_image, **_USUAL)

        await page.goto(instance.url)
        await expect(page.locator("#kept textarea")).to_have_value(
            "a crane in the rain\n", timeout=2 * SLOW
        )
        said = await _inside(
            house, instance, "python3", "-c", "import aigc_test_wheel as w; print(w)"
        )
        assert "/opt/packages/" in said
        kept = await _volume(house, instance)
        (file,) = kept.glob("uploads/*/sketch.bin")
        assert await asyncio.to_thread(file.read_bytes) == sketch

        # Stopped by its creator, it is started by the next visit.
        await house.stop(instance.id)
        await page.goto(instance.url)
        await expect(page.locator("#line textarea")).to_be_visible(timeout=2 * SLOW)
        assert state_name(await house.instance(instance.id)) == "ready"


async def _install_inside(house: House, instance: creator_pb2.Instance) -> None:
    """Into the app's own Python, as its user: the template's packages folder takes it."""
    name, data = wheel()
    folder = await _volume(house, instance)
    await asyncio.to_thread((folder / name).write_bytes, data)
    said = await _inside(house, instance, "pip", "install", "--no-index", f"/data/{name}")
    assert "Successfully installed" in said


async def _inside(house: House, instance: creator_pb2.Instance, *command: str) -> str:
    """Run a command in the engine's container, as the engine."""

    def run() -> str:
        with contextlib.closing(house.docker.client()) as client:
            (container,) = client.containers.list(filters={"label": f"aigc.instance={instance.id}"})
            code, output = container.exec_run(list(command))
            assert code == 0, output
            return str(output.decode())

    return await asyncio.to_thread(run)


# --- large files ---------------------------------------------------------------------------------


async def test_a_gibibyte_up_and_down_in_constant_memory(house: House, gradio_image: str) -> None:
    """Through the gateway, the tunnel and the agent into a container and back; and a part of it."""
    await house.publish("gradio", gradio_image)
    instance = await house.start("gradio")
    await house.until_state(instance.id, "ready")
    async with house.browser() as context:
        page = await context.new_page()
        await page.goto(instance.url)
        await house.sign_in(page, house.creator)
        await expect(page.locator("#line textarea")).to_be_visible(timeout=2 * SLOW)
        cookies = await context.cookies(instance.url)
        (token,) = [c.get("value", "") for c in cookies if c.get("name") == "__Host-aigc"]
    door = Door(instance.url, token)
    await door.upload("small.bin", 4)  # what is allocated once is allocated now
    sizes = Sizes(house)
    sizes.sample()
    async with sizes.sampled():
        path, sent = await door.upload("large.bin", 1024)
        came = await door.download(path, 1024 * MIB)
    assert came == sent
    grown = sizes.grown()
    assert all(size < 64 * MIB for size in grown.values()), grown
    status, head, part = await door.ask(path, "Range: bytes=1048570-1048585\r\n")
    assert status == 206
    assert b"content-range: bytes 1048570-1048585/1073741824" in head.lower()
    assert part == door.piece[-6:] + door.piece[:10]
    # While it moved, it counted as use: a quarter of an hour from its end on.
    released_at = (await house.instance(instance.id)).release_at_ms
    assert released_at >= sizes.ended_ms + 15 * 60_000 - 10_000
    await house.stop(instance.id)


# --- both ----------------------------------------------------------------------------------------


async def _somebody_else_is_refused(
    house: House, instance: creator_pb2.Instance, engines_own: str
) -> None:
    async with house.browser() as context:
        page = await context.new_page()
        answers: list[Response] = []

        def answered(answer: Response) -> None:
            if answer.request.is_navigation_request():
                answers.append(answer)

        page.on("response", answered)
        await page.goto(instance.url)
        await house.sign_in(page, house.other)
        await until(lambda: true(answers[-1].status == 403), "the other creator is refused")
        assert await page.locator(engines_own).count() == 0
        # Not by a script of a page that is hers either.
        cookies = await context.cookies(instance.url)
        assert not [c for c in cookies if c["name"] == "__Host-aigc"]


async def _settle(house: House, instance: creator_pb2.Instance) -> None:
    """Until the last act has been told: two batches without another one."""

    async def quiet() -> bool:
        before = (await house.instance(instance.id)).last_activity_ms
        await asyncio.sleep(7)
        return (await house.instance(instance.id)).last_activity_ms == before

    await until(quiet, "nothing more is told of the last act", 60)


async def _active_since(house: House, instance: creator_pb2.Instance, moment: int) -> bool:
    return (await house.instance(instance.id)).last_activity_ms >= moment


async def _volume(house: House, instance: creator_pb2.Instance) -> Path:
    """The instance's own volume on the machine, found by what is mounted."""

    def find() -> Path:
        with contextlib.closing(house.docker.client()) as client:
            (container,) = client.containers.list(filters={"label": f"aigc.instance={instance.id}"})
            root = house.demo.plan.folder / "volumes" / "volumes"
            source = Path(container.attrs["Mounts"][0]["Source"])
            return root / source.relative_to(root).parts[0]

    return await asyncio.to_thread(find)


async def _holds(house: House, instance: creator_pb2.Instance, name: str, text: str) -> bool:
    path = (await _volume(house, instance)) / name
    return text in await asyncio.to_thread(path.read_text, "utf-8")


def wheel() -> tuple[str, bytes]:
    """The smallest package that pip installs: its file name and bytes."""
    about = "aigc_test_wheel-1.0.dist-info"
    files = {
        "aigc_test_wheel/__init__.py": "WORD = 'from the volume'\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: aigc-test-wheel\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return "aigc_test_wheel-1.0-py3-none-any.whl", out.getvalue()
