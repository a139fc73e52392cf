"""Photos coloured by a cluster: stateless tasks read, actors hold the network. Needs ray[data].

python ray_data.py PHOTOS OUTPUT          RAY_ADDRESS names a cluster; without one, this machine
"""

import argparse
import os
from pathlib import Path

import colorlab
import ray


class Colorize:
    """An actor: one network, one thread, for its whole life."""

    def __init__(self, photos: str, output: str) -> None:
        self.colorizer = colorlab.Colorizer(threads=1)
        self.photos, self.output = photos, Path(output)

    def __call__(self, row: dict) -> dict:
        target = self.output / os.path.relpath(row["path"], self.photos)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            rgb = self.colorizer.colorize(row["bytes"])
            colorlab.write(target, rgb, overwrite=True)  # a retried task writes the same again
        except colorlab.ColorlabError as error:
            return {"path": row["path"], "status": error.code}
        return {"path": row["path"], "status": "ok"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos")
    parser.add_argument("output")
    parser.add_argument("--actors", type=int, default=1)
    args = parser.parse_args()
    folders = [str(Path(each).resolve()) for each in (args.photos, args.output)]

    photos = ray.data.read_binary_files(folders[0], include_paths=True)
    # One core stays free for the tasks that read, or they and the actors wait for each other.
    done = photos.map(Colorize, fn_constructor_args=folders, concurrency=args.actors, num_cpus=1)
    for row in done.iter_rows():
        print(row["status"], row["path"])


if __name__ == "__main__":
    main()
