// SPDX-License-Identifier: GPL-2.0-only
// The page without this script is whole; with it the table filters, commands are copied by a button, and timelines zoom (where uPlot is embedded).
'use strict';
(() => {
	const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
	const make = (tag, text, parent) => { const node = document.createElement(tag); node.textContent = text; parent.append(node); return node; };

	// filters: what a row is tested for stands in its attributes
	function setUpFilters() {
		const form = document.querySelector('.filters'), rows = all('table.cases tbody tr');
		const sections = new Map(all('details.case').map(d => [d.dataset.case, d]));
		if (!form) // a page without a table of cases
			return;
		const search = form.querySelector('input[type=search]'), verdicts = all('input[data-verdict]', form), params = all('select', form);

		function matches(row) {
			const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), text = row.textContent.toLowerCase();
			const known = row.dataset.params.split('\n');
			return words.every(word => text.includes(word)) &&
				verdicts.every(box => box.checked || box.dataset.verdict !== row.dataset.verdict) &&
				params.every(choice => !choice.value || known.includes(choice.dataset.param + '=' + choice.value));
		}
		function apply() {
			let shown = 0;
			for (const row of rows) {
				const hit = matches(row), section = sections.get(row.dataset.case);
				row.hidden = !hit;
				if (section)
					section.hidden = !hit;
				shown += hit;
			}
			form.querySelector('output').textContent = shown + ' of ' + rows.length + ' shown';
		}
		form.addEventListener('input', apply);
		form.addEventListener('submit', event => event.preventDefault());
		for (const button of all('button[data-open]', form))
			button.addEventListener('click', () => { for (const d of sections.values()) d.open = !d.hidden && button.dataset.open === '1'; });
		form.hidden = false;
		apply();
	}

	// browsers that do not open a section for a link into it
	function openTarget() {
		const target = document.getElementById(decodeURIComponent(location.hash.slice(1))), section = target && target.closest('details');
		if (section && !section.open) {
			section.open = true;
			target.scrollIntoView();
		}
	}

	function setUpCopy() {
		for (const code of all('code.copy')) {
			const button = make('button', 'copy', document.createDocumentFragment());
			button.type = 'button';
			button.className = 'small';
			code.after(button);
			button.addEventListener('click', async () => {
				getSelection().selectAllChildren(code);
				try {
					await navigator.clipboard.writeText(code.textContent);
					button.textContent = 'copied';
				} catch (error) {
					button.textContent = 'selected';
				}
			});
		}
	}

	// values as the report writes them
	const scaled = (value, units) => { const [scale, name] = units.find(([s]) => Math.abs(value) >= s) || units[units.length - 1]; return +(value / scale).toPrecision(3) + ' ' + name; };
	const bytes = value => scaled(value, [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']]);
	const powersOfTwo = Array.from({length: 50}, (_, i) => 2 ** i);
	const formats = {
		'bytes': bytes, 'bytes/s': value => bytes(value) + '/s',
		'ns': value => scaled(value, [[1e9, 's'], [1e6, 'ms'], [1e3, 'us'], [1, 'ns']]),
		'share': value => +(value * 100).toPrecision(3) + ' %', '/s': value => +value.toPrecision(4) + '/s', 's': value => +value.toPrecision(4) + ' s',
	};

	// a path of the static plot back into [times, values]; a pen lifted is a hole
	function decode(path, toTime, toValue) {
		const steps = path.getAttribute('d').match(/[Mlhv][^Mlhv]*/g) || [], form = path.dataset.form, times = [], values = [];
		let x = 0, y = 0;
		const put = value => { if (!times.length || toTime(x) > times[times.length - 1]) { times.push(toTime(x)); values.push(value); } else values[values.length - 1] = value; };
		steps.forEach((step, i) => {
			const n = step.slice(1).trim().split(/\s+/).map(Number), kind = step[0];
			if (kind === 'M') {
				if (times.length && form !== 'dots') {
					times.push((times[times.length - 1] + toTime(n[0])) / 2);
					values.push(null);
				}
				[x, y] = n;
				put(toValue(y));
			} else if (kind === 'l') {
				x += n[0];
				y += n[1];
				put(toValue(y));
			} else if (kind === 'h') {
				x += n[0];
				if (form === 'before')
					put(toValue(y));
			} else {
				y += n[0];
				if (form === 'after')
					put(toValue(y));
			}
		});
		return [times, values];
	}

	function seriesOf(path) {
		const style = getComputedStyle(path), form = path.dataset.form, dash = style.strokeDasharray;
		const series = {label: path.dataset.label, stroke: style.stroke, width: 1.6, points: {show: false}};
		if (dash !== 'none')
			series.dash = dash.split(/[\s,]+/).map(parseFloat);
		if (form === 'before' || form === 'after')
			series.paths = uPlot.paths.stepped({align: form === 'before' ? -1 : 1});
		if (form === 'dots') {
			series.paths = () => null;
			series.points = {show: true, size: 7, fill: style.stroke};
		}
		return series;
	}

	// phases and faults, as in the static plot
	function drawSpans(u, svg, toTime) {
		const ctx = u.ctx, box = u.bbox;
		ctx.save();
		ctx.beginPath();
		ctx.rect(box.left, box.top, box.width, box.height);
		ctx.clip();
		for (const rect of all('rect', svg)) {
			const from = u.valToPos(toTime(+rect.getAttribute('x')), 'x', true), width = u.valToPos(toTime(+rect.getAttribute('x') + +rect.getAttribute('width')), 'x', true) - from;
			ctx.globalAlpha = +rect.getAttribute('fill-opacity');
			ctx.fillStyle = rect.getAttribute('fill');
			ctx.fillRect(from, box.top, width, box.height);
		}
		ctx.globalAlpha = 1;
		ctx.setLineDash([4, 2]);
		for (const path of all('path.fault, path.lifecycle, path.unsettled, path.stuck', svg)) {
			const at = u.valToPos(toTime(+path.getAttribute('d').match(/^M(\d+)/)[1]), 'x', true);
			ctx.strokeStyle = getComputedStyle(path).stroke;
			ctx.beginPath();
			ctx.moveTo(at, box.top);
			ctx.lineTo(at, box.top + box.height);
			ctx.stroke();
		}
		ctx.restore();
	}

	function zoomPanel(figure, group, from, to) {
		const svg = figure.querySelector('svg.plot'), paths = all('path[data-form]', svg), top = +svg.dataset.top, format = formats[svg.dataset.unit];
		const toTime = x => from + (to - from) * x / 10000, toValue = y => top * (10000 - y) / 10000;
		const colour = getComputedStyle(figure).color, grid = {stroke: 'rgba(128,128,128,.3)', width: 1}, axis = {stroke: colour, grid, ticks: grid, font: '11px sans-serif'};
		const u = new uPlot({
			width: figure.clientWidth, height: 170,
			scales: {x: {time: false}, y: {range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1]}},
			axes: [axis, Object.assign({size: 74, values: (_, ticks) => ticks.map(format)}, svg.dataset.unit.startsWith('bytes') ? {incrs: powersOfTwo} : {}, axis)],
			series: [{label: 'time', value: (_, v) => v == null ? '-' : v.toFixed(3) + ' s'}]
				.concat(paths.map(path => Object.assign(seriesOf(path), {value: (_, v) => v == null ? '-' : format(v)}))),
			cursor: {sync: {key: group.key}, drag: {x: true, y: false}},
			hooks: {
				drawClear: [self => drawSpans(self, svg, toTime)],
				setScale: [(self, key) => { if (key === 'x') group.follow(self); }],
			},
		}, uPlot.join(paths.map(path => decode(path, toTime, toValue))), figure);
		return u;
	}

	function zoomable(timeline, number) {
		const from = +timeline.dataset.from, to = +timeline.dataset.to, figures = all('figure.panel', timeline);
		const tools = make('span', '', timeline.querySelector('h4'));
		let plots = [], following = false;
		const group = {
			key: 'case' + number,
			follow(leader) {
				if (following)
					return;
				following = true;
				for (const plot of plots)
					if (plot !== leader && leader.scales.x.min != null)
						plot.setScale('x', {min: leader.scales.x.min, max: leader.scales.x.max});
				following = false;
			},
		};
		const show = (low, high) => { if (plots.length) plots[0].setScale('x', {min: Math.max(from, low), max: Math.min(to, high)}); };
		const view = () => { const {min, max} = plots[0].scales.x; return [min, max, max - min]; };
		const actions = {
			'zoom in': () => { const [min, max, width] = view(); show(min + width / 4, max - width / 4); },
			'zoom out': () => { const [min, max, width] = view(); show(min - width / 2, max + width / 2); },
			'earlier': () => { const [min, , width] = view(), low = Math.max(from, min - width / 3); show(low, low + width); },
			'later': () => { const [, max, width] = view(), high = Math.min(to, max + width / 3); show(high - width, high); },
			'all': () => show(from, to),
		};
		function close() {
			for (const plot of plots)
				plot.destroy();
			plots = [];
			timeline.classList.remove('zoomed');
		}
		function open() {
			plots = figures.map(figure => zoomPanel(figure, group, from, to));
			timeline.classList.add('zoomed');
			show(from, to);
		}
		tools.className = 'tools';
		const toggle = make('button', 'zoomable', tools), extra = make('span', '', tools);
		for (const [name, act] of Object.entries(actions))
			make('button', name, extra).addEventListener('click', act);
		make('span', ' drag to zoom, double click for all', extra).className = 'note';
		for (const button of all('button', tools)) {
			button.type = 'button';
			button.className = 'small';
		}
		extra.hidden = true;
		toggle.addEventListener('click', () => {
			if (plots.length)
				close();
			else
				open();
			extra.hidden = !plots.length;
			toggle.textContent = plots.length ? 'static' : 'zoomable';
		});
		new ResizeObserver(() => { for (const plot of plots) if (plot.root.parentNode.clientWidth) plot.setSize({width: plot.root.parentNode.clientWidth, height: 170}); }).observe(timeline);
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (plots.length) { close(); open(); } });
	}

	setUpFilters();
	setUpCopy();
	// what is folded is not printed
	addEventListener('beforeprint', () => { for (const list of all('details.case[open] details.events')) list.open = true; });
	addEventListener('hashchange', openTarget);
	openTarget();
	if (typeof uPlot === 'function')
		all('section.timeline').forEach(zoomable);
})();
