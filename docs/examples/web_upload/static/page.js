/** The page: what is dropped on it is uploaded, and what was uploaded is shown. */

import { Upload, ask, limits } from "./upload.js";

const FILES_AT_ONCE = 3;
const $ = (selector, within = document) => within.querySelector(selector);
const clone = (template) => $(template).content.firstElementChild.cloneNode(true);

// --- Words and numbers

const bytes = (size) => {
  const power = Math.min(Math.floor(Math.log2(Math.max(size, 1)) / 10), 4);
  const digits = power > 0 && size / 1024 ** power < 100 ? 1 : 0;
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(size / 1024 ** power);
  return `${number} ${["bytes", "KB", "MB", "GB", "TB"][power]}`;
};

const duration = (seconds) => {
  if (seconds < 90) return `${Math.max(Math.ceil(seconds), 1)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

const ago = (date) => {
  const seconds = Math.max((Date.now() - date) / 1000, 0);
  if (seconds < 45) return "just now";
  const [unit, length] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, each]) => seconds >= each * 0.75);
  if (seconds > 7 * 86400) return date.toLocaleDateString("en", { dateStyle: "medium" });
  return new Intl.RelativeTimeFormat("en", { style: "narrow" }).format(-Math.max(Math.round(seconds / length), 1), unit);
};

const kind = (type) => (/^(image|video)\//.exec(type) ?? ["", "text"])[1];

const accepted = () => {
  const names = { "image/*": "pictures", "video/*": "videos", "application/pdf": "PDF", "text/plain": "text", "text/markdown": "Markdown", "text/csv": "CSV" };
  const list = new Intl.ListFormat("en").format(limits.types.map((type) => names[type] ?? type));
  return list[0].toUpperCase() + list.slice(1);
};

const FAILURES = {
  too_large: ({ size }) => `Too large: this is ${bytes(size)}, and ${bytes(limits.max_size)} is the most.`,
  wrong_type: () => `This kind of file is not accepted. ${accepted()} are.`,
  refused: () => "The store refused this file.",
  refused_size: () => "Too large: the store refused it, because it is longer than was agreed.",
  refused_type: () => "The store refused it, because it is another kind of file than was agreed.",
  unreadable: () => "This file cannot be read. Was it moved or changed, or is it a folder?",
  expired: () => "The time for this upload ran out. Retry goes on where it stopped.",
  unreachable: () => "The connection broke off. Retry goes on where it stopped.",
  busy: () => "The store is not available at the moment. Retry goes on where it stopped.",
  gone: () => "The store has given up this upload. Retry begins it again.",
  incomplete: () => "Some of it did not arrive. Retry sends it again.",
};
const FINAL = ["too_large", "wrong_type", "refused", "refused_size", "refused_type", "unreadable"];

const OBSTACLES = {
  expired: "The permission had expired. A new one is being used.",
  offline: "You are offline. This goes on as soon as you are back.",
  unreachable: "The connection broke off. Trying again…",
  busy: "The store is busy. Trying again…",
};

const explain = (failure, file) => FAILURES[failure.code]?.(file) ?? "Something went wrong. Retry, or reload this page.";

const announce = (text) => ($("#announcements").textContent = text);

// --- Files on their way

/** Shows an upload as long as it is of interest. */
class Row {
  #samples = [];
  #told = 0;
  #shown = {};

  constructor(file) {
    this.upload = new Upload(file, () => this.#show());
    this.element = clone("#row");
    this.element.row = this;
    $("use", this.element).setAttribute("href", `#${kind(file.type)}`);
    $(".name", this.element).textContent = $(".name", this.element).title = file.name;
    $("progress", this.element).setAttribute("aria-label", `Upload of ${file.name}`);
    $(".retry", this.element).setAttribute("aria-label", `Retry ${file.name}`);
    $(".retry", this.element).onclick = () => this.#retry();
    $(".cancel", this.element).onclick = () => this.#close();
    this.#show();
  }

  #retry() {
    $(".cancel", this.element).focus();
    this.upload.state = "waiting";
    this.#show();
    pump();
  }

  /** The cross: cancels what is under way, else takes the row away. */
  #close() {
    const { state, file } = this.upload;
    if (state !== "done") this.upload.cancel().then(pump);
    announce(state === "done" ? "" : `${file.name}: cancelled`);
    const next = this.element.nextElementSibling ?? this.element.previousElementSibling;
    this.element.remove();
    (next ? $(".cancel", next) : $("#choose")).focus();
    tidy();
  }

  #show() {
    const { state, failure, obstacle, file, sent } = this.upload;
    const { element } = this;
    $("progress", element).value = file.size ? sent / file.size : Number(state === "done");
    $(".state", element).textContent = this.#words();
    if (state === this.#shown.state && obstacle === this.#shown.obstacle) return this.#tell(sent / file.size);
    this.#shown = { state, obstacle };
    element.dataset.state = state;
    element.toggleAttribute("data-fruitless", FINAL.includes(failure?.code));
    $(".note", element).hidden = !(state === "sending" && obstacle);
    $(".note", element).textContent = OBSTACLES[obstacle] ?? "";
    $(".retry", element).hidden = state !== "failed" || FINAL.includes(failure.code);
    const over = ["done", "failed"].includes(state);
    $(".cancel", element).ariaLabel = over ? `Remove ${file.name} from this list` : `Cancel ${file.name}`;
    $(".cancel", element).title = over ? "Remove" : "Cancel";
    const symbol = { done: "done", failed: "warning" }[state] ?? kind(file.type);
    $("use", element).setAttribute("href", `#${symbol}`);
    if (over) announce(`${file.name}: ${this.#words()}`);
    else if (obstacle) announce(`${file.name}: ${OBSTACLES[obstacle]}`);
    tidy();
  }

  #words() {
    const { state, failure, obstacle, file, sent } = this.upload;
    if (state === "failed") return explain(failure, file);
    if (state === "done") return `Uploaded · ${bytes(file.size)}`;
    if (state === "finishing") return "Putting the parts together…";
    if (state === "waiting") return `Waiting · ${bytes(file.size)}`;
    const speed = this.#speed(sent);
    const rest = speed > 0 && !obstacle ? ` · ${bytes(speed)}/s · ${duration((file.size - sent) / speed)} left` : "";
    return `${bytes(sent)} of ${bytes(file.size)}${rest}`;
  }

  /** Bytes per second over the last seconds; 0 as long as that would be a guess. */
  #speed(sent) {
    const now = performance.now();
    this.#samples.push([now, sent]);
    while (now - this.#samples[0][0] > 4000) this.#samples.shift();
    const [then, before] = this.#samples[0];
    return now - then > 700 ? Math.max(((sent - before) / (now - then)) * 1000, 0) : 0;
  }

  /** Says aloud how far it is, at each quarter. */
  #tell(share) {
    const quarter = Math.floor(share * 4);
    if (this.upload.state !== "sending" || quarter <= this.#told || quarter > 3) return;
    this.#told = quarter;
    announce(`${this.upload.file.name}: ${quarter * 25} percent`);
  }
}

const rows = () => [...$("#rows").children].map((element) => element.row);
const active = () => rows().filter(({ upload }) => ["sending", "finishing"].includes(upload.state));

function add(files) {
  for (const file of files) $("#rows").append(new Row(file).element);
  if (files.length) announce(files.length === 1 ? `${files[0].name}: added` : `${files.length} files added`);
  pump();
}

/** Starts what waits, a few at once. */
function pump() {
  for (const { upload } of rows()) {
    if (active().length >= FILES_AT_ONCE) break;
    if (upload.state === "waiting") upload.start().then(() => finished(upload));
  }
  tidy();
}

function finished(upload) {
  if (upload.state === "done") refresh();
  pump();
}

function tidy() {
  $("#transfers").hidden = !$("#rows").children.length;
  $("#clear").hidden = !rows().some(({ upload }) => upload.state === "done");
}

$("#clear").onclick = () => {
  for (const { element, upload } of rows()) if (upload.state === "done") element.remove();
  tidy();
  $("#choose").focus();
};

// --- Adding files

$("#choose").onchange = ({ target }) => {
  add([...target.files]);
  target.value = "";
};

let depth = 0; // dragenter and dragleave come for each element on the way
const drag = (change) => {
  depth = Math.max(depth + change, 0);
  document.body.classList.toggle("dragging", depth > 0);
};
const withFiles = (listener) => (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  listener(event);
};
addEventListener("dragenter", withFiles(() => drag(1)));
addEventListener("dragleave", withFiles(() => drag(-1)));
addEventListener("dragover", withFiles(() => {}));
addEventListener("drop", withFiles(({ dataTransfer }) => (drag(-depth), add([...dataTransfer.files]))));
addEventListener("paste", ({ clipboardData }) => add([...clipboardData.files]));

addEventListener("beforeunload", (event) => {
  if (active().length) event.preventDefault();
});
addEventListener("pagehide", () => rows().forEach(({ upload }) => upload.state === "done" || upload.abandon()));

// --- What has been uploaded

const cards = new Map(); // key -> element
let timer, refreshing, again;

/** Asks for the files as far as they are shown, with new URLs; repeats that before these expire. */
async function refresh() {
  if (refreshing) return (again = true);
  refreshing = true;
  try {
    await list(Math.max(cards.size, 1));
    $("#notice").hidden = true;
  } catch (error) {
    $("#notice span").textContent = error.code === "offline" ? "You are offline." : "The files cannot be shown right now.";
    $("#notice").hidden = false;
  }
  refreshing = false;
  clearTimeout(timer);
  timer = setTimeout(refresh, limits.expires * 800);
  if (again) again = void refresh();
}

/** Shows at least so many files, if there are, and takes away what is there no longer. */
async function list(atLeast) {
  const files = [];
  let page;
  do {
    page = await ask("files", files.length ? { key: files.at(-1).key } : {});
    files.push(...page.files);
  } while (page.more && files.length < atLeast);
  const first = !limits.types.length;
  Object.assign(limits, page.limits);
  if (first) welcome();
  for (const [key, card] of cards) if (!files.some((file) => file.key === key)) remove(key, card);
  files.forEach((file, place) => show(file, place, first));
  $("#empty").hidden = files.length > 0;
  $("#more").hidden = !page.more;
}

function welcome() {
  $("#allowed").textContent = `${accepted()}, up to ${bytes(limits.max_size)} each`;
  $("#choose").accept = limits.types.join(",");
}

function show(file, place, quietly) {
  let card = cards.get(file.key);
  if (!card) {
    card = make(file);
    card.classList.toggle("new", !quietly);
    cards.set(file.key, card);
  }
  const image = $("img", card);
  if (!image.parentElement.hidden && !image.naturalWidth) image.src = file.url;
  $(".download", card).href = file.download;
  $("time", card).textContent = ago(new Date(file.time));
  card.url = file.url;
  if ($("#cards").children[place] !== card) $("#cards").insertBefore(card, $("#cards").children[place] ?? null);
}

function make(file) {
  const card = clone("#card");
  const [picture, sheet] = [$("button.picture", card), $(".sheet", card)];
  const show = (image) => ([picture.hidden, sheet.hidden] = [!image, image]);
  show(kind(file.type) === "image");
  $("img", picture).onerror = () => show(false); // not every picture is one that browsers know
  picture.ariaLabel = `Show ${file.name}`;
  picture.onclick = () => view(file.name, card.url);
  sheet.dataset.type = file.type;
  $("use", sheet).setAttribute("href", `#${kind(file.type)}`);
  $("span", sheet).textContent = /\.(\w{1,5})$/.exec(file.name)?.[1] ?? "file";
  $(".name", card).textContent = $(".name", card).title = file.name;
  $(".size", card).textContent = bytes(file.size);
  $("time", card).dateTime = file.time;
  $("time", card).title = new Date(file.time).toLocaleString("en", { dateStyle: "full", timeStyle: "short" });
  $(".download", card).ariaLabel = `Download ${file.name}`;
  $(".delete", card).ariaLabel = `Delete ${file.name}`;
  $(".delete", card).onclick = () => discard(file, card);
  return card;
}

function remove(key, card) {
  cards.delete(key);
  card.remove();
}

function view(name, url) {
  $("#viewer img").src = url;
  $("#viewer figcaption").textContent = $("#viewer img").alt = name;
  $("#viewer").showModal();
}

$("#viewer").onclick = ({ target }) => target.closest("img") || $("#viewer").close();
$("#viewer").onclose = () => $("#viewer img").removeAttribute("src");

async function discard(file, card) {
  $("#confirm p").textContent = `“${file.name}” will be gone for good.`;
  $("#confirm").returnValue = "";
  $("#confirm").showModal();
  // The event comes a moment later, perhaps that of the time before while the question is open again.
  await new Promise((resolve) => ($("#confirm").onclose = () => $("#confirm").open || resolve()));
  if ($("#confirm").returnValue !== "delete") return;
  try {
    await ask("discard", { key: file.key });
  } catch (error) {
    $("#notice span").textContent = `“${file.name}” could not be deleted.`;
    $("#notice").hidden = false;
    return;
  }
  const next = card.nextElementSibling ?? card.previousElementSibling;
  remove(file.key, card);
  announce(`${file.name}: deleted`);
  (next ? $(".delete", next) : $("#gallery-title")).focus();
  refresh();
}

$("#notice button").onclick = refresh;
$("#more").onclick = () => list(cards.size + 1).catch(refresh);
addEventListener("online", refresh);

refresh();
