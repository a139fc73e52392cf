"""Other libraries' pictures and pipelines: one module each, imported only by those who use it.

`colorlab.interop.opencv`, `.torch`, `.tensorflow`, `.huggingface`. Each needs its library when it
is used, and of colorlab little but the public functions. PIL images need none: `Colorizer` takes
them, and `PIL.Image.fromarray` takes what it gives. For Ray there is `colorlab.bulk(engine="ray")`.
"""
