/** Sends a file straight to the store, with what the service signs for it. Nothing here touches the document. */

const CONNECTIONS = 4; // requests to the store at once, all files together: browsers allow six to one host
const ATTEMPTS = 5;
const FIRST_PAUSE = 400; // milliseconds; doubled for each further attempt
const STALLED = 60_000; // milliseconds without a byte

/** What the service allows. The page looks first, to spare people the wait; the service and the store look again. */
export const limits = { types: [], max_size: Infinity, expires: 900 };

/** What went wrong, as a code; `passing` if the same may go well a moment later. */
export class Failure extends Error {
  constructor(code, passing = false) {
    super(code);
    this.code = code;
    this.passing = passing;
  }
}

/** Asks the service for something. */
export async function ask(operation, wish, options = {}) {
  const headers = { "Content-Type": "application/json" };
  let answer, said;
  try {
    answer = await fetch(`api/${operation}`, { method: "POST", headers, body: JSON.stringify(wish), ...options });
    said = answer.ok ? await answer.json() : await answer.text();
  } catch {
    throw unreachable();
  }
  if (answer.ok) return said;
  throw new Failure(answer.status >= 500 ? "busy" : said, answer.status >= 500);
}

export class Upload {
  /** One of waiting, sending, finishing, done, failed, cancelled. */
  state = "waiting";
  /** Why it failed. */
  failure = null;
  /** The code of what stands in the way, while it goes on by itself. */
  obstacle = null;

  #changed;
  #ticket = null; // what the service signed
  #goodUntil = 0;
  #signing = null;
  #stop = new AbortController();
  #running = Promise.resolve();
  #arrived = new Set(); // places of parts in the ticket
  #moving = new Map(); // place -> bytes on their way

  constructor(file, changed) {
    this.file = file;
    this.#changed = changed;
  }

  /** Bytes that have left, of `file.size`. */
  get sent() {
    if (this.state === "done") return this.file.size;
    let sent = 0;
    for (const place of this.#arrived) sent += this.#ticket.parts[place].size;
    for (const bytes of this.#moving.values()) sent += bytes;
    return sent;
  }

  /** Sends the file; after a failure, what of it has not arrived yet. Never rejects: see `state`. */
  start() {
    this.#stop = new AbortController();
    this.failure = this.obstacle = null;
    this.#become("sending");
    this.#running = this.#run();
    return this.#running;
  }

  /** Stops, and leaves nothing behind in the store. */
  async cancel() {
    this.#become("cancelled");
    this.#stop.abort();
    await this.#running;
    if (this.#ticket) await ask("discard", this.#claim()).catch(() => {}); // else the janitor finds it
  }

  /** The page is being closed: parts that nobody would ask for again are dropped. */
  abandon() {
    this.#stop.abort();
    if (this.#ticket?.upload_id) ask("discard", this.#claim(), { keepalive: true }).catch(() => {});
  }

  async #run() {
    try {
      check(this.file);
      await this.#persist(() => this.#ensureSigned());
      await (this.#ticket.parts ? this.#sendParts() : this.#persist(() => this.#sendForm()));
      this.#become("done");
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#moving.clear();
    }
  }

  #fail(error) {
    if (!(error instanceof Failure) && !this.#stop.signal.aborted) console.error(error);
    this.failure = error instanceof Failure ? error : new Failure("unknown");
    if (["gone", "incomplete"].includes(error.code)) this.#arrived.clear();
    if (error.code === "gone") this.#ticket = null;
    this.#become("failed");
  }

  async #sendForm() {
    await this.#ensureSigned();
    const form = new FormData();
    for (const [name, value] of Object.entries(this.#ticket.fields)) form.append(name, value);
    form.append("file", this.file, "file");
    await this.#transmit("POST", this.#ticket, form, 0, this.file.size);
  }

  async #sendParts() {
    const places = [...this.#ticket.parts.keys()].filter((place) => !this.#arrived.has(place));
    const lane = async () => {
      while (places.length) await this.#sendPart(places.shift());
    };
    const lanes = Array.from({ length: CONNECTIONS }, lane);
    try {
      await Promise.all(lanes);
    } catch (error) {
      this.#stop.abort();
      await Promise.allSettled(lanes);
      throw error;
    }
    this.#become("finishing");
    await this.#persist(() => ask("complete", { ...this.#claim(), size: this.file.size }));
  }

  #sendPart(place) {
    return this.#persist(async () => {
      await this.#ensureSigned();
      const part = this.#ticket.parts[place];
      const bytes = this.file.slice(part.offset, part.offset + part.size);
      await this.#transmit("PUT", part, bytes, place, part.size);
      this.#arrived.add(place);
    });
  }

  /** Takes a step until it succeeds: again after a pause, when the network is back, or with a new signature. */
  async #persist(step) {
    const { signal } = this.#stop;
    for (let attempt = 1; ; attempt += 1) {
      try {
        signal.throwIfAborted();
        const result = await step();
        if (this.obstacle) this.#meet(null);
        return result;
      } catch (error) {
        if (signal.aborted || !error.passing || attempt === ATTEMPTS) throw error;
        this.#meet(error.code);
        if (error.code === "offline") await event(window, "online", signal).then(() => (attempt = 0));
        else if (error.code !== "expired") await pause(FIRST_PAUSE * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), signal);
      }
    }
  }

  /** Has the ticket signed if it is not, or no longer; whoever needs that at the same time shares the answer. */
  #ensureSigned() {
    if (Date.now() < this.#goodUntil) return null;
    this.#signing ??= this.#sign().finally(() => (this.#signing = null));
    return this.#signing;
  }

  async #sign() {
    const { name, type, size } = this.file;
    const asked = Date.now();
    this.#ticket = await ask("sign", { name, type, size, ...(this.#ticket?.upload_id && this.#claim()) });
    this.#goodUntil = asked + this.#ticket.expires * 1000;
  }

  async #transmit(method, { url }, body, place, size) {
    const [ticket, goodUntil] = [this.#ticket, this.#goodUntil];
    const progress = (bytes) => {
      this.#moving.set(place, Math.min(bytes, size));
      this.#changed(this);
    };
    try {
      await connections.use(this.#stop.signal, () => transmit(method, url, body, this.#stop.signal, progress));
    } catch (error) {
      if (error.code === "unreachable" && !(await readable(this.file))) throw new Failure("unreadable");
      // Not every server lets the page read why it refused.
      const expired = error.code === "expired" || (error.code === "unreachable" && Date.now() >= goodUntil);
      if (expired && ticket === this.#ticket) this.#goodUntil = 0;
      throw expired ? new Failure("expired", true) : error;
    } finally {
      this.#moving.delete(place);
    }
  }

  #claim() {
    return { key: this.#ticket.key, upload_id: this.#ticket.upload_id };
  }

  #meet(obstacle) {
    this.obstacle = obstacle;
    this.#changed(this);
  }

  #become(state) {
    if (this.state === "cancelled") return;
    this.state = state;
    this.#changed(this);
  }
}

function check(file) {
  const allows = (type) => file.type === type || (type.endsWith("/*") && file.type.startsWith(type.slice(0, -1)));
  if (file.type && !limits.types.some(allows)) throw new Failure("wrong_type");
  if (file.size > limits.max_size) throw new Failure("too_large");
}

/** One request to the store. */
function transmit(method, url, body, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    const stop = () => request.abort();
    let watch;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(stop, STALLED);
    };
    request.upload.onprogress = ({ loaded }) => {
      alive();
      progress(loaded);
    };
    request.onload = () => (request.status >= 200 && request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = request.onabort = () => reject(unreachable());
    request.onloadend = () => {
      clearTimeout(watch);
      signal.removeEventListener("abort", stop);
    };
    signal.addEventListener("abort", stop);
    request.open(method, url);
    alive();
    request.send(body);
  });
}

/** What the store's XML means for the person. */
function refusal({ status, responseText }) {
  const said = (name) => new RegExp(`<${name}>([^<]*)`).exec(responseText)?.[1] ?? "";
  const [code, message] = [said("Code"), said("Message")];
  if (/expired/i.test(code + message)) return new Failure("expired", true);
  if (status >= 500 || status === 429) return new Failure("busy", true);
  if (status === 413 || code === "EntityTooLarge") return new Failure("refused_size");
  if (/content-type/i.test(message)) return new Failure("refused_type");
  return new Failure(code === "NoSuchUpload" ? "gone" : "refused");
}

function unreachable() {
  return new Failure(navigator.onLine ? "unreachable" : "offline", true);
}

/** Files change and vanish, and folders can be dropped: to an upload that looks like a broken connection. */
function readable(file) {
  return file.slice(0, 1).arrayBuffer().then(() => true, () => false);
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

function event(target, name, signal) {
  return new Promise((resolve) => {
    target.addEventListener(name, resolve, { once: true, signal });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

const connections = {
  free: CONNECTIONS,
  queue: [],
  async use(signal, work) {
    if (this.free) this.free -= 1;
    else await new Promise((resolve) => this.queue.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      if (this.queue.length) this.queue.shift()();
      else this.free += 1;
    }
  },
};
