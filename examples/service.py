"""A web service: photos in, colour out, and a page to compare before and after. Needs the extra
`service` (fastapi, uvicorn, python-multipart).

uvicorn service:app          then open http://127.0.0.1:8000
curl -F photo=@old.jpg http://127.0.0.1:8000/colorize -o new.png
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import colorlab
from fastapi import FastAPI, HTTPException, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

MAX_BYTES = 64 << 20
LIMITS = {"max_pixels": 50_000_000}


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with colorlab.Colorizer(limits=LIMITS) as app.state.colorizer:
        yield


app = FastAPI(title="colorlab", lifespan=lifespan)


@app.post("/colorize", response_class=Response)
async def colorize(
    request: Request,
    photo: UploadFile,
    saturation: Annotated[float, Query(ge=0, le=10)] = 1.0,
) -> Response:
    """The photo in colour, as PNG of its own size, upright."""
    if (photo.size or 0) > MAX_BYTES:
        reason = f"the file is larger than {MAX_BYTES >> 20} MB"
        raise HTTPException(413, {"code": "file_too_large", "reason": reason})
    data = await photo.read()

    def work() -> bytes:
        rgb = request.app.state.colorizer.colorize(data, saturation=saturation)
        return colorlab.encode(rgb, "png")

    try:
        return Response(await run_in_threadpool(work), media_type="image/png")
    except colorlab.ImageError as error:
        raise HTTPException(422, {"code": error.code, "reason": error.reason}) from error


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    return PAGE


PAGE = """<!doctype html><meta charset="utf-8"><title>colorlab</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto; padding: 1rem }
  figure { position: relative; margin: 1rem 0; --cut: 50% }
  figure img { display: block; width: 100% }
  #after { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--cut)) }
  figure::after { content: ""; position: absolute; inset: 0 auto 0 var(--cut) }
  figure::after { border-left: 2px solid #fff }
  input[type=range] { width: 100% }
  figure.unseen #before { filter: grayscale(1) }
  [hidden] { display: none }
</style>
<h1>Black and white into colour</h1>
<p><label>A photograph: <input type="file" id="file" accept="image/*"></label>
<output id="note"></output>
<div id="result" hidden>
  <figure id="figure"><img id="before" alt="before"><img id="after" alt="after"></figure>
  <label>Before and after <input type="range" id="slider" min="0" max="100" value="50"></label>
</div>
<script>
  const $ = id => document.getElementById(id)
  $('slider').oninput = () => $('figure').style.setProperty('--cut', $('slider').value + '%')
  $('file').onchange = async () => {
    const photo = $('file').files[0], form = new FormData()
    if (!photo) return
    form.append('photo', photo)
    $('note').textContent = 'colouring …'
    try {
      const answer = await fetch('/colorize', { method: 'POST', body: form })
      if (!answer.ok) throw Error((await answer.json()).detail.reason)
      $('after').src = URL.createObjectURL(await answer.blob())
      $('figure').className = ''
      $('before').src = URL.createObjectURL(photo)
      $('result').hidden = false
      $('note').textContent = ''
    } catch (error) { $('note').textContent = error.message }
  }
  // What a browser cannot show, such as TIFF, is shown as the result without its colour.
  $('before').onerror = () => { $('figure').className = 'unseen'; $('before').src = $('after').src }
</script>
"""
