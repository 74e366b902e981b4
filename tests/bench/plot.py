"""Bars of medians with whiskers from the lowest to the highest repetition, as SVG."""
import math
import statistics
import textwrap
from xml.sax.saxutils import escape

PANEL_WIDTH, LABEL_WIDTH, VALUE_WIDTH, ROW, TOP, GAP = 560, 190, 46, 17, 44, 24
COLUMNS = 2
STYLE = """
  text { font: 11px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 13px; font-weight: 600; }
  .ours { font-weight: 600; }
  .faint { fill: #59636e; }
  .paper { fill: #ffffff; }
  .grid { stroke: #d9dee3; }
  .whisker { stroke: #1f2328; fill: none; }
  .other { fill: #9aa7b4; }
  .own { fill: #2f6feb; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { fill: #9198a1; }
    .paper { fill: #0d1117; }
    .grid { stroke: #30363d; }
    .whisker { stroke: #e6edf3; }
    .other { fill: #5b6673; }
    .own { fill: #4c8dff; }
  }
"""


def number(value):
    """A few digits, never an exponent."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def scale_of(figures):
    """Powers of ten around the values, and a function from a value to a share of the width."""
    low = math.floor(math.log10(max(0.1, min(min(values) for values in figures.values()))))
    high = math.ceil(math.log10(max(max(values) for values in figures.values())))
    high = max(high, low + 1)

    def share(value):
        return (math.log10(max(value, 10**low)) - low) / (high - low)
    return range(low, high + 1), share


def panel(x, y, title, figures, unit, ours):
    """One panel of bars, the shortest on top. Returns its elements and its height."""
    names = sorted(figures, key=lambda name: statistics.median(figures[name]))
    powers, share = scale_of(figures)
    left, width = x + LABEL_WIDTH, PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    bottom = y + TOP + ROW * len(names)
    parts = [f'<text class="title" x="{x}" y="{y + 14}">{escape(title)}</text>',
             f'<text class="faint" text-anchor="end" x="{left + width}" y="{y + 14}">'
             f'{escape(unit)}, log scale</text>']
    for power in powers:
        at = left + width * share(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{y + TOP - 6}" '
                     f'y2="{bottom}"/>')
        parts.append(f'<text class="faint" text-anchor="middle" x="{at:.1f}" y="{y + TOP - 10}">'
                     f'{number(10.0**power)}</text>')
    for row, name in enumerate(names):
        own = name.startswith(ours)
        top = y + TOP + ROW * row
        middle = top + ROW / 2
        start, at, end = (left + width * share(value) for value in
                          (min(figures[name]), statistics.median(figures[name]),
                           max(figures[name])))
        parts += [
            f'<text class="{"ours" if own else "plain"}" text-anchor="end" x="{left - 6}" '
            f'y="{middle + 4}">{escape(name)}</text>',
            f'<rect x="{left}" y="{top + 3}" width="{max(1.0, at - left):.1f}" height="{ROW - 6}" '
            f'class="{"own" if own else "other"}"/>',
            f'<path class="whisker" d="M{start:.1f} {middle}H{end:.1f}M{start:.1f} {middle - 3}v6'
            f'M{end:.1f} {middle - 3}v6"/>',
            f'<text x="{end + 5:.1f}" y="{middle + 4}">'
            f'{number(statistics.median(figures[name]))}</text>']
    return parts, TOP + ROW * len(names)


def bars(panels, unit, ours, origin):
    """The whole picture. `panels` are pairs of a title and {name: values}; names that begin with
    `ours` stand out."""
    parts, y = [], GAP
    for first in range(0, len(panels), COLUMNS):
        heights = []
        for column, (title, figures) in enumerate(panels[first:first + COLUMNS]):
            drawn, height = panel(GAP + column * (PANEL_WIDTH + GAP), y, title, figures, unit, ours)
            parts += drawn
            heights.append(height)
        y += max(heights) + GAP
    width = GAP + COLUMNS * (PANEL_WIDTH + GAP)
    notes = "Bars: median. Whiskers: lowest and highest repetition. " + origin.replace("`", "")
    for line in textwrap.wrap(notes, 190):
        parts.append(f'<text class="faint" x="{GAP}" y="{y + 4}">{escape(line)}</text>')
        y += 15
    height = y + GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape('The buffer pool beside others: ' + unit)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *parts, "</svg>"]) + "\n"
