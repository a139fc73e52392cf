"""Each example runs as its head says; those whose packages are absent are skipped."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import colorlab
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def photo(seed):
    coarse = np.random.default_rng(seed).integers(30, 226, (4, 5, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((24, 24, 1), np.uint8))


@pytest.fixture
def place(tmp_path):
    """A folder of three photos."""
    for number in range(3):
        path = tmp_path / "photos" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        colorlab.write(path, photo(number))
    return tmp_path


def run(name, *arguments):
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_colored(path):
    return colorlab.colorfulness(colorlab.read(path, mode="rgb")) > 0


def test_every_example_is_listed():
    text = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.iterdir():
        assert path.name == "README.md" or path.is_dir() or f"`{path.name}`" in text


def test_single_photo(place):
    out = run("single_photo.py", place / "photos/0.jpg", place / "out.png")
    assert "L* differs" in out
    assert is_colored(place / "out.png")


def test_folder(place):
    (place / "photos/broken.jpg").write_bytes(b"\xff\xd8\xff")
    out = run("folder.py", place / "photos", place / "out")
    assert "3 coloured, 0 were done already, 1 failed" in out
    assert is_colored(place / "out/2.jpg")


def test_opencv(place):
    pytest.importorskip("cv2")
    run("opencv.py", place / "photos/1.jpg", place / "out.png")
    assert is_colored(place / "out.png")


def test_torch_dataset(place):
    pytest.importorskip("torch")
    assert "(2, 1, 64, 64) (2, 2, 64, 64)" in run("torch_dataset.py", place / "photos")


@pytest.mark.slow
def test_tf_data(place):
    pytest.importorskip("tensorflow")
    out = run("tf_data.py", place / "photos")
    assert out.count("(96, 120, 3)") == 3


@pytest.mark.slow
def test_hf_datasets(place):
    pytest.importorskip("datasets")
    assert "colored" in run("hf_datasets.py", place / "photos", place / "out")


@pytest.mark.slow
def test_ray_data(place):
    pytest.importorskip("ray")
    (place / "photos/below").mkdir()
    (place / "photos/2.jpg").rename(place / "photos/below/0.jpg")  # two of one name
    assert run("ray_data.py", place / "photos", place / "out").count("ok ") == 3
    for name in ("0.jpg", "1.jpg", "below/0.jpg"):
        assert is_colored(place / "out" / name)


def test_video(place):
    av = pytest.importorskip("av")
    with av.open(str(place / "film.mkv"), "w") as file:
        stream = file.add_stream("ffv1", rate=25, width=120, height=96)
        for _ in range(12):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(photo(1))))
        file.mux(stream.encode(None))
    assert "0 cuts, flicker" in run("video.py", place / "film.mkv", place / "out")
    assert is_colored(place / "out/000010.jpg")


@pytest.mark.slow
def test_notebook(place, monkeypatch):
    pytest.importorskip("skimage")
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.chdir(place)
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text())["cells"]
    namespace = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), namespace)
    assert namespace["guess"].mean() < namespace["nothing"].mean() + 3
    assert not any(cell.get("outputs") for cell in cells)


@contextlib.contextmanager
def serving(*command):
    """The address at which a server answers that takes its `--port` last."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        cwd=EXAMPLES,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the service stopped"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def service():
    """The service on a port of its own."""
    pytest.importorskip("fastapi")
    pytest.importorskip("multipart")
    pytest.importorskip("uvicorn")
    with serving("-m", "uvicorn", "service:app") as address:
        yield address


def post(address, data):
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'
        + data
        + b"\r\n--edge--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    return urllib.request.Request(address + "colorize", body, headers)


@pytest.mark.slow
def test_service(service, place):
    data = (place / "photos/0.jpg").read_bytes()
    with urllib.request.urlopen(post(service, data), timeout=60) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert colorlab.read(answer.read()).shape == (96, 120, 3)
    for wrong, status, code in (
        (b"no photo", 422, "unsupported_format"),
        (data + bytes(64 << 20), 413, "file_too_large"),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(post(service, wrong), timeout=60)
        assert refused.value.code == status
        detail = json.loads(refused.value.read())["detail"]
        assert detail["code"] == code
        assert detail["reason"]  # which the page shows


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_page_of_the_service_is_shown(service, place):
    picture = place / "page.png"
    command = [
        CHROMIUM,
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--window-size=800,600"),
        f"--user-data-dir={place / 'profile'}",
        f"--screenshot={picture}",
        service,
    ]
    environment = os.environ | {"HOME": str(place)}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
    shown = colorlab.read(picture, mode="rgb")
    assert shown.shape[1] == 800
    assert shown.std() > 5  # not a blank page


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the client's warnings are its own
def test_gradio_app(place):
    pytest.importorskip("gradio")
    client = pytest.importorskip("gradio_client")
    film = place / "film.tif"
    colorlab.write(film, photo(4)[..., 0].astype(np.uint16) * 257)
    with serving("gradio_app.py") as address:
        calls = client.Client(address, download_files=place / "got", verbose=False)

        def ask(path):
            return calls.predict(client.handle_file(path), 1, "lightness", api_name="/colorize")

        (before, after), result, certificate = ask(place / "photos/0.jpg")
        assert not np.array_equal(colorlab.read(before), colorlab.read(after))
        assert Path(result).name == "0-colour.jpg"
        assert is_colored(result)
        assert "lightness kept" in certificate
        _, result, _ = ask(film)
        assert colorlab.read(result).dtype == np.uint16
        (place / "broken.jpg").write_bytes(b"\xff\xd8\xff")
        with pytest.raises(client.exceptions.AppError, match=r"broken\.jpg"):
            ask(place / "broken.jpg")
