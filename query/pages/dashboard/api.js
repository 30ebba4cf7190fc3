// Calls of the service, with its errors as sentences.

const PATIENCE_MS = 15_000;
// Timers of more than 24 days would fire at once.
const LONGEST_WAIT_S = 3_600;
const NO_ANSWER = "The service does not answer.";
const NOT_THE_SERVICE = "The answer is not JSON: another program answers in place of the service.";

/** A failed request: the message is the service's sentence; `status` is 0 without an answer of the service.
 *
 * `at` is the service's time of the answer.
 */
export class ApiError extends Error {
  constructor(sentence, { status = 0, retryAfterS = 0, at = null } = {}) {
    super(sentence);
    this.status = status;
    this.retryAfterS = retryAfterS;
    this.at = at;
  }
}

/** The endpoints, called with one token. Each returns `{body, at}`: JSON, and the service's time.
 *
 * A `whose` is `{user, agent}`, with null for all users or agents.
 */
export class Api {
  #headers;
  #aheadMs = 0;

  constructor(token) {
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /** The service's time in milliseconds, estimated from its newest answer. */
  get now() {
    return Date.now() + this.#aheadMs;
  }

  platform(signal) {
    return this.#get("api/metrics", {}, signal);
  }

  performance(user, signal) {
    return this.#get(`${pathOf({ user })}/performance`, {}, signal);
  }

  summary(user, signal) {
    return this.#get(`${pathOf({ user })}/summary`, {}, signal);
  }

  historical(whose, query, signal) {
    return this.#get(`${pathOf(whose)}/historical`, query, signal);
  }

  users(query, signal) {
    return this.#get("api/metrics/users", query, signal);
  }

  agents(user, query, signal) {
    return this.#get(`${pathOf({ user })}/agents`, query, signal);
  }

  agent(whose, signal) {
    return this.#get(pathOf(whose), {}, signal);
  }

  timeline({ user, agent }, query, signal) {
    return this.#get(`${pathOf({ user })}/timeline`, agent === null ? query : { ...query, agent }, signal);
  }

  async #get(path, query, signal) {
    const parameters = new URLSearchParams(query).toString();
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const answer = await fetch(parameters ? `${path}?${parameters}` : path, {
        headers: this.#headers,
        signal: patience,
      });
      if (!answer.ok) throw await errorOf(answer);
      const at = timeOf(answer);
      this.#aheadMs = at.getTime() - Date.now();
      return { body: await answer.json(), at };
    } catch (problem) {
      if (signal.aborted || problem instanceof ApiError) throw problem;
      throw new ApiError(problem instanceof SyntaxError ? NOT_THE_SERVICE : NO_ANSWER);
    }
  }
}

function pathOf({ user = null, agent = null }) {
  const steps = [...(user === null ? [] : [user]), ...(agent === null ? [] : ["agents", agent])];
  return ["api/metrics", ...steps.map(encodeURIComponent)].join("/");
}

async function errorOf(answer) {
  const body = (await answer.json().catch(() => null)) ?? {};
  const sentence = body.error ?? `The service answers with status ${answer.status}.`;
  const wait = Number(answer.headers.get("retry-after")) || 0;
  const retryAfterS = Math.min(LONGEST_WAIT_S, wait);
  return new ApiError(sentence, { status: answer.status, retryAfterS, at: timeOf(answer) });
}

// Buckets follow the service's clock, and this machine's may be wrong.
function timeOf(answer) {
  const date = Date.parse(answer.headers.get("date"));
  return new Date(Number.isNaN(date) ? Date.now() : date);
}
