"""Draws the ratios of a run as an SVG: a bar a kernel on a logarithmic scale, from the native time on, and the goal as a mark."""
import math
from xml.sax.saxutils import escape

ROW, BAR, LEFT, WIDTH, RIGHT, TOP = 24, 14, 180, 560, 70, 70
REACHED, MISSED, GOAL, TEXT, GRID = "#2a7f62", "#c8553d", "#1d1d1f", "#333333", "#dddddd"


def draw(title, results):
    """`results` is a list of (name, ratio, goal, reached)."""
    values = [x for _, ratio, goal, _ in results for x in (ratio, goal)]
    low = math.floor(math.log2(min(values + [0.5])) - 0.4)  # with room for the number
    high = math.ceil(math.log2(max(values + [2])))

    def x(value):
        return LEFT + WIDTH * (math.log2(value) - low) / (high - low)

    height = TOP + ROW * len(results) + 50
    bottom = TOP + ROW * len(results)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" width="{LEFT + WIDTH + RIGHT}" '
           f'height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{TEXT}">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>']
    key = 12
    for color, text in ((REACHED, "goal reached"), (MISSED, "goal missed"), (None, "goal")):
        if color:
            out.append(f'<rect x="{key}" y="36" width="14" height="12" fill="{color}"/>')
        else:
            out.append(f'<line x1="{key + 7}" x2="{key + 7}" y1="34" y2="50" stroke="{GOAL}" stroke-width="3"/>')
        out.append(f'<text x="{key + 20}" y="46">{text}</text>')
        key += 120
    for power in range(low, high + 1):
        at, text = x(2.0**power), f"x{2**power}" if power >= 0 else f"x1/{2**-power}"
        color, thick = (TEXT, 1.5) if power == 0 else (GRID, 1)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 4}" y2="{bottom}" stroke="{color}" stroke-width="{thick}"/>')
        out.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{text}</text>')
    out.append(f'<text x="{x(1) - 8:.1f}" y="{bottom + 36}" text-anchor="end">&#8592; faster than native</text>')
    out.append(f'<text x="{x(1) + 8:.1f}" y="{bottom + 36}">slower than native &#8594;</text>')
    for i, (name, ratio, goal, reached) in enumerate(results):
        y = TOP + ROW * i
        begin, end = sorted((x(1), x(ratio)))
        label, anchor = (end + 5, "start") if ratio >= 1 else (begin - 5, "end")
        # The number keeps clear of the mark.
        if ratio >= 1 and 0 <= x(goal) - end < 44:
            label = x(goal) + 6
        if ratio < 1 and 0 <= begin - x(goal) < 44:
            label = x(goal) - 6
        out.append(f'<text x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(name.replace("_", " "))}</text>')
        out.append(f'<rect x="{begin:.1f}" y="{y + 5}" width="{max(end - begin, 1):.1f}" height="{BAR}" fill="{REACHED if reached else MISSED}"/>')
        out.append(f'<line x1="{x(goal):.1f}" x2="{x(goal):.1f}" y1="{y + 2}" y2="{y + BAR + 8}" stroke="{GOAL}" stroke-width="3"/>')
        out.append(f'<text x="{label:.1f}" y="{y + 16}" text-anchor="{anchor}">{ratio:.2f}</text>')
    return "\n".join(out) + "\n</svg>\n"
