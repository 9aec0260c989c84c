# SPDX-License-Identifier: GPL-2.0-only
"""Puts the parts together to one self-contained HTML page."""
import os
from html import escape

from report import markup, sections

HERE = os.path.dirname(os.path.abspath(__file__))

METHOD = """<h2 id=method>Method and limits</h2>
<ul>
<li>One run is one sample of the weather: seed {seed}. Repeat with other seeds before you lean on a rare event.</li>
<li>The weather is a function of time alone. Traffic, probes and copies do not change what the next packet meets, so runs
 of the same seed and paths can be compared packet by packet.</li>
<li>Time series are in bins of {interval:g}&nbsp;s. A flow\u2019s bins go by the time a packet was sent; one lost packet of a bin with
 25 shows as 4&nbsp;%.</li>
<li>The flow\u2019s own delay, jitter (RFC 3550) and loss are taken at the receiving application; what a path\u2019s thin line shows is what the
 sending edge knew of it, with the metric its SLA names.</li>
<li>MOS is the E-model of ITU-T G.107. Below 3.60 \u201cmany users are dissatisfied\u201d (its Annex B). A packet too late for the
 receiver\u2019s playout buffer counts as lost for MOS, though not for loss. It is an estimate of opinion, not opinion.</li>
<li>\u201cSurvived\u201d means: loss of the whole flow within its SLA, the 95th percentile of its delay within its SLA, and no bin\u2019s MOS below 3.60.
 The verdict above goes by the scenario\u2019s own expectations instead.</li>
<li>Provider clouds delay, jitter and lose packets; other customers\u2019 congestion exists only as far as the weather says so.
 Hosts and edges take no time to process a packet.</li>
</ul>
"""

SCRIPT = """<script>
for (const mark of document.querySelectorAll('[id^="f1-decision-"]')) {
  const row = document.getElementById('log-' + mark.id.split('-').pop());
  if (!row) continue;
  const light = on => () => { mark.classList.toggle('lit', on); row.classList.toggle('lit', on); };
  for (const side of [mark, row]) {
    side.addEventListener('mouseenter', light(true));
    side.addEventListener('mouseleave', light(false));
  }
  mark.style.cursor = 'pointer';
  mark.addEventListener('click', () => { location.hash = row.id; });
}
</script>
"""


def document(title, body):
    """A whole page; style and script stand inside it, and nothing is fetched from anywhere."""
    with open(os.path.join(HERE, "page.css"), encoding="utf-8") as file:
        css = file.read()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style></head>\n<body>\n{body}\n{SCRIPT}</body></html>\n"
    )


def heading(run):
    scenario = run.info["scenario"]
    about = scenario.get("about")
    return (
        f"<header><h1>{escape(run.name)}</h1>"
        + (f'<p class="about">{escape(about)}</p>' if about else "")
        + "</header>"
    )


def facts(run):
    """Where the run comes from: enough to repeat it."""
    scenario, weft = run.info["scenario"], run.info["weft"]
    git = weft.get("git") or {}
    version = f"{weft['version']}"
    if git.get("commit"):
        version += f", commit {str(git['commit'])[:12]}{' with local changes' if git.get('dirty') else ''}"
    tools = ", ".join(filter(None, (f"ns-3 {weft['ns3']}" if weft.get("ns3") else "", weft.get("compiler") or "")))
    overrides = run.info.get("overrides") or []
    pairs = [
        ("scenario", scenario.get("file")),
        ("digest", scenario["digest"]),
        ("seed", run.info["seed"]),
        ("duration", f"{run.duration:g} s of simulated time"),
        ("overrides", ", ".join(map(str, overrides)) if overrides else "none"),
        ("weft", version),
        ("built with", tools),
    ]
    items = "".join(f"<dt>{name}</dt><dd>{markup.text(value)}</dd>" for name, value in pairs)
    return (
        "<h2 id=repeat>Repeat it</h2><p>The same scenario, seed and program give the same bytes.</p>"
        f"<pre>{escape(sections.command_of(run))}</pre><dl>{items}</dl>"
    )


def picture(stem, prefix, words, out_dir):
    """One figure of the run, inline, with links to its files."""
    links = [(kind.upper(), f"figures/{stem}.{kind}") for kind in ("svg", "pdf", "csv")]
    caption = f'{escape(words)} <span class="hint">Swipe sideways to see all of it.</span> Files:'
    return markup.figure(os.path.join(out_dir, links[0][1]), prefix, caption, links)


def figures_part(pictures, out_dir):
    """The key figure, and the other flows and directions folded away."""
    if not pictures:
        return "<h2 id=figure>The flow on one time axis</h2><p>No flow was recorded, so there is no figure.</p>"
    out = ["<h2 id=figure>The flow on one time axis</h2>"]
    for place, (story, stem) in enumerate(pictures):
        words = f"{story.flow['name']}, {story.direction} ({story.sender} to {story.receiver})."
        drawn = picture(stem, f"f{place + 1}", words, out_dir)
        if place:
            label = f"{story.flow['name']}, {story.direction}: {story.answer()}"
            drawn = f"<details><summary>{escape(label)}</summary>{drawn}</details>"
        out.append(drawn)
    return "".join(out)


FABRIC_FIGURES = {
    "delivery": "Delivered and lost packets of each flow by the time they were sent. The shaded stretch is the flow\u2019s longest outage.",
    "forwarding": "Each bar is an entry of a forwarding table, from when it was added until it went; its colour is where it points to.",
    "flooding": "What each VTEP sent in frames for all, or for a destination it did not know.",
    "balance": "What parallel links carried over the whole run, and the busiest links over time.",
}
FABRIC_HEADS = {
    "delivery": "<h2 id=figure>The flows on one time axis</h2>",
    "forwarding": "<h2 id=forwarding>Forwarding tables in time</h2>",
    "flooding": "<h2 id=flooding>Flooding</h2>",
    "balance": "<h2 id=balance>Links</h2>",
}


def fabric_page(run, drawn, pictures, out_dir):
    """The page of a run over a fabric; what an SD-WAN below it did has its sections only where there is one.

    `drawn` are the stems of the fabric's figures that exist, by their key in FABRIC_FIGURES; `pictures`
    are (story, stem) of flows that were asked for by name.
    """
    from report import fabric_sections

    def part(key, *more):
        more = "".join(more)
        shown = picture(drawn[key], f"x{key[:2]}", FABRIC_FIGURES[key], out_dir) if key in drawn else ""
        return FABRIC_HEADS[key] + shown + more if shown or more else ""

    body = [
        heading(run),
        fabric_sections.headline(run),
        "<main>",
        sections.verdict_band(run),
        part("delivery"),
        sections.expectations(run),
        figures_part(pictures, out_dir) if pictures else "",
        fabric_sections.flows(run),
        fabric_sections.broadcasts(run),
        part("forwarding"),
        sections.decision_log(run, {}) if len(run.decisions) else "",
        sections.measured_and_true(run),
        fabric_sections.walk(run),
        part("flooding", fabric_sections.flooding(run)),
        part("balance", fabric_sections.balance(run)),
        fabric_sections.drops(run),
        fabric_sections.inventory(run),
        sections.network(run, "<h2 id=wan>The WAN below</h2>"),
        fabric_sections.METHOD.format(seed=markup.text(run.info["seed"]), interval=run.interval),
        facts(run),
        "</main>",
    ]
    return document(f"{run.name}: report", "\n".join(part for part in body if part))


def run_page(run, pictures, knowledge, numbers, out_dir):
    """The page of one run.

    `pictures` are (story, file stem), the key figure first, drawn under `out_dir`; `knowledge` is the
    stem of the figure of measured and true, or None; `numbers` maps rows of decisions.csv to the key
    figure's numbers.
    """
    paths = sections.measured_and_true(run)
    if knowledge:
        words = (
            "What the sender of the key figure\u2019s flow knew of its paths. True values are those of one bin;"
            " the edge measures over a longer window, so it follows a change late."
        )
        paths = paths.replace("</h2>", "</h2>" + picture(knowledge, "k1", words, out_dir), 1)
    body = [
        heading(run),
        "<main>",
        sections.verdict_band(run),
        sections.expectations(run),
        figures_part(pictures, out_dir),
        sections.decision_log(run, numbers),
        sections.flows(run),
        paths,
        sections.drops(run),
        sections.network(run),
        METHOD.format(seed=markup.text(run.info["seed"]), interval=run.interval),
        facts(run),
        "</main>",
    ]
    return document(f"{run.name}: report", "\n".join(part for part in body if part))
