"""Colours a tree of folders and lists what failed and what took longest.

python folder.py PHOTOS OUTPUT
"""

import argparse

import colorlab


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos")
    parser.add_argument("output")
    args = parser.parse_args()

    outcomes = []
    report = colorlab.bulk(args.photos, args.output, resume=True, on_outcome=outcomes.append)
    print(f"{report.done} coloured, {report.skipped} were done already, {report.failed} failed")
    for outcome in report.failures:
        print(f"  {outcome.path}: {outcome.error.reason}")
    for outcome in sorted(outcomes, key=lambda each: -each.seconds)[:3]:
        print(f"  {outcome.seconds:.2f} s {outcome.path}")


if __name__ == "__main__":
    main()
