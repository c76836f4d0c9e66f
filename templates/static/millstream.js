// What makes the pages live and quick to the hand. Everything works without it: each act here sends a form or follows a
// link that the page has anyway.

const root = document.documentElement;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
root.classList.add("js");

// --- Morphing: the page as it is now becomes the page as it should be, and keeps what the reader holds on to.

const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.task || null : null);

/** Whether somebody has typed something here that was not sent. */
const isEdited = (field) =>
  field.matches("textarea, input:not([type=checkbox]):not([type=hidden])") && field.value !== field.defaultValue;

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  for (const { name } of [...from.attributes]) {
    // What the reader opened stays open.
    if (!to.hasAttribute(name) && !(name === "open" && from.matches("details, dialog"))) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (from.matches("textarea, input, select")) return morphField(from, to);
  morphChildren(from, to);
}

function morphField(from, to) {
  if (from.matches("select")) {
    if (document.activeElement === from) return;
    morphChildren(from, to);
    from.value = to.value;
  } else if (isEdited(from) || document.activeElement === from) {
    // The text stays; what the server has now is kept beside it, so that the difference can be shown.
    if (to.defaultValue !== from.defaultValue) from.dispatchEvent(new CustomEvent("overtaken", { bubbles: true, detail: to.defaultValue }));
  } else if (!from.matches("[type=checkbox]")) {
    from.defaultValue = to.defaultValue;
    from.value = to.value;
  }
}

function morphChildren(from, to) {
  const known = new Map();
  for (const child of from.children) if (keyOf(child)) known.set(keyOf(child), child);
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    let match = key ? known.get(key) : at;
    if (!key && match && (match.nodeType !== wanted.nodeType || match.nodeName !== wanted.nodeName || keyOf(match))) match = null;
    if (match && match.nodeName !== wanted.nodeName) match = null;
    if (!match) {
      from.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else from.insertBefore(match, at);
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

/** Fetches this page again under the reader's own rights and morphs it. Many signals at once become one question. */
async function refresh(position) {
  if (asking || dragging) return void (askAgain = true);
  asking = (async () => {
    const headers = position ? { "Millstream-Wait-For": position } : {};
    const answer = await fetch(location.href, { headers, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["content", "side"]) {
      const [from, to] = [$(`#${id}`), page.getElementById(id)];
      if (from && to) morph(from, to);
    }
    document.title = page.title;
    point(current, false);
  })();
  try {
    await asking;
  } catch {
    badge("reconnecting");
  }
  asking = null;
  if (askAgain) {
    askAgain = false;
    refresh();
  }
}

// --- The live connection.

const RETRY_MAX = 15_000;
let retry = 500;
let position = null;

function badge(state) {
  const place = $("#live");
  if (!place) return;
  const text = { live: "Live", reconnecting: "Reconnecting…", offline: "Offline" }[state];
  place.innerHTML = `<span class="dot ${state === "live" ? "good" : "warn"}"></span>${text}`;
}

function connect() {
  const topics = (document.body.dataset.topics || "").split(" ").filter(Boolean);
  if (!topics.length) return;
  const address = new URL("/api/v1/live", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "millstream.v1");
  socket.onopen = () => {
    retry = 500;
    socket.send(JSON.stringify(position ? { subscribe: topics, resume: position } : { subscribe: topics }));
  };
  socket.onmessage = ({ data }) => {
    const word = JSON.parse(data);
    if (word.position) position = word.position;
    if (word.type === "ready") badge("live");
    else if (word.type === "changed") refresh(word.topic === "notifications" ? null : undefined);
    else if (word.type === "behind" || word.type === "gone") refresh();
  };
  socket.onclose = ({ code }) => {
    if (code === 4401) return location.reload();
    badge(navigator.onLine ? "reconnecting" : "offline");
    setTimeout(connect, retry * (0.5 + Math.random()));
    retry = Math.min(retry * 2, RETRY_MAX);
  };
}
addEventListener("online", () => (retry = 500));

// --- Words for the reader.

function toast(text) {
  const shelf = $(".toasts") || document.body.appendChild(Object.assign(document.createElement("div"), { className: "toasts" }));
  shelf.setAttribute("role", "status");
  const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  shelf.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

/** Sends a form as the page would, and shows what came of it. */
async function post(path, fields) {
  const body = new URLSearchParams({ csrf: document.body.dataset.csrf, ...fields });
  try {
    const answer = await fetch(path, { method: "POST", body, credentials: "same-origin" });
    if (answer.ok) return true;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const wrong = $(".wrong, .notice.bad, .lead", page);
    toast(wrong ? wrong.textContent.trim() : "That did not work. Try again.");
  } catch {
    toast("The server cannot be reached. Nothing was changed.");
  }
  return false;
}

// --- Forms: properties change at once, drafts survive, a text that was overtaken says so.

addEventListener("change", async ({ target }) => {
  const form = target.closest("form[data-autosubmit]");
  if (!form) return;
  if (await post(form.getAttribute("action"), { [target.name]: target.value })) {
    target.defaultValue = target.value;
    target.blur();
  }
  refresh();
});

addEventListener("overtaken", ({ target, detail }) => {
  const note = target.parentElement.querySelector(".overtaken") || document.createElement("details");
  note.className = "overtaken notice warn";
  note.replaceChildren(Object.assign(document.createElement("summary"), { textContent: "Somebody changed this meanwhile" }), Object.assign(document.createElement("p"), { textContent: detail }));
  target.after(note);
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

// A comment is sent without leaving the page.
addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-draft^=comment]")) return;
  event.preventDefault();
  const body = form.elements.body.value;
  form.reset();
  if (await post(form.getAttribute("action"), { body })) refresh();
  else form.elements.body.value = body;
});

// --- The board: cards move by hand and by key.

const cardsOf = (lane) => $$(".tile", lane);

async function place(card) {
  const lane = card.closest("ul");
  const [before, after] = [card.previousElementSibling, card.nextElementSibling];
  const fields = { status: lane.dataset.status };
  if (before?.dataset.id) fields.after = before.dataset.id;
  else if (after?.dataset.id) fields.before = after.dataset.id;
  await post(`/tasks/${card.dataset.task}/move`, fields);
  refresh();
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
const rows = () => $$(".task, .tile");

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
/** A property of the task that is looked at, or of those that are selected. */
const property = (name) => () => {
  if (!$(".pick:checked") && current) $(`.task[data-task="${current}"] .pick`)?.click();
  if (!focus(`#${name}`)) focus(`#bulk-${name.replace("_at", "")}`);
};

const KEYS = {
  "/": ["Search", () => focus("#find")],
  c: ["New task", () => $("[data-key=c]")?.click()],
  j: ["Next", () => step(1)],
  k: ["Previous", () => step(-1)],
  x: ["Select", () => $(`.task[data-task="${current}"] .pick`)?.click()],
  e: ["Edit", () => ($("[data-key=e]") ? $("[data-key=e]").click() : current && location.assign(`/tasks/${current}/edit`))],
  s: ["Status", property("status")],
  p: ["Priority", property("priority")],
  d: ["Due", property("due_at")],
  m: ["Comment", () => focus("#body")],
  "?": ["These keys", help],
};

function help() {
  const list = Object.entries(KEYS).map(([key, [text]]) => `<dt><span class="key">${key}</span></dt><dd>${text}</dd>`);
  list.push('<dt><span class="key">Ctrl K</span></dt><dd>Go anywhere, do anything</dd>', '<dt><span class="key">Space</span> <span class="key">← → ↑ ↓</span></dt><dd>Lift a card on a board and carry it</dd>');
  show("", `<div class="body"><h2>Keyboard</h2><br><dl class="keys">${list.join("")}</dl></div>`);
}

function show(name, html) {
  $("dialog")?.remove();
  const dialog = Object.assign(document.createElement("dialog"), { className: name, innerHTML: html });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

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
  const links = $$(".side a.entry, .head a.button, .tabs a, .segments a").map((link) => ({ text: link.textContent.trim(), go: () => location.assign(link.href) }));
  const acts = Object.entries(KEYS).map(([key, [text, act]]) => ({ text, key, go: act }));
  const dialog = show("palette", '<input type="search" role="combobox" aria-expanded="true" aria-controls="found" aria-label="Go anywhere, do anything" placeholder="Go, find, do…"><ul id="found" role="listbox"></ul>');
  const [field, list] = [$("input", dialog), $("ul", dialog)];
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
        line.onclick = () => choose(item);
        return line;
      }),
    );
    field.setAttribute("aria-activedescendant", `found-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const choose = (item) => {
    dialog.close();
    item?.go();
  };
  const find = async () => {
    const words = field.value.trim().toLowerCase();
    const fits = ({ text }) => text.toLowerCase().includes(words);
    items = [...links, ...acts].filter(fits).slice(0, 12);
    at = 0;
    draw();
    if (words.length < 2) return;
    const mine = ++asked;
    const answer = await fetch(`/search?q=${encodeURIComponent(field.value)}`, { credentials: "same-origin" });
    if (mine !== asked || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const hits = $$("#content a[href^='/tasks/']", page).slice(0, 8);
    items.push(...hits.map((hit) => ({ text: `${hit.getAttribute("href").split("/")[2]} ${hit.textContent.trim()}`, go: () => location.assign(hit.href) })));
    draw();
  };
  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (moves[event.key]) at = (at + moves[event.key] + items.length) % items.length;
    else if (event.key === "Enter") return choose(items[at]);
    else return;
    event.preventDefault();
    draw();
  });
  find();
}

// --- Begin.

keepDrafts();
connect();
