/** Changes as they happen: a small client for Phoenix channels (vsn 2.0.0). */

const TOPIC = "realtime:board";
const HEARTBEAT = 25000;
const DELAYS = [1000, 2000, 5000, 10000];

export class Live {
  #options;
  #socket = null;
  #ref = 0;
  #joinRef = null;
  #failures = 0;
  #beat = 0;
  #unanswered = null;
  #retry = 0;

  /**
   * @param {object} options
   * @param {() => string} options.url address of the socket
   * @param {string[]} options.tables whose changes are wanted
   * @param {() => Promise<string|null>} options.token the caller's access token, asked at each join
   * @param {(state: "connecting"|"live"|"offline") => void} options.onState
   * @param {() => void} options.onJoin the subscription is live: read again what was missed
   * @param {(change: {type: string, table: string, row: object, old: object}) => void} options.onChange
   */
  constructor(options) {
    this.#options = options;
    addEventListener("online", () => this.restart());
  }

  /** Connect anew, with the token of whoever is signed in now. */
  restart() {
    this.#failures = 0;
    this.#drop();
    this.#connect();
  }

  /** Hand the running channel a fresh token of the same person. */
  renew(token) {
    if (this.#joinRef && token) this.#push("access_token", { access_token: token });
  }

  #connect() {
    this.#options.onState("connecting");
    const socket = new WebSocket(this.#options.url());
    this.#socket = socket;
    socket.onopen = () => this.#join(socket);
    socket.onclose = () => this.#lost(socket);
    socket.onmessage = ({ data }) => this.#receive(socket, JSON.parse(data));
  }

  async #join(socket) {
    const token = await this.#options.token();
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    this.#joinRef = String(this.#ref + 1);
    const changes = this.#options.tables.map((table) => ({ event: "*", schema: "public", table }));
    this.#push("phx_join", {
      config: { broadcast: {}, presence: { enabled: false }, postgres_changes: changes, private: false },
      ...(token ? { access_token: token } : {}),
    });
    this.#beat = setInterval(() => this.#heartbeat(socket), HEARTBEAT);
  }

  #receive(socket, [, ref, topic, event, payload]) {
    if (socket !== this.#socket) return;
    if (ref !== null && ref === this.#unanswered) this.#unanswered = null;
    if (topic !== TOPIC) return;
    if (event === "phx_reply" && ref === this.#joinRef) {
      if (payload.status === "ok") this.#joined();
      else this.#lost(socket);
    } else if (event === "postgres_changes") {
      const { type, table, record, old_record } = payload.data;
      this.#options.onChange({ type, table, row: record ?? {}, old: old_record ?? {} });
    } else if (event === "phx_close" || event === "phx_error") {
      this.#lost(socket);
    }
  }

  #joined() {
    this.#failures = 0;
    this.#options.onState("live");
    this.#options.onJoin();
  }

  #heartbeat(socket) {
    if (this.#unanswered) return this.#lost(socket);
    this.#unanswered = this.#push("heartbeat", {}, "phoenix");
  }

  #push(event, payload, topic = TOPIC) {
    const ref = String(++this.#ref);
    this.#socket.send(JSON.stringify([topic === TOPIC ? this.#joinRef : null, ref, topic, event, payload]));
    return ref;
  }

  /** Whatever went wrong: drop the socket, wait longer each time, connect anew. */
  #lost(socket) {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#options.onState("offline");
    const delay = DELAYS[Math.min(this.#failures++, DELAYS.length - 1)];
    this.#retry = setTimeout(() => this.#connect(), delay * (0.8 + 0.4 * Math.random()));
  }

  #drop() {
    clearTimeout(this.#retry);
    clearInterval(this.#beat);
    const socket = this.#socket;
    this.#socket = this.#joinRef = this.#unanswered = null;
    socket?.close();
  }
}
