// What makes the pages live and quick to the hand. Everything works without it, by forms and links that are there anyway.

const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (name, members) => Object.assign(document.createElement(name), members);
const on = addEventListener;
const visit = (to) => location.assign(to);
const address = () => location.pathname + location.search;
const halt = (event) => event.preventDefault();
const nearest = (node) => node?.scrollIntoView({ block: "nearest" });
const asTyped = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
const held = () => document.activeElement;
const isChord = (event) => event.ctrlKey || event.metaKey;
const about = document.body.dataset;
root.classList.add("js");
const words = $("#words").dataset;

// --- Morphing: the page becomes what it should be, and keeps what the reader holds on to.

const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.task || node.getAttribute("aria-labelledby") : null);

const fieldsOf = (place) => $$("textarea, input, select", place);

/** Whether the reader has put something here that was not sent. */
function isEdited(field) {
  if (field.matches("select")) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

function settle(fields) {
  for (const field of fields) {
    for (const option of field.options || []) option.defaultSelected = option.selected;
    if (field.matches("input, textarea")) field.defaultValue = field.value;
    field.defaultChecked = field.checked;
  }
}

/** Whether this goes with what is being typed beside it, as the version does that it was begun on. */
function isBound(field) {
  if (field.type !== "hidden" || !field.form || field.form.matches("[data-compare]")) return false;
  return fieldsOf(field.form).some(isEdited);
}

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  const isField = from.matches("textarea, input, select");
  if (isField && (isEdited(from) || isBound(from))) return;
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
  if (held() === from && selectionStart !== null) from.setSelectionRange(selectionStart, selectionEnd);
}

const fits = (node, wanted) => node.nodeName === wanted.nodeName && !keyOf(node);

/** What is there by its key, wherever it stands; what has its place; what had none where it stood. */
let known, taken, left;

function become(from, to) {
  known = Map.groupBy($$("[id], [data-task], [aria-labelledby]", from), keyOf);
  taken = new Set();
  left = [];
  morph(from, to);
  // Only now: it may have found a place further on.
  for (const node of left) if (!taken.has(node)) node.remove();
}

function morphChildren(from, to) {
  // A browser that can moves a node without letting go of its focus and its place.
  const move = (node, at) => from[from.moveBefore && node.isConnected ? "moveBefore" : "insertBefore"](node, at);
  const pairs = [];
  let at = from.firstChild;
  for (const wanted of to.childNodes) {
    const key = keyOf(wanted);
    const free = (key && known.get(key)?.filter((node) => node.nodeName === wanted.nodeName && !taken.has(node) && !node.contains(from))) || [];
    let match = key ? free.find((node) => node.parentNode === from) || free[0] : at;
    // An element may stand further on, behind one that is gone now.
    if (!key) while (match && !fits(match, wanted)) match = wanted.nodeType === 1 ? match.nextSibling : null;
    match ||= document.importNode(wanted, false);
    if (match === at) at = at.nextSibling;
    else move(match, at);
    taken.add(match);
    pairs.push([match, wanted]);
  }
  for (; at; at = at.nextSibling) left.push(at);
  for (const [node, wanted] of pairs) {
    if (node.nodeType === 1) morph(node, wanted);
    else if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
  }
}

let asking = false;
/** Whether something was signalled that the page does not show yet. */
let stale = false;
/** The next try after one that failed; there is one until a try succeeds. */
let again = 0;
let dragging = null;
const begun = new WeakSet();

/** Whether the page answered a form: nobody can ask for it again, so it stays (`Shell::here`). */
const isStill = () => "still" in about;

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** Questions asked, and the newest of which the answer is shown: one that comes late is none. */
let turns = 0;
let shown = 0;

function absorb(html, turn) {
  if (turn < shown) return;
  shown = turn;
  const page = parse(html);
  const focused = held();
  for (const id of isStill() ? ["unread"] : ["content", "side"]) {
    const [from, to] = [$(`#${id}`), page.getElementById(id)];
    if (from && to) become(from, to);
  }
  // Whoever logged in again goes on with what they typed; somebody else does not.
  const { csrf, user } = page.body.dataset;
  if (user === about.user) {
    about.csrf = csrf;
    for (const field of $$("[name=csrf]")) field.value = csrf;
    $(".toasts a")?.remove();
  }
  if (isStill()) $("#content").dataset.behind = $("#content", page)?.dataset.behind || 0;
  else document.title = page.title;
  if (focused?.isConnected && focused !== held()) focused.focus({ preventScroll: true });
  point(current, false);
  badge();
}

/** The page as it is now; of a form under edit, with what was typed, so that the server says what others changed. */
function ask() {
  // A place may be in the midst of a record: the views are to have seen all of it.
  const [, seq, within] = /^s(\d+)(\+)?/.exec(position || "") || [];
  const headers = seq ? { "Millstream-Wait-For": `s${Number(seq) + (within ? 1 : 0)}`, "Millstream-Wait-Ms": "500" } : {};
  // Beside a page that stands still there are counts, which every page knows.
  if (isStill()) return fetch("/settings", { headers });
  const form = $("form[data-compare]");
  if (form && (begun.has(form) || "typed" in form.dataset)) {
    return fetch(form.dataset.compare, { method: "POST", body: new URLSearchParams(new FormData(form)), headers });
  }
  return fetch(about.here, { headers });
}

const PAUSE_MIN = 500;
const PAUSE_MAX = 15_000;
const spread = (pause) => pause * (0.5 + Math.random());
let pause = PAUSE_MIN;

/** Brings the page up to date. Many signals become one question; what could not be answered is asked again. */
async function refresh() {
  stale = true;
  if (asking || dragging) return;
  clearTimeout(again);
  asking = true;
  stale = false;
  const turn = ++turns;
  let wait = 0;
  try {
    const answer = await ask();
    const html = await answer.text();
    if (answer.redirected && new URL(answer.url).pathname === "/login") {
      if (!isStill() && !fieldsOf(document).some(isEdited)) return location.reload();
      // What was typed stays where it is: the log-in is another window's.
      about.still = "";
      wait = PAUSE_MAX;
      if (!$(".toasts a")) $(".toasts").append(make("a", { className: "toast", href: answer.url, target: "_blank", textContent: words.logged_out }));
    } else if (answer.status === 429 || answer.status >= 500) wait = Math.max(pause, 1000 * (answer.headers.get("Retry-After") || 0));
    else if (answer.ok && dragging) stale = true;
    else if (answer.ok) absorb(html, turn);
    else if (answer.status === 404) toast(words.gone);
  } catch {
    wait = pause;
  }
  asking = false;
  again = 0;
  if (wait) {
    stale = true;
    again = setTimeout(refresh, spread(wait));
    pause = Math.min(pause * 2, PAUSE_MAX);
  } else {
    pause = PAUSE_MIN;
    if (stale) refresh();
  }
  badge();
}

// --- The live connection.

/** How late views are that the reader is told of. */
const BEHIND_MS = 1_000;
let retry = PAUSE_MIN;
let retrying = null;
let lateness = null;
let socket = null;
let position = about.position || null;
let link = "";

/** Tells how live the page is: the connection, and its views. */
function badge(state = link) {
  link = state;
  const place = $("#live");
  if (!place || !link) return;
  const behind = Number($("#content").dataset.behind || 0);
  const isLive = link === "live" && !again;
  const isLate = isLive && behind >= BEHIND_MS;
  const text = isLate ? `${words.behind_by} ${Math.round(behind / 1000)} s` : words[isLive || link !== "live" ? link : "reconnecting"];
  if (place.textContent !== text) place.replaceChildren(make("span", { className: `dot ${isLive && !isLate ? "good" : "warn"}` }), text);
  clearTimeout(lateness);
  if (isLate) lateness = setTimeout(refresh, 2_000);
}

/** How long a page of many projects gathers what happens in them. */
const CALM_MS = 2_000;
let calm = 0;

function hear(topic = "") {
  if (!("calm" in about && topic.startsWith("project"))) return refresh();
  calm ||= setTimeout(() => refresh((calm = 0)), CALM_MS);
}

function connect() {
  const topics = (about.topics || "").split(" ").filter(Boolean);
  if (!topics.length || socket?.readyState < 2) return;
  clearTimeout(retrying);
  const live = new URL("/api/v1/live", location.href.replace("http", "ws"));
  socket = new WebSocket(live, "millstream.v1");
  let isOpen = false;
  socket.onopen = () => {
    isOpen = true;
    retry = PAUSE_MIN;
    socket.send(JSON.stringify({ subscribe: topics, resume: position || undefined }));
  };
  socket.onmessage = ({ data }) => {
    const word = JSON.parse(data);
    if (word.position) position = word.position;
    if (word.type === "ready") {
      badge("live");
      if (stale) refresh();
    } else if ((asking || !again) && ["changed", "behind", "gone"].includes(word.type)) hear(word.topic);
  };
  socket.onclose = ({ code }) => {
    badge(navigator.onLine ? "reconnecting" : "offline");
    if (code === 4401 || (!isOpen && retry <= 2 * PAUSE_MIN)) refresh();
    retrying = setTimeout(connect, spread(retry));
    retry = Math.min(retry * 2, PAUSE_MAX);
  };
}
on("focus", () => again && refresh());
on("online", () => {
  retry = PAUSE_MIN;
  connect();
});
on("offline", () => {
  badge("offline");
  socket?.close();
});
on("beforeunload", () => root.classList.add("leaving"));
on("pageshow", () => root.classList.remove("leaving"));

function toast(text) {
  const toast = make("p", { className: "toast", textContent: text });
  $(".toasts").append(toast);
  setTimeout(() => toast.remove(), 5000);
}

/** Sends a form as the page would, and shows what came of it; `go` follows to where the answer leads. */
async function post(path, fields, say = toast, go = false) {
  const body = new URLSearchParams(fields[Symbol.iterator] ? fields : { csrf: about.csrf, ...fields });
  const turn = ++turns;
  try {
    const answer = await fetch(path, { method: "POST", body, headers: { Accept: "text/html" } });
    const html = await answer.text();
    const page = parse(html);
    if ((answer.ok && !answer.redirected) || $("#refused", page)) {
      // What was not done, and why, is a page of its own.
      show("sheet-dialog", "").append(...bodyOf(page));
      refresh();
      return true;
    }
    if (answer.ok) {
      const to = new URL(answer.url);
      if (to.pathname === "/login") return void refresh();
      if (isStill() || go) visit(to);
      else if (to.pathname + to.search === address() && !dragging) absorb(html, turn);
      else refresh();
      return true;
    }
    const wrong = $(".wrong, .notice.bad, .lead", page);
    say(wrong ? wrong.textContent.trim() : words.not_done, page);
  } catch {
    say(words.unreachable);
  }
  return false;
}

// --- Forms: properties change at once, drafts survive, a text that was overtaken says so.

on("change", async ({ target }) => {
  const form = target.closest("form[data-autosubmit]");
  if (!form) return;
  const sent = target.value;
  if (await post(form.getAttribute("action"), { [target.name]: sent })) {
    if (target.value === sent) settle([target]);
    refresh();
  } else if (target.matches("select")) refresh(settle([target]));
});

on("input", ({ target }) => target.form?.matches("[data-compare]") && begun.add(target.form));

on("click", ({ target }) => {
  const take = target.closest("[data-take]");
  if (take) {
    const field = take.form.elements[take.dataset.take];
    field.value = take.value;
    take.closest(".difference").remove();
    field.focus();
  }
  const undo = target.closest("form[data-draft] [type=reset]");
  if (undo) {
    const { form } = undo;
    forget(form);
    begun.delete(form);
    delete form.dataset.typed;
    form.reset();
    for (const note of $$("[data-keep]", form)) note.replaceChildren();
    refresh();
  }
  if (target.closest("[data-close]")) target.closest("details")?.removeAttribute("open");
});

// Drafts are somebody's own: who comes next at this browser does not see them.
const drafts = "draft:";
const own = `${drafts}${about.user}:`;
const draftOf = (form) => own + form.dataset.draft;

const forget = (form) => localStorage.removeItem(draftOf(form));

function dropDrafts(spared = " ") {
  for (const key of Object.keys(localStorage)) if (key.startsWith(drafts) && !key.startsWith(spared)) localStorage.removeItem(key);
}
function keepDrafts() {
  dropDrafts(own);
  for (const form of $$("form[data-draft]")) {
    const kept = JSON.parse(localStorage.getItem(draftOf(form)) || "{}");
    for (const [name, text] of Object.entries(kept)) {
      const field = form.elements[name];
      // An answer to a form holds what was sent, which is newer.
      if (!field || (field.value && (isStill() || !kept.version))) continue;
      field.value = text;
      if (!isEdited(field)) continue;
      begun.add(form);
      stale = true;
      form.closest("details")?.setAttribute("open", "");
      $(".kept", form)?.replaceChildren(words.draft_kept, " ", make("button", { type: "reset", className: "bare small", textContent: words.draft_drop }));
    }
  }
}
function saveDraft(form) {
  const typed = $$("textarea, input.title", form).filter((field) => isEdited(field) || "typed" in form.dataset);
  // With the version that it was begun on.
  const texts = [...typed, ...$$("[name=version]", form)].map((field) => [field.name, field.value]);
  if (typed.length) localStorage.setItem(draftOf(form), JSON.stringify(Object.fromEntries(texts)));
  else forget(form);
}
on("input", ({ target }) => {
  const form = target.closest?.("form[data-draft]");
  if (form) saveDraft(form);
});
on("submit", ({ target }) => target.matches("[action='/logout']") && dropDrafts());

// What is said or added is sent without leaving the page.
on("submit", async (event) => {
  const form = event.target;
  const dialog = form.closest("dialog");
  const { stay, draft } = form.dataset;
  // A draft is let go of once its text has arrived: so the script sends it, and follows.
  const go = stay === undefined && !dialog;
  if (go && !draft) return;
  halt(event);
  const fields = new FormData(form, event.submitter);
  const texts = $$("textarea, input:not([type=hidden])", form).map((field) => [field, field.value]);
  if (stay === "new") form.reset();
  const say = (text, page) => {
    // The browser itself comes to the page that says what is wrong.
    if (go && page) return form.submit();
    if (!dialog) return toast(text);
    const place = $(".wrong", form) || form.insertBefore(make("p", { className: "wrong" }), $(".foot", form));
    Object.assign(place, { role: "alert", textContent: text });
  };
  if (!(await post(form.getAttribute("action"), fields, say, go))) {
    for (const [field, text] of texts) {
      if (!field.value) field.value = text;
      asTyped(field);
    }
    return;
  }
  dialog?.close();
  if (go) return forget(form);
  if (!dialog && stay !== "new") {
    settle(texts.filter(([field, text]) => field.value === text).map(([field]) => field));
    form.closest("details")?.removeAttribute("open");
    refresh();
  }
  if (draft) saveDraft(form);
});

// --- The board: cards move by hand and by key.

async function place(card) {
  const lane = card.closest("ul");
  const [before, after] = [card.previousElementSibling, card.nextElementSibling];
  const fields = { status: lane.dataset.status };
  if (before?.dataset.id) fields.after = before.dataset.id;
  else if (after?.dataset.id) fields.before = after.dataset.id;
  if (!(await post(`/tasks/${card.dataset.task}/move`, fields)) || stale) refresh();
}

on("dragstart", (event) => {
  dragging = event.target.closest?.(".tile");
  if (!dragging) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragging.dataset.task);
  requestAnimationFrame(() => dragging?.classList.add("dragged"));
});
on("dragover", (event) => {
  const lane = dragging && event.target.closest?.(".lane");
  if (!lane) return;
  halt(event);
  const list = $("ul", lane);
  const below = $$(".tile", list).find((card) => card !== dragging && event.clientY < card.getBoundingClientRect().top + card.offsetHeight / 2);
  if (dragging.nextElementSibling !== below || dragging.parentElement !== list) list.insertBefore(dragging, below || null);
});
on("drop", (event) => dragging && halt(event));
on("dragend", () => {
  const card = dragging;
  dragging = null;
  card?.classList.remove("dragged");
  if (card) place(card);
});

const tell = (...texts) => ($("#said").textContent = texts.join(" "));
let isMoving = false;

function letGo(card, word) {
  card.classList.remove("lifted");
  dragging = null;
  tell(card.dataset.task, word);
}
function putDown(card) {
  letGo(card, words.dropped);
  place(card);
}
// A card that is held keeps the page as it is.
on("focusout", ({ target, relatedTarget }) => {
  const card = target.closest?.(".tile.lifted");
  if (card && !isMoving && !card.contains(relatedTarget)) putDown(card);
});

/** Space lifts a card, arrows carry it, space puts it down, Escape lets it fall back. */
function carry(event) {
  const card = held()?.closest?.(".tile");
  if (!card) return false;
  const lifted = card.classList.contains("lifted");
  if (!lifted && held().matches(".pick")) return false;
  if (event.key === " ") {
    if (lifted) putDown(card);
    else {
      dragging = card;
      card.classList.add("lifted");
      tell(card.dataset.task, words.lifted);
    }
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
      letGo(card, words.fallen);
      refresh();
    },
  }[event.key];
  if (!act) return false;
  isMoving = true;
  act();
  $("a", card)?.focus();
  isMoving = false;
  const lane = card.closest("ul");
  if (dragging) tell($("h2", card.closest(".lane")).textContent, $$(".tile", lane).indexOf(card) + 1, "/", $$(".tile", lane).length);
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
    nearest(at);
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
/** What an act is for: the selected tasks, the one that is pointed at, or the one whose page this is. */
function targets() {
  const picked = $$(".pick:checked").map((pick) => pick.value);
  if (picked.length) return picked;
  return [current || $("[data-task-page]")?.dataset.taskPage].filter(Boolean);
}

const property = (what) => () => {
  const names = targets();
  if (!names.length) return toast(words.choose_task);
  open(`/tasks/set/${what}?task=${names}&back=${encodeURIComponent(address())}`);
};

const put = (act) => () => {
  const names = targets();
  if (names.length === 1) return post(`/tasks/${names[0]}/place`, { act });
  return post("/tasks/bulk", { back: address(), act, task: names });
};

const KEYS = {
  "/": [words.search, () => focus("#find")],
  c: [words.new_task, () => $("[data-key=c]")?.click()],
  j: [words.key_next, () => step(1)],
  k: [words.key_previous, () => step(-1)],
  x: [words.key_select, () => $(`[data-task="${current}"] .pick`)?.click()],
  e: [words.edit, () => targets().length && visit(`/tasks/${current || targets()[0]}/edit`)],
  a: [words.key_assign, property("assignees")],
  s: [words.status, property("status")],
  p: [words.priority, property("priority")],
  l: [words.tags, property("tags")],
  d: [words.due, property("due")],
  w: [words.watch, () => $("[name=watches]")?.click()],
  m: [words.comment, () => focus("#body")],
  "?": [words.keyboard, help],
};
/** Whoever speaks to a computer may have turned them off. */
const hasKeys = about.keys !== "off";
const ACTS = ["e", "a", "s", "p", "l", "d"];

function help() {
  const line = (keys, text) => `<dt>${keys.map((key) => `<span class="key">${key}</span> `).join("")}</dt><dd>${text}</dd>`;
  const list = hasKeys ? Object.entries(KEYS).map(([key, [text]]) => line([key], text)) : [];
  list.push(line(["Ctrl K"], words.key_anywhere), line(["Space", "← → ↑ ↓"], words.key_carry));
  show("", `<div class="body"><h2>${words.keyboard}</h2><br><dl class="keys">${list.join("")}</dl></div>`);
}

function show(name, html) {
  $("dialog")?.remove();
  const dialog = make("dialog", { className: name, innerHTML: html });
  dialog.onclose = () => dialog.remove();
  dialog.onclick = (event) => {
    if (event.target !== dialog && !event.target.closest("[data-close]")) return;
    halt(event);
    dialog.close();
  };
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

const bodyOf = (page) => $$("#content > :not(.crumbs)", page);

async function open(path) {
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
  dialog.replaceChildren(...bodyOf(page));
  const field = $("[autofocus]", dialog);
  field?.focus();
  if (field?.matches("[data-filter]")) choose(field, $("input[type=radio]:checked", dialog)?.closest(".option"));
  else field?.select();
}
on("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || isChord(event) || event.shiftKey) return;
  halt(event);
  open(link.href);
});

// --- Options of a picker: typing narrows them down.

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const send = (form) => form.requestSubmit($("button:not([type])", form));
const optionsOf = (field) => $$(".option", field.form).filter((option) => !option.hidden);

function choose(field, option) {
  for (const other of $$(".option.at", field.form)) other.classList.remove("at");
  option?.classList.add("at");
  const box = option && $("input", option);
  if (box) box.id ||= `option-${$$(".option", field.form).indexOf(option)}`;
  field.setAttribute("aria-activedescendant", box?.id || "");
  nearest(option);
}
on("input", ({ target }) => {
  if (!target.matches("[data-filter]")) return;
  const typed = target.value.trim().toLowerCase();
  for (const option of $$(".option", target.form)) option.hidden = !option.textContent.toLowerCase().includes(typed);
  const all = optionsOf(target);
  // A text that is sent itself is something new, if nothing is called just so.
  choose(target, (typed && (all.find((option) => option.textContent.trim().toLowerCase() === typed) || (!target.name && all[0]))) || null);
});
on("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-filter]")) return;
  const all = optionsOf(field);
  const at = all.findIndex((option) => option.classList.contains("at"));
  const by = STEPS[event.key];
  if (by && all.length) choose(field, all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length]);
  else if (event.key === "Enter" && all[at] && !isChord(event)) {
    const box = $("input", all[at]);
    box.checked = box.type === "radio" || !box.checked;
    field.value = "";
    asTyped(field);
    if (!event.shiftKey) send(field.form);
  } else return;
  halt(event);
});
// A click takes an option; arrows, of which browsers make clicks too, only go through them.
on("click", (event) => {
  const option = event.detail && event.target.closest("dialog .option");
  const radio = option && $("[type=radio]", option);
  if (!radio) return;
  if (event.target !== radio) halt(event);
  radio.checked = true;
  send(radio.form);
});

on("keydown", (event) => {
  if (isChord(event) && event.key.toLowerCase() === "k") {
    halt(event);
    return palette();
  }
  if (isChord(event) && event.key === "Enter") return event.target.closest("form")?.requestSubmit();
  if (isChord(event) || event.altKey || $("dialog")) return;
  if (event.key === "Escape" && event.target.matches("input, textarea, select")) return event.target.blur();
  if (event.target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
  if (carry(event)) return halt(event);
  const key = hasKeys && KEYS[event.key];
  if (!key) return;
  halt(event);
  key[1]();
});

// --- The palette: go, find, act.

const TYPING_MS = 150;

function palette() {
  const names = targets();
  const whose = names.length === 1 ? names[0] : `${names.length} ${words.key_selected}`;
  const links = $$(".side a.entry, .head a.button, .tabs a, .segments a").map((link) => ({ text: link.textContent.trim(), go: () => visit(link.href) }));
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
        const line = make("li", { id: `found-${index}`, role: "option", ariaSelected: index === at });
        line.append(make("span", { className: "grow", textContent: item.text }));
        if (item.key && hasKeys) line.append(make("span", { className: "key", textContent: item.key }));
        line.onclick = () => take(item);
        return line;
      }),
    );
    field.setAttribute("aria-activedescendant", `found-${at}`);
    nearest(list.children[at]);
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
    await new Promise((done) => setTimeout(done, TYPING_MS));
    if (mine !== asked) return;
    list.setAttribute("aria-busy", "true");
    const answer = await fetch(`/search?q=${encodeURIComponent(field.value)}`).catch(() => null);
    if (mine !== asked) return;
    list.removeAttribute("aria-busy");
    if (!answer?.ok) return;
    const hits = $$("#content .task-hit a[href^='/tasks/']", parse(await answer.text())).slice(0, 8);
    items.push(...hits.map((hit) => ({ text: `${hit.getAttribute("href").split("/")[2]} ${hit.textContent.trim()}`, go: () => visit(hit.href) })));
    draw();
  };
  field.oninput = find;
  field.onkeydown = (event) => {
    const by = STEPS[event.key];
    if (by) at = (at + by + items.length) % items.length;
    else if (event.key === "Enter") return take(items[at]);
    else return;
    halt(event);
    draw();
  };
  find();
}

// --- Small things.

on("change", ({ target }) => target.matches("[data-go]") && target.form.requestSubmit());
on("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
    toast(button.dataset.copied);
  } catch {
    // There is no clipboard without a safe connection.
    field.select();
  }
});
const often = Number($("[data-refresh]")?.dataset.refresh);
if (often) setInterval(() => document.hidden || refresh(), often * 1000);

// --- Begin.

keepDrafts();
connect();
// The server knows which page has a comment that this one does not show.
const [, said] = /^#comment-(.+)/.exec(location.hash) || [];
if (said && !document.getElementById(`comment-${said}`)) location.replace(`${location.pathname}?comment=${encodeURIComponent(said)}${location.hash}`);
