// The page of ratesim ui. The server draws; this sends what was chosen, as a query, and
// puts the parts of the answer in their places.
'use strict';
const $ = s => document.querySelector(s), all = (s, e = document) => [...e.querySelectorAll(s)];
const id = document.body.dataset.page, panel = $('#panel');
let source, timer, busy = false, label = 0, command = '';

// What differs from the scenario, as a query.
function state() {
  const q = new URLSearchParams();
  for (const e of all('select[name], input[name]', panel)) {
    if (e.type == 'checkbox' || e.dataset.was === undefined && !e.value) continue;
    const was = e.dataset.default ?? e.dataset.was ?? '';
    if (e.value != was) q.append(e.name, e.value);
  }
  const boxes = all('[name=strategy]', panel), on = boxes.filter(b => b.checked);
  if (boxes.some(b => b.checked != (b.dataset.was !== undefined))) {
    if (!on.length) q.append('strategy', '');
    for (const b of on) q.append('strategy', b.value);
  }
  return q;
}

function link() {
  const q = state().toString();
  history.replaceState(null, '', q ? '?' + q : location.pathname);
  $('#save').href = 'scenario.yaml?' + q;
}

// Errors stand at their fields; those of no field, under the verdict.
function problems(list) {
  for (const e of all('.error', panel)) e.textContent = '';
  for (const e of all('[aria-invalid]', panel)) e.removeAttribute('aria-invalid');
  $('#wrong').replaceChildren();
  for (const p of list) {
    const at = document.getElementById('e-' + p.field);
    if (at) {
      at.textContent += (at.textContent ? '\n' : '') + p.text;
      const input = all('input, select', at.parentElement).find(e => e.type != 'hidden');
      if (input) input.setAttribute('aria-invalid', 'true');
    }
    const line = document.createElement('p');
    line.textContent = (at ? at.parentElement.querySelector('label')?.textContent.trim() + ': ' : '') + p.text;
    $('#wrong').append(line);
  }
}

function running(on, text) {
  busy = on;
  $('#run').textContent = on ? 'Stop' : 'Run';
  document.body.classList.toggle('busy', on);
  if (text !== undefined) $('#progress').textContent = text;
}

function stop(text) {
  clearTimeout(timer);
  source?.close();
  running(false, text);
}

function run() {
  stop('');
  link();
  const q = state();
  q.set('page', id);
  running(true);
  const s = source = new EventSource('run?' + q);
  const on = (name, do_) => s.addEventListener(name, e => { if (s == source) do_(JSON.parse(e.data)); });
  let first = true;
  on('progress', text => running(true, text));
  on('result', a => { if (first) problems([]); first = false; show(a); });
  on('problem', list => { stop(''); problems(list); });
  on('done', text => { stop(text); $('#said').textContent = $('#title').textContent; });
  s.onerror = () => { if (s == source && busy) { stop(''); problems([{text: 'ratesim does not answer. Start it again and open the address that it prints.'}]); } };
}

// Sliders run as they move, but not at every pixel.
function soon() {
  link();
  clearTimeout(timer);
  timer = setTimeout(run, 60);
}

function show(a) {
  $('#title').textContent = a.title;
  $('#title').classList.toggle('long', a.title.length > 130);
  document.documentElement.style.setProperty('--stuck', $('#title').offsetHeight + 'px');
  document.title = a.title + ' – ratesim';
  $('#lead').innerHTML = a.lead;
  $('#stays').textContent = a.stays;
  $('#kept').textContent = a.kept;
  $('#drop').hidden = !a.kept;
  command = a.command;
  for (const [name, html] of Object.entries(a.parts)) {
    const part = $('#part-' + name);
    part.innerHTML = html;
    window.ratesimEnhance?.(part);
  }
}

// A slider has 1,000 places, from data-min to data-max.
function place(r, v) {
  const {min, max} = r.dataset, log = 'log' in r.dataset;
  r.value = v === '' ? ('rest' in r.dataset ? 500 : 1000) : 1000 * (log ? Math.log(v / min) / Math.log(max / min) : (v - min) / (max - min));
  r.setAttribute('aria-valuetext', v === '' ? r.dataset.none : v);
}

function value(r) {
  const min = +r.dataset.min, max = +r.dataset.max, step = +r.dataset.step, at = r.value / 1000;
  let v = 'log' in r.dataset ? +(min * (max / min) ** at).toPrecision(2) : min + (max - min) * at;
  v = 'log' in r.dataset ? Math.round(v / step) * step : min + Math.round((v - min) / step) * step;
  return +Math.min(max, Math.max(min, v)).toPrecision(12);
}

// A field that was changed says what it was.
function mark(e) {
  const was = e.parentElement.querySelector('.was');
  if (!was) return;
  was.hidden = e.value == e.dataset.was;
  e.parentElement.classList.toggle('changed', !was.hidden);
  if (was.hidden) return;
  was.textContent = 'was ' + (e.dataset.was === '' ? e.placeholder : (+e.dataset.was).toLocaleString('en')) + ' · ';
  const back = document.createElement('button');
  back.type = 'button';
  back.textContent = 'back';
  back.setAttribute('aria-label', 'back to ' + (e.dataset.was || e.placeholder));
  back.onclick = () => { e.value = e.dataset.was; follow(e); e.focus(); soon(); };
  was.append(back);
}

function follow(e) {
  const r = e.parentElement.querySelector('[type=range]');
  if (r) place(r, e.value);
  mark(e);
}

function fresh() {
  all('[type=number]', panel).forEach(follow);
  const wrong = all('[data-wrong]', panel).map(e => ({field: e.dataset.wrong, text: e.textContent}));
  if (wrong.length) problems(wrong);
}

// The scenario or its tier is another: the fields are, too.
async function reload(q) {
  const at = document.activeElement?.id;
  const r = await fetch('panel?' + q);
  panel.innerHTML = await r.text();
  fresh();
  if (at) document.getElementById(at)?.focus();
  run();
}

async function take(file) {
  if (!file) return;
  running(busy, 'reading ' + file.name);
  let got;
  try {
    got = await (await fetch('files?name=' + encodeURIComponent(file.name), {method: 'POST', body: file})).json();
  } catch (e) {
    got = {problem: 'The file could not be sent: ' + e.message};
  }
  running(busy, '');
  if (got.problem) return problems([{field: 'file', text: got.problem}]);
  const q = new URLSearchParams({[got.log ? 'log' : 'scenario']: got.id});
  reload(q);
}

panel.addEventListener('input', e => {
  const t = e.target;
  if (t.type == 'range') {
    const n = document.getElementById('f-' + t.dataset.of);
    n.value = value(t);
    t.setAttribute('aria-valuetext', n.value);
    mark(n);
    soon();
  } else if (t.type == 'number') { follow(t); soon(); }
});
panel.addEventListener('change', e => {
  const t = e.target;
  if (t.type == 'file') take(t.files[0]);
  else if (t.id == 'scenario') reload(new URLSearchParams(all('[name=scenario], [name=log]', panel).filter(x => x.value).map(x => [x.name, x.value])));
  else if ('reload' in t.dataset) {
    const q = state();
    for (const f of all('[data-limits] [type=number]', panel)) q.delete(f.name); // limits are of the tier
    reload(q);
  } else if (t.type == 'checkbox') soon();
});
panel.addEventListener('click', e => {
  const t = e.target, {drop, check} = t.dataset;
  if (check) { for (const b of all('[name=strategy]', panel)) b.checked = check == 'all'; soon(); }
  if (drop) {
    const q = state(), rest = q.getAll(drop).filter(v => v != t.value);
    q.delete(drop);
    for (const v of rest) q.append(drop, v);
    reload(q);
  }
  if (t.id == 'adds') add();
});
panel.addEventListener('keydown', e => {
  if (e.target.id == 'add' && e.key == 'Enter') { e.preventDefault(); add(); }
});
function add() {
  const text = $('#add').value.trim();
  if (!text) return;
  const q = state();
  q.append('add', text);
  reload(q);
}

$('#form').onsubmit = e => { e.preventDefault(); busy ? stop('stopped: ' + $('#progress').textContent) : run(); };
$('#seed').onclick = () => { const e = $('#f-seed'); e.value = +e.value + 1; follow(e); run(); };
async function keep(drop) {
  const r = await fetch('keep?page=' + id + '&label=' + encodeURIComponent('run ' + String.fromCharCode(65 + label++ % 26)) + (drop ? '&drop=1' : ''), {method: 'POST'});
  if (!r.ok) return copied(await r.text());
  show(await r.json());
  copied(drop ? 'The kept run is dropped.' : 'This run is kept and drawn pale behind the next.');
  $('#drop').hidden = !!drop;
}
$('#keep').onclick = () => keep();
$('#drop').onclick = () => { keep(true); $('#keep').focus(); };
const copied = text => { $('#copied').textContent = text; };
const copy = (text, what) => navigator.clipboard.writeText(text).then(() => copied('The ' + what + ' is copied.'), () => copied(text));
$('#link').onclick = () => { link(); copy(location.href, 'link'); };
$('#command').onclick = () => copy(command, 'command');

// Tabs: arrows move, as people know it.
const tabs = all('[role=tab]');
function choose(t) {
  for (const x of tabs) {
    x.setAttribute('aria-selected', x == t);
    x.tabIndex = x == t ? 0 : -1;
    document.getElementById(x.getAttribute('aria-controls')).hidden = x != t;
  }
}
tabs.forEach((t, i) => {
  t.onclick = () => choose(t);
  t.onkeydown = e => {
    const to = {ArrowRight: i + 1, ArrowLeft: i - 1 + tabs.length, Home: 0, End: tabs.length - 1}[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = tabs[to % tabs.length];
    choose(next);
    next.focus();
  };
});

addEventListener('dragover', e => { e.preventDefault(); document.body.classList.add('over'); });
addEventListener('dragleave', e => { if (!e.relatedTarget) document.body.classList.remove('over'); });
addEventListener('drop', e => { e.preventDefault(); document.body.classList.remove('over'); take(e.dataTransfer.files[0]); });

if (matchMedia('(max-width: 760px)').matches) $('#settings').open = false;
fresh();
if (!all('[data-wrong]', panel).length) run();
