// What the page can do beyond showing: values under the pointer or the arrow keys,
// one time in all plots over time, sorting, hiding strategies, saving.
(() => {
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, props, ...inside) => {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...inside);
	return e;
};

// A number as the tables write it: scales say up to which value which unit is used.
const write = (v, axis) => {
	const [, div, decimals, unit] = axis.s.find(s => Math.abs(v) <= s[0]);
	const text = (v / div).toFixed(decimals);
	return (unit && decimals < 2 ? text : text.replace(/\.0+$/, "")) + unit;
};
const valueAt = (axis, f) => axis.log ? axis.lo * (axis.hi / axis.lo) ** f : axis.lo + f * (axis.hi - axis.lo);
const placeOf = (axis, v) => (v - axis.lo) / (axis.hi - axis.lo);

// The points of a path, which is made of relative moves: [x, y, whether a line begins].
const pointsOf = path => path.points ??= (() => {
	let x = 0, y = 0;
	return [...path.getAttribute("d").matchAll(/([ml]?)(-?\d+) ?(-?\d+)/g)].map(m => [x += +m[2], y += +m[3], m[1] == "m"]);
})();
// The y of a path at x; undefined where it has a gap.
const pathAt = (path, x, level) => {
	const p = pointsOf(path);
	let i = p.findLastIndex(q => q[0] <= x);
	if (i < 0) return;
	const [a, b] = [p[i], p[i + 1]];
	if (!b || b[2]) return a[0] == x || level && x < a[0] + 1 ? a[1] : undefined;
	return level && b[0] - a[0] <= 1 || a[0] == b[0] ? a[1] : a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]);
};

const tip = make("div", {className: "ratesim-tip", hidden: true});
tip.setAttribute("role", "status");
const axesOf = e => e.axes ??= JSON.parse(e.dataset.axes);
const areaOf = e => e.matches("svg") ? e : e.querySelector(".area");

// What a plot shows at a place along its x axis, as lines of text.
const told = (plot, f) => {
	const {x, y} = axesOf(plot);
	const time = write(valueAt(x, f), x);
	if (plot.dataset.values !== undefined) {
		const step = Math.floor(f * x.n);
		return [plot.closest(".strip").dataset.n + " at " + time, ...plot.dataset.values.split("\n").filter(Boolean).map(line => {
			const [kind, list] = line.split(":");
			let i = 0;
			for (const part of list.split(" ")) {
				const [v, n] = part.split("*");
				if ((i += +(n ?? 1)) > step) return v + " " + kind;
			}
			return "0 " + kind;
		})];
	}
	let at = f * x.n;
	if ("level" in plot.dataset) at = Math.min(Math.floor(at + x.lo / (x.hi - x.lo) * x.n), x.n - 1);
	const value = p => {
		const v = pathAt(p, at, "level" in plot.dataset);
		return v === undefined ? undefined : valueAt(y, 1 - v / y.n);
	};
	const kinds = {kadmitted: "admitted", k429: "429", klost: "other failures"};
	let below = 0;
	const stack = all(".fill", plot).reverse().map(p => {
		const name = Object.keys(kinds).find(k => p.classList.contains(k)), v = value(p);
		if (!name || v === undefined) return;
		const own = v <= y.lo ? 0 : v - below;
		below = v <= y.lo ? 0 : v;
		return kinds[name] + ": " + write(Math.max(own, 0), y);
	}).filter(Boolean);
	const lines = all(".line:not(.off)", plot).filter(p => p.dataset.t).map(p => [p.dataset.t, value(p)]).filter(p => p[1] !== undefined).sort((a, b) => b[1] - a[1]);
	const most = 14;
	return [time, ...stack, ...lines.slice(0, most).map(([name, v]) => write(v, y) + "  " + name), ...(lines.length > most ? [lines.length - most + " more are below"] : [])];
};

const hide = () => {
	tip.hidden = true;
	all(".cursor.on").forEach(c => c.classList.remove("on"));
};
const point = (plot, f, clientX, clientY) => {
	hide();
	const {x} = axesOf(plot);
	const mark = (e, at) => {
		const c = areaOf(e).querySelector(".cursor");
		if (!c || at < 0 || at > 1) return;
		c.setAttribute("x1", at * 100 + "%");
		c.setAttribute("x2", at * 100 + "%");
		c.classList.add("on");
	};
	mark(plot, f);
	if ("time" in plot.dataset) all("[data-time][data-axes]").forEach(e => mark(e, placeOf(axesOf(e).x, valueAt(x, f))));
	plot.place = f;
	tip.textContent = told(plot, f).join("\n");
	if (!tip.isConnected) document.body.append(tip);
	tip.hidden = false;
	const box = tip.getBoundingClientRect();
	tip.style.left = Math.max(4, clientX + 16 + box.width > innerWidth ? clientX - 16 - box.width : clientX + 16) + "px";
	tip.style.top = Math.max(4, Math.min(clientY + 12, innerHeight - box.height - 8)) + "px";
};
document.addEventListener("pointermove", e => {
	const plot = e.target.closest?.("[data-axes]");
	if (!plot) return hide();
	const box = areaOf(plot).getBoundingClientRect(), f = (e.clientX - box.left) / box.width;
	if (f < 0 || f > 1 || !axesOf(plot).x) return hide();
	point(plot, f, e.clientX, e.clientY);
});
document.addEventListener("keydown", e => {
	const plot = e.target, step = {ArrowLeft: -0.01, ArrowRight: 0.01}[e.key];
	if (e.key == "Escape") hide();
	if (!step || !plot.dataset?.axes) return;
	e.preventDefault();
	const box = areaOf(plot).getBoundingClientRect(), f = Math.min(Math.max((plot.place ?? 0.5) + step, 0), 1);
	point(plot, f, box.left + f * box.width, box.top);
});
document.addEventListener("focusout", hide);

// Sorting moves rows, and with each the parts that follow it. The first click puts the
// smallest first, the next one the largest; the name's column restores the order.
const sort = button => {
	const th = button.closest("th"), body = th.closest("table").tBodies[0], col = th.cellIndex;
	const up = th.ariaSort != "ascending" || col == 0;
	all("th", th.parentNode).forEach(h => h.removeAttribute("aria-sort"));
	th.setAttribute("aria-sort", up ? "ascending" : "descending");
	body.whole ??= [...body.rows];
	const blocks = [];
	for (const row of body.whole) {
		if (row.matches(".part,.title") && blocks.length && !row.matches(".title")) blocks.at(-1).push(row);
		else blocks.push([row]);
	}
	const key = rows => { const v = rows[0].cells[col]?.dataset.v; return v ? +v : NaN; };
	if (col) blocks.sort((a, b) => {
		const [x, y] = [key(a), key(b)];
		if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y);
		return x == y ? 0 : x < y == up ? -1 : 1;
	});
	body.append(...blocks.flat());
};

// Strategies that are hidden, in all charts of the page.
const hidden = new Set();
const show = () => {
	all(".line[data-n],.label[data-n],.strip[data-n]").forEach(e => {
		const names = e.dataset.n.split("\n");
		e.classList.toggle("off", e.dataset.n != "" && names.every(n => hidden.has(n)));
	});
	all(".toggles input").forEach(i => i.checked = !hidden.has(i.value));
	all(".toggles").forEach(t => t.firstChild.textContent = "Shown: " + all("input:checked", t).length + " of " + all("input", t).length);
};
const toggles = section => {
	const names = [...new Set(all(".line[data-n],.strip[data-n]", section).flatMap(e => e.dataset.n.split("\n")))].filter(Boolean);
	if (names.length < 2) return;
	const set = (list, on) => { list.forEach(n => on ? hidden.delete(n) : hidden.add(n)); show(); };
	const box = n => make("label", {}, make("input", {type: "checkbox", value: n, onchange: e => set([n], e.target.checked)}), make("bdi", {textContent: n}));
	const first = section.matches(".side") ? section : section.querySelector(".plot,.stripes");
	first.before(make("details", {className: "toggles"}, make("summary", {}),
		make("div", {}, ...[["All", true], ["None", false]].map(([text, on]) => make("button", {type: "button", textContent: text, onclick: () => set(names, on)})), ...names.map(box))));
};

// Long data is compressed. What is saved as CSV is in the page as a string of JSON.
const text = async e => e.type == "application/json" ? e.textContent
	: new Response(new Blob([Uint8Array.from(atob(e.textContent), c => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
const save = async kind => {
	const body = await text(document.getElementById("ratesim-" + kind));
	const file = kind == "csv" ? new Blob([JSON.parse(body)], {type: "text/csv"}) : new Blob([body], {type: "application/json"});
	const a = make("a", {href: URL.createObjectURL(file), download: "result." + kind});
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 1000);
};

document.addEventListener("click", e => {
	const button = e.target.closest?.("button");
	if (button?.matches(".sort")) sort(button);
	if (button?.dataset.save) save(button.dataset.save);
});

// ratesimEnhance readies what was just put into the page.
globalThis.ratesimEnhance = root => {
	all("span.sort", root).forEach(s => {
		s.replaceWith(make("button", {type: "button", className: "sort"}, ...s.childNodes));
	});
	all("thead th:first-child:has(.sort)", root).forEach(h => h.setAttribute("aria-sort", "ascending"));
	all("table.rank:has(.fold)", root).forEach(t => {
		t.classList.add("folded");
		const more = make("button", {type: "button", className: "ratesim-more", textContent: "Show " + all(".fold", t).length + " more", onclick: () => { t.classList.remove("folded"); more.remove(); }});
		t.after(more);
	});
	all(".chart.curves,.chart.strips,.side:has(.timeseries)", root).forEach(toggles);
	all(".plot[data-axes]", root).forEach(p => { p.tabIndex = 0; p.setAttribute("role", "group"); p.setAttribute("aria-label", "Arrow keys read the values"); });
	all(".save[hidden]", root).forEach(p => p.hidden = false);
	show();
};
ratesimEnhance(document);
})();
