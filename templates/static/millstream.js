// What makes the pages live and quick to the hand. Everything works without it: each act here sends a form or follows a
// link that the page has anyway.

const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
root.classList.add("js");
/** What the page says, in the reader's language. */
const words = $("#words").dataset;

// --- Morphing: the page as it is now becomes the page as it should be, and keeps what the reader holds on to.

const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.task || node.getAttribute("aria-labelledby") : null);

/** Whether the reader has put something here that was not sent. */
function isEdited(field) {
  if (field.matches("select")) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

/** What stands in these fields was sent. */
function settle(fields) {
  for (const field of fields) {
    for (const option of field.options || []) option.defaultSelected = option.selected;
    if (field.matches("input, textarea")) field.defaultValue = field.value;
    field.defaultChecked = field.checked;
  }
}

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  const isField = from.matches("textarea, input, select");
  if (isField && isEdited(from)) return;
  // What was told stays until the reader leaves.
  if (from.matches("[data-keep]") && !to.childElementCount) return;
  for (const { name } of [...from.attributes]) {
    // What the reader opened stays open.
    if (!to.hasAttribute(name) && !(name === "open" && from.matches("details, dialog"))) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (isField) morphField(from, to);
  else morphChildren(from, to);
}

function morphField(from, to) {
  if (from.matches("[type=checkbox], [type=radio]")) return void (from.checked = to.checked);
  if (from.matches("select")) {
    morphChildren(from, to);
    return void (from.selectedIndex = to.selectedIndex);
  }
  const { selectionStart, selectionEnd } = from;
  from.defaultValue = to.defaultValue;
  if (from.value === to.value) return;
  from.value = to.value;
  if (document.activeElement === from && selectionStart !== null) from.setSelectionRange(selectionStart, selectionEnd);
}

const fits = (node, wanted) => node.nodeName === wanted.nodeName && !keyOf(node);

function morphChildren(from, to) {
  const known = new Map();
  for (const child of from.children) if (keyOf(child)) known.set(keyOf(child), child);
  // A browser that can moves a node without letting go of its focus and its place.
  const move = (node, at) => (from.moveBefore ? from.moveBefore(node, at) : from.insertBefore(node, at));
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    let match = key ? known.get(key) : at;
    // An element may stand further on, behind one that is gone now.
    if (!key) while (match && !fits(match, wanted)) match = wanted.nodeType === 1 ? match.nextSibling : null;
    if (match && match.nodeName !== wanted.nodeName) match = null;
    if (!match) {
      from.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else move(match, at);
    if (match.nodeType === 1) morph(match, wanted);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

let asking = null;
let askAgain = false;
let dragging = null;
/** Forms that somebody has begun to fill in. */
const begun = new WeakSet();

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** Questions that were asked, and the newest of which the answer is shown: an answer that comes late is none. */
let turns = 0;
let shown = 0;

/** Takes over what is new of this page. */
function absorb(html, turn) {
  if (turn < shown) return;
  shown = turn;
  const page = parse(html);
  const held = document.activeElement;
  for (const id of ["content", "side"]) {
    const [from, to] = [$(`#${id}`), page.getElementById(id)];
    if (from && to) morph(from, to);
  }
  if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true });
  document.title = page.title;
  point(current, false);
  badge();
}

/** What the page is now: asked for again; of a form under edit, with what was typed so far, so that the server says what
    others changed meanwhile. */
function ask() {
  // A place may be in the midst of a record, and the inbox behind it: the views are to have seen all of the record.
  const [, seq, within] = /^s(\d+)(\+)?/.exec(position || "") || [];
  const headers = seq ? { "Millstream-Wait-For": `s${Number(seq) + (within ? 1 : 0)}`, "Millstream-Wait-Ms": "500" } : {};
  const form = $("form[data-compare]");
  if (form && (begun.has(form) || "typed" in form.dataset)) {
    return fetch(form.dataset.compare, { method: "POST", body: new URLSearchParams(new FormData(form)), headers });
  }
  return fetch(document.body.dataset.here || location.href, { headers });
}

/** Brings the page up to date under the reader's own rights. Many signals at once become one question. */
async function refresh() {
  if (asking || dragging) return void (askAgain = true);
  const turn = ++turns;
  asking = ask();
  try {
    const answer = await asking;
    if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
    if (answer.ok && !dragging) absorb(await answer.text(), turn);
    else if (answer.status === 404) toast(words.gone);
  } catch {
    badge("reconnecting");
  }
  asking = null;
  if (askAgain && !dragging) {
    askAgain = false;
    refresh();
  }
}

// --- The live connection.

const RETRY_MAX = 15_000;
/** How far the views may be behind before the reader is told. */
const BEHIND_MS = 1_000;
let retry = 500;
let retrying = null;
let lateness = null;
let socket = null;
let position = document.body.dataset.position || null;
let link = "";

/** Tells how live the page is: the connection, and how far the views are that it shows. */
function badge(state = link) {
  link = state;
  const place = $("#live");
  if (!place || !link) return;
  const behind = Number($("#content").dataset.behind || 0);
  const isLate = link === "live" && behind >= BEHIND_MS;
  const text = isLate ? `${words.behind_by} ${Math.round(behind / 1000)} s` : words[link];
  if (place.textContent !== text) {
    place.innerHTML = `<span class="dot ${link === "live" && !isLate ? "good" : "warn"}"></span>`;
    place.append(text);
  }
  clearTimeout(lateness);
  if (isLate) lateness = setTimeout(refresh, 2_000);
}

function connect() {
  const topics = (document.body.dataset.topics || "").split(" ").filter(Boolean);
  if (!topics.length || socket?.readyState < 2) return;
  clearTimeout(retrying);
  const address = new URL("/api/v1/live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address, "millstream.v1");
  socket.onopen = () => {
    retry = 500;
    socket.send(JSON.stringify(position ? { subscribe: topics, resume: position } : { subscribe: topics }));
  };
  socket.onmessage = ({ data }) => {
    const word = JSON.parse(data);
    if (word.position) position = word.position;
    if (word.type === "ready") badge("live");
    else if (["changed", "behind", "gone"].includes(word.type)) refresh();
  };
  socket.onclose = ({ code }) => {
    if (code === 4401) return location.reload();
    badge(navigator.onLine ? "reconnecting" : "offline");
    retrying = setTimeout(connect, retry * (0.5 + Math.random()));
    retry = Math.min(retry * 2, RETRY_MAX);
  };
}
addEventListener("online", () => {
  retry = 500;
  connect();
});
addEventListener("offline", () => {
  badge("offline");
  socket?.close();
});
// A page that waits longer than a moment shows that it does.
addEventListener("beforeunload", () => root.classList.add("leaving"));
addEventListener("pageshow", () => root.classList.remove("leaving"));

// --- Words for the reader.

function toast(text) {
  const shelf = $(".toasts") || document.body.appendChild(Object.assign(document.createElement("div"), { className: "toasts" }));
  shelf.setAttribute("role", "status");
  const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  shelf.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

/** Sends a form as the page would, and shows what came of it. */
async function post(path, fields, say = toast) {
  const body = new URLSearchParams(fields instanceof FormData ? fields : { csrf: document.body.dataset.csrf, ...fields });
  const turn = ++turns;
  try {
    const answer = await fetch(path, { method: "POST", body, headers: { Accept: "text/html" } });
    const html = await answer.text();
    if (answer.ok && !answer.redirected) {
      // What was not done, and why, is a page of its own.
      show("sheet-dialog", "").append(...$$("#content > :not(.crumbs)", parse(html)));
      refresh();
      return true;
    }
    if (answer.ok) {
      // Most acts lead back to this page: then it is here already.
      const to = new URL(answer.url);
      if (to.pathname === "/login") {
        refresh();
        return false;
      }
      if (to.pathname + to.search === location.pathname + location.search && !dragging) absorb(html, turn);
      else refresh();
      return true;
    }
    const wrong = $(".wrong, .notice.bad, .lead", parse(html));
    say(wrong ? wrong.textContent.trim() : words.not_done);
  } catch {
    say(words.unreachable);
  }
  return false;
}

// --- Forms: properties change at once, drafts survive, a text that was overtaken says so.

addEventListener("change", async ({ target }) => {
  const form = target.closest("form[data-autosubmit]");
  if (!form) return;
  const sent = target.value;
  if (await post(form.getAttribute("action"), { [target.name]: sent })) {
    if (target.value === sent) settle([target]);
    refresh();
  } else if (target.matches("select")) refresh(settle([target]));
});

addEventListener("input", ({ target }) => target.form?.matches("[data-compare]") && begun.add(target.form));

addEventListener("click", ({ target }) => {
  const take = target.closest("[data-take]");
  if (take) {
    const field = take.form.elements[take.dataset.take];
    field.value = take.value;
    take.closest(".difference").remove();
    field.focus();
  }
  if (target.closest("[data-close]")) target.closest("details")?.removeAttribute("open");
});

const draftOf = (form) => `draft:${form.dataset.draft}`;
function keepDrafts() {
  for (const form of $$("form[data-draft]")) {
    const kept = JSON.parse(localStorage.getItem(draftOf(form)) || "{}");
    for (const [name, text] of Object.entries(kept)) {
      const field = form.elements[name];
      if (field && !field.value) field.value = text;
    }
  }
}
addEventListener("input", ({ target }) => {
  const form = target.closest?.("form[data-draft]");
  if (!form || !target.matches("textarea, input.title")) return;
  const texts = Object.fromEntries($$("textarea, input.title", form).filter(isEdited).map((field) => [field.name, field.value]));
  localStorage.setItem(draftOf(form), JSON.stringify(texts));
});
addEventListener("submit", ({ target }) => {
  if (target.dataset.draft) localStorage.removeItem(draftOf(target));
});
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") event.target.closest("form")?.requestSubmit();
});

// What is said or added is sent without leaving the page.
addEventListener("submit", async (event) => {
  const form = event.target;
  const dialog = form.closest("dialog");
  if (!("stay" in form.dataset) && !dialog) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  const texts = $$("textarea, input:not([type=hidden])", form).map((field) => [field, field.value]);
  if (form.dataset.stay === "new") form.reset();
  const say = (text) => {
    const place = $(".wrong", form) || form.insertBefore(Object.assign(document.createElement("p"), { className: "wrong" }), $(".foot", form));
    place.setAttribute("role", "alert");
    place.textContent = text;
  };
  const isDone = await post(form.getAttribute("action"), fields, dialog ? say : toast);
  if (!isDone) {
    for (const [field, text] of texts) {
      if (!field.value) field.value = text;
      // Kept as a draft again.
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return;
  }
  dialog?.close();
  if (!dialog && form.dataset.stay !== "new") {
    settle(texts.filter(([field, text]) => field.value === text).map(([field]) => field));
    form.closest("details")?.removeAttribute("open");
    refresh();
  }
});

// --- The board: cards move by hand and by key.

const cardsOf = (lane) => $$(".tile", lane);

async function place(card) {
  const lane = card.closest("ul");
  const [before, after] = [card.previousElementSibling, card.nextElementSibling];
  const fields = { status: lane.dataset.status };
  if (before?.dataset.id) fields.after = before.dataset.id;
  else if (after?.dataset.id) fields.before = after.dataset.id;
  if (!(await post(`/tasks/${card.dataset.task}/move`, fields))) refresh();
}

addEventListener("dragstart", (event) => {
  dragging = event.target.closest?.(".tile");
  if (!dragging) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragging.dataset.task);
  requestAnimationFrame(() => dragging?.classList.add("dragged"));
});
addEventListener("dragover", (event) => {
  const lane = dragging && event.target.closest?.(".lane");
  if (!lane) return;
  event.preventDefault();
  const list = $("ul", lane);
  const below = cardsOf(list).find((card) => card !== dragging && event.clientY < card.getBoundingClientRect().top + card.offsetHeight / 2);
  if (dragging.nextElementSibling !== below || dragging.parentElement !== list) list.insertBefore(dragging, below || null);
});
addEventListener("drop", (event) => dragging && event.preventDefault());
addEventListener("dragend", () => {
  const card = dragging;
  dragging = null;
  card?.classList.remove("dragged");
  if (card) place(card);
});

/** Space lifts a card, arrows carry it, space puts it down, Escape lets it fall back. */
function carry(event) {
  const card = document.activeElement?.closest?.(".tile");
  if (!card) return false;
  const lifted = card.classList.contains("lifted");
  if (!lifted && document.activeElement.matches(".pick")) return false;
  if (event.key === " ") {
    card.classList.toggle("lifted");
    dragging = lifted ? null : card;
    if (lifted) place(card);
    return true;
  }
  if (!lifted) return false;
  const list = card.closest("ul");
  const lists = $$(".lane ul");
  const beside = (step) => lists[lists.indexOf(list) + step]?.prepend(card);
  const act = {
    ArrowUp: () => card.previousElementSibling?.before(card),
    ArrowDown: () => card.nextElementSibling?.after(card),
    ArrowLeft: () => beside(-1),
    ArrowRight: () => beside(1),
    Escape: () => {
      card.classList.remove("lifted");
      dragging = null;
      refresh();
    },
  }[event.key];
  if (!act) return false;
  act();
  $("a", card)?.focus();
  return true;
}

// --- Keys.

let current = null;
const rows = () => $$("#content li[data-task]");

function point(name, move = true) {
  const at = rows().find((row) => row.dataset.task === name);
  for (const row of rows()) row.classList.toggle("at", row === at);
  current = at ? name : null;
  if (at && move) {
    $("a", at)?.focus({ preventScroll: true });
    at.scrollIntoView({ block: "nearest" });
  }
}

function step(by) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.task === current);
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  if (next) point(next.dataset.task);
}

const focus = (selector) => {
  const field = $(selector);
  field?.focus();
  field?.showPicker?.();
  return field;
};
/** The tasks that an act is for: the selected ones, or the one that is pointed at, or the one whose page this is. */
function targets() {
  const picked = $$(".pick:checked").map((pick) => pick.value);
  if (picked.length) return picked;
  return [current || $("[data-task-page]")?.dataset.taskPage].filter(Boolean);
}

/** Asks for a property of the tasks that are meant. */
const property = (what) => () => {
  const names = targets();
  if (!names.length) return toast(words.choose_task);
  const back = encodeURIComponent(location.pathname + location.search);
  // Two stand for many: all of them are sent.
  open(`/tasks/set/${what}?${names.slice(0, 2).map((name) => `task=${name}`).join("&")}&back=${back}`, names);
};

/** Puts the tasks that are meant away. */
const put = (act) => () => {
  const names = targets();
  if (names.length === 1) return post(`/tasks/${names[0]}/place`, { act });
  const fields = new FormData();
  fields.append("csrf", document.body.dataset.csrf);
  fields.append("back", location.pathname + location.search);
  fields.append("act", act);
  for (const name of names) fields.append("task", name);
  return post("/tasks/bulk", fields);
};

const KEYS = {
  "/": [words.search, () => focus("#find")],
  c: [words.new_task, () => $("[data-key=c]")?.click()],
  j: [words.key_next, () => step(1)],
  k: [words.key_previous, () => step(-1)],
  x: [words.key_select, () => $(`[data-task="${current}"] .pick`)?.click()],
  e: [words.edit, () => targets().length && location.assign(`/tasks/${current || targets()[0]}/edit`)],
  a: [words.key_assign, property("assignees")],
  s: [words.status, property("status")],
  p: [words.priority, property("priority")],
  l: [words.tags, property("tags")],
  d: [words.due, property("due")],
  w: [words.watch, () => $("[name=watches]")?.click()],
  m: [words.comment, () => focus("#body")],
  "?": [words.keyboard, help],
};
/** Acts on tasks, which the palette offers where some are meant. */
const ACTS = ["e", "a", "s", "p", "l", "d"];

function help() {
  const line = (keys, text) => `<dt>${keys.map((key) => `<span class="key">${key}</span>`).join(" ")}</dt><dd>${text}</dd>`;
  const list = Object.entries(KEYS).map(([key, [text]]) => line([key], text));
  list.push(line(["Ctrl K"], words.key_anywhere), line(["Space", "← → ↑ ↓"], words.key_carry));
  show("", `<div class="body"><h2>${words.keyboard}</h2><br><dl class="keys">${list.join("")}</dl></div>`);
}

function show(name, html) {
  $("dialog")?.remove();
  const dialog = Object.assign(document.createElement("dialog"), { className: name, innerHTML: html });
  dialog.addEventListener("click", (event) => (event.target === dialog || event.target.closest("[data-close]")) && (event.preventDefault(), dialog.close()));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows a page over this one; `names` are the tasks that its form is for. */
async function open(path, names = []) {
  const dialog = show("sheet-dialog", '<div class="skeleton" aria-busy="true"><i></i><i></i><i></i></div>');
  let page;
  try {
    const answer = await fetch(path);
    if (!answer.ok) throw answer;
    page = parse(await answer.text());
  } catch (error) {
    dialog.close();
    return toast(error.status === 404 ? words.gone : words.unreachable);
  }
  dialog.replaceChildren(...$$("#content > :not(.crumbs)", page));
  const form = $("form", dialog);
  if (form && names.length > 1) {
    for (const field of $$("[name=task]", form)) field.remove();
    for (const name of names) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "task", value: name }));
    $("h1", dialog).append(` · ${names.length} ${words.key_selected}`);
  }
  const field = $("[autofocus]", dialog);
  field?.focus();
  if (field?.matches("[data-filter]")) choose(field, $("input[type=radio]:checked", form)?.closest(".option"));
  else field?.select();
}
addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.href);
});

// --- Options of a picker: typing narrows them down, arrows go through them.

const optionsOf = (field) => $$(".option", field.form).filter((option) => !option.hidden);

function choose(field, option) {
  for (const other of $$(".option.at", field.form)) other.classList.remove("at");
  option?.classList.add("at");
  option?.scrollIntoView({ block: "nearest" });
}
addEventListener("input", ({ target }) => {
  if (!target.matches("[data-filter]")) return;
  const typed = target.value.trim().toLowerCase();
  for (const option of $$(".option", target.form)) option.hidden = !option.textContent.toLowerCase().includes(typed);
  choose(target, typed ? optionsOf(target)[0] : null);
});
addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-filter]")) return;
  const all = optionsOf(field);
  const at = all.findIndex((option) => option.classList.contains("at"));
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && all.length) choose(field, all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length]);
  else if (event.key === "Enter" && all[at] && !event.ctrlKey && !event.metaKey) {
    const box = $("input", all[at]);
    box.checked = box.type === "radio" || !box.checked;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (!event.shiftKey) field.form.requestSubmit($("button:not([type])", field.form));
  } else return;
  event.preventDefault();
});
addEventListener("change", ({ target }) => target.matches("dialog .option [type=radio]") && target.form.requestSubmit($("button:not([type])", target.form)));

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return palette();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog")) return;
  if (event.key === "Escape" && event.target.matches("input, textarea, select")) return event.target.blur();
  if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  if (carry(event)) return event.preventDefault();
  const key = KEYS[event.key];
  if (!key) return;
  event.preventDefault();
  key[1]();
});

// --- The palette: go, find, act.

function palette() {
  const names = targets();
  const whose = names.length === 1 ? names[0] : `${names.length} ${words.key_selected}`;
  const links = $$(".side a.entry, .head a.button, .tabs a, .segments a").map((link) => ({ text: link.textContent.trim(), go: () => location.assign(link.href) }));
  const acts = names.length ? ACTS.map((key) => ({ text: `${KEYS[key][0]} · ${whose}`, key, go: KEYS[key][1] })) : [];
  if (names.length) acts.push(...["archive", "trash"].map((act) => ({ text: `${words[act]} · ${whose}`, go: put(act) })));
  acts.push(...["c", "/", "?"].map((key) => ({ text: KEYS[key][0], key, go: KEYS[key][1] })));
  const dialog = show("palette", '<input type="search" role="combobox" aria-expanded="true" aria-controls="found" ><ul id="found" role="listbox"></ul>');
  const [field, list] = [$("input", dialog), $("ul", dialog)];
  Object.assign(field, { placeholder: words.key_palette, ariaLabel: words.key_anywhere });
  let items = [];
  let at = 0;
  let asked = 0;
  const draw = () => {
    list.replaceChildren(
      ...items.map((item, index) => {
        const line = Object.assign(document.createElement("li"), { id: `found-${index}` });
        line.setAttribute("role", "option");
        line.setAttribute("aria-selected", index === at);
        line.append(Object.assign(document.createElement("span"), { className: "grow", textContent: item.text }));
        if (item.key) line.append(Object.assign(document.createElement("span"), { className: "key", textContent: item.key }));
        line.onclick = () => take(item);
        return line;
      }),
    );
    field.setAttribute("aria-activedescendant", `found-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const take = (item) => {
    dialog.close();
    item?.go();
  };
  const find = async () => {
    const typed = field.value.trim().toLowerCase();
    const fits = ({ text }) => text.toLowerCase().includes(typed);
    items = (names.length ? [...acts, ...links] : [...links, ...acts]).filter(fits).slice(0, 14);
    at = 0;
    draw();
    const mine = ++asked;
    if (typed.length < 2) return;
    list.setAttribute("aria-busy", "true");
    const answer = await fetch(`/search?q=${encodeURIComponent(field.value)}`).catch(() => null);
    if (mine !== asked) return;
    list.removeAttribute("aria-busy");
    if (!answer?.ok) return;
    const hits = $$("#content .task-hit a[href^='/tasks/']", parse(await answer.text())).slice(0, 8);
    items.push(...hits.map((hit) => ({ text: `${hit.getAttribute("href").split("/")[2]} ${hit.textContent.trim()}`, go: () => location.assign(hit.href) })));
    draw();
  };
  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (moves[event.key]) at = (at + moves[event.key] + items.length) % items.length;
    else if (event.key === "Enter") return take(items[at]);
    else return;
    event.preventDefault();
    draw();
  });
  find();
}

// --- Small things: a choice goes where it says, a secret is copied, what changes by itself is asked for again.

addEventListener("change", ({ target }) => target.matches("[data-go]") && target.form.requestSubmit());
addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
    toast(button.dataset.copied);
  } catch {
    // Without a safe connection there is no clipboard: what is to be copied is selected.
    field.select();
  }
});
const often = Number($("[data-refresh]")?.dataset.refresh);
if (often) setInterval(() => document.hidden || refresh(), often * 1000);

// --- Begin.

keepDrafts();
connect();
