/** One request to Jotbase and its error, nothing about who asks. */

let publishableKey = "";

/** What the server answered instead of a result; `details` is what JSON Schema found, if anything. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.message ?? body.msg ?? body.error_description ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? body.error_code ?? null;
    this.details = body.details ?? null;
    this.hint = body.hint ?? null;
    this.weak = body.weak_password?.reasons ?? null;
  }
}

/** Learn the project's publishable key; to be awaited before anything else here. */
export async function configure() {
  const config = await answer(await reach("/config.json", {}));
  publishableKey = config.publishable_key;
}

/** The address of the realtime socket, on the server that this page came from. */
export function socketUrl() {
  const url = new URL("/realtime/v1/websocket", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ apikey: publishableKey, vsn: "2.0.0" });
  return url.href;
}

/** Send a request; gives what is in the answer, null where it is empty. */
export async function send(path, { method = "GET", query, body, token, headers } = {}) {
  const url = query ? `${path}?${new URLSearchParams(query)}` : path;
  const response = await reach(url, {
    method,
    headers: {
      apikey: publishableKey,
      authorization: `Bearer ${token ?? publishableKey}`,
      "x-supabase-api-version": "2024-01-01",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer(response);
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new ApiError(0, { message: "The server cannot be reached. Is it running?" });
  }
}

async function answer(response) {
  const text = await response.text();
  const body = parse(text);
  if (!response.ok) throw new ApiError(response.status, body ?? {});
  return body;
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
