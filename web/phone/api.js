// Calls of the service, and what became of them. No address holds anything but ids, dates and the feed's cursor.

const PATIENCE = 45_000;

/** Whether the last call reached the service. */
export const contact = { online: navigator.onLine, at: null };

const listeners = new Set();
/** Calls `listener` whenever the service is reached again, or no longer. */
export function onContact(listener) { listeners.add(listener); }

/** Notes whether the service can be reached. */
export function setContact(online) {
  if (online) contact.at = Date.now();
  if (contact.online === online) return;
  contact.online = online;
  for (const listener of listeners) listener();
}

/** No answer came: no network, or it broke off. What was asked may have been done. */
export class NoAnswer extends Error {}

/** The service refused. `slug` is the problem's name, `retryAfter` milliseconds or null. */
export class Refused extends Error {
  constructor(response, document) {
    const slug = String(document?.type ?? '').split('/').pop() || `http-${response.status}`;
    super(slug);
    this.status = response.status;
    this.slug = slug;
    this.document = document ?? {};
    this.headers = response.headers;
    this.retryAfter = seconds(response.headers.get('retry-after'));
  }
}

function seconds(text) {
  if (!text) return null;
  const n = Number(text);
  const wait = Number.isFinite(n) ? n * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

/**
 * Calls the service. `json` is sent as JSON, `body` as it is. Returns `{ status, headers, data }`; throws `NoAnswer` or
 * `Refused`. An answer that is cut off, or is not the service's own, counts as none.
 */
export async function call(method, path, { token, json, body, headers = {} } = {}) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    const response = await fetch(path, {
      method, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: limit.signal,
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(json ? { 'content-type': 'application/json' } : {}) },
      body: json ? JSON.stringify(json) : body,
    });
    const text = method === 'HEAD' ? '' : await response.text();
    const data = parsed(text);
    if (!response.ok) {
      setContact(true);
      throw new Refused(response, data);
    }
    // Something between us and the service answers in its place, such as a sign-in page of the network.
    if (text && data === undefined) throw new NoAnswer('no JSON');
    setContact(true);
    return { status: response.status, headers: response.headers, data };
  } catch (error) {
    if (error instanceof Refused) throw error;
    setContact(false);
    throw error instanceof NoAnswer ? error : new NoAnswer(String(error?.name ?? error));
  } finally {
    clearTimeout(timer);
  }
}

function parsed(text) {
  try { return text ? JSON.parse(text) : undefined; } catch { return undefined; }
}
