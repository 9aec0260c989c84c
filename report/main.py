# SPDX-License-Identifier: GPL-2.0-only
"""The command line of the report. Exit codes: 0 written, 2 the input or the command line is wrong."""
import argparse
import os
import sys

if __package__ in (None, ""):  # run as a file: the package's own folder must not hide the library's modules
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from report.results import read_run  # noqa: E402
from report.tables import ReportError  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(
        prog="report",
        description="Writes index.html, and figures as SVG and PDF with the CSV behind each, from finished runs.",
    )
    parser.add_argument("run", nargs="+", metavar="RUN_DIR", help="directory of a run (with its run.json)")
    parser.add_argument(
        "--compare", action="store_true", help="one report of several runs; RUN_DIR may be written LABEL=DIR"
    )
    parser.add_argument("--out", metavar="DIR", help="where to write (default: RUN_DIR/report)")
    parser.add_argument("--flow", help="flow of the key figure (default: the first voice flow)")
    parser.add_argument(
        "--direction", choices=("forward", "backward"), default="forward", help="direction of the key figure"
    )
    parser.add_argument("--all", action="store_true", help="draw every flow, not only the key figure's")
    return parser


def report_run(options):
    """Writes the report of one run; returns the page's path."""
    from report import page, style
    from report.knowledge import draw_knowledge
    from report.marks import named_decisions
    from report.story import Story
    from report.timeline import draw_timeline

    style.prepare()
    run = read_run(options.run[0])
    out = options.out or os.path.join(run.directory, "report")
    drawn = _draw_fabric(run, out) if run.fabric else {}
    if run.fabric:
        named = [run.flow(options.flow)] if options.flow else run.info["flows"] if options.all else []
        pictures = []
        for flow in named:
            for direction in run.directions(flow["name"]):
                stem = f"timeline-{flow['name']}-{direction}"
                pictures.append((Story(run, flow, direction), stem))
                draw_timeline(pictures[-1][0], os.path.join(out, "figures", stem))
        return write(os.path.join(out, "index.html"), page.fabric_page(run, drawn, pictures, out))
    key = run.flow(options.flow) if options.flow else run.default_flow()
    chosen = []
    if key:
        wanted = [key] + ([flow for flow in run.info["flows"] if flow is not key] if options.all else [])
        for flow in wanted:
            directions = run.directions(flow["name"])
            directions.sort(key=lambda direction: direction != options.direction)
            chosen += [Story(run, flow, direction) for direction in directions]
        if not chosen or chosen[0].flow is not key:
            raise ReportError(f'{run.directory}: flows.csv has no packets of flow "{key["name"]}"')
    pictures = []
    for story in chosen:
        stem = f"timeline-{story.flow['name']}-{story.direction}"
        draw_timeline(story, os.path.join(out, "figures", stem))
        pictures.append((story, stem))
    knowledge = None
    if chosen and draw_knowledge(chosen[0], os.path.join(out, "figures", "paths-" + pictures[0][1][9:])):
        knowledge = "paths-" + pictures[0][1][9:]
    numbers = {d.row: number for number, d in named_decisions(chosen[0])} if chosen else {}
    return write(os.path.join(out, "index.html"), page.run_page(run, pictures, knowledge, numbers, out))


def _draw_fabric(run, out):
    """Draws what the run's data allows; returns {key of page.FABRIC_FIGURES: file stem}."""
    from report.balance import draw_balance
    from report.delivery import draw_delivery
    from report.flooding import draw_flooding
    from report.forwarding import draw_forwarding

    draws = {"delivery": draw_delivery, "forwarding": draw_forwarding, "flooding": draw_flooding, "balance": draw_balance}
    return {key: key for key, draw in draws.items() if draw(run, os.path.join(out, "figures", key))}


def write(path, text):
    """Writes `text` by way of a second name, so that a page is whole or not there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.replace(path + ".part", path)
    return path


def main(argv):
    parser = arguments()
    options = parser.parse_args(argv)
    if options.compare and not options.out:
        parser.error("--compare needs --out DIR")
    if not options.compare and len(options.run) > 1:
        parser.error("several runs need --compare")
    try:
        if options.compare:
            from report.compare import report_comparison

            print(report_comparison(options))
        else:
            print(report_run(options))
    except ReportError as error:
        print(f"report: error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"report: error: {error}; install python3-matplotlib and use /usr/bin/python3", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"report: error: cannot write: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
