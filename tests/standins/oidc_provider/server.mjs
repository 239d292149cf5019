// A real OpenID provider (npm oidc-provider) in its strict default configuration, for the tests.
//
// Strict means: opaque access tokens, ID tokens with nothing but the subject (names and groups are
// in userinfo), refresh tokens only with offline_access and prompt=consent and rotated at each use,
// redirect addresses compared exactly (loopback ports aside), PKCE required.
//
// The settings come as one line of JSON on the standard input; each further line changes people or
// manners, and is answered by one: {"people": …}, {"clients": …}, {"status": 500}, {"rotate": true},
// {"forget": "RefreshToken"}, {"stop": true}. What it remembers it keeps in the file "memory".
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { generateKeyPairSync, randomUUID } from 'node:crypto';

import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const settings = JSON.parse((await lines.next()).value);
const state = { people: settings.people, status: 0, store: new Map(), calls: [] };

function key(alg = 'RS256') {
  const kind = alg.startsWith('ES') ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }];
  const jwk = generateKeyPairSync(...kind).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: randomUUID(), use: 'sig', alg };
}

// What the provider remembers outlives its restarts: a Map of this process, behind the adapter that
// the library asks for.
class Memory {
  constructor(model) { this.model = model; }
  name(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { state.store.set(this.name(id), { ...payload }); }
  async find(id) { return state.store.get(this.name(id)); }
  async findByUid(uid) { return this.#search('uid', uid); }
  async findByUserCode(code) { return this.#search('userCode', code); }
  #search(field, value) {
    for (const [name, payload] of state.store) {
      if (name.startsWith(`${this.model}:`) && payload[field] === value) return payload;
    }
    return undefined;
  }
  async consume(id) {
    const found = state.store.get(this.name(id));
    if (found) found.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) { state.store.delete(this.name(id)); }
  async revokeByGrantId(grantId) {
    for (const [name, payload] of state.store) {
      if (payload.grantId === grantId) state.store.delete(name);
    }
  }
}

const page = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<h1>${title}</h1>${body}`;

function provider(keys) {
  const made = new Provider(settings.issuer, {
    adapter: Memory,
    clients: settings.clients,
    jwks: { keys },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email'],
      roles: ['groups', 'roles', 'teams'],
    },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'roles'],
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      ...settings.features,
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ['of the tests alone'] },
    async findAccount(ctx, id) {
      const person = state.people[id];
      if (!person) return undefined;
      return { accountId: id, claims: async () => ({ sub: id, ...person.claims }) };
    },
    ttl: {
      AccessToken: 3600, AuthorizationCode: 60, Grant: 14 * 86400, IdToken: 3600,
      Interaction: 3600, RefreshToken: 14 * 86400, Session: 14 * 86400,
    },
    ...settings.configuration,
  });
  made.proxy = Boolean(settings.proxy);
  return made;
}

let keys = [key(settings.alg)];
if (existsSync(settings.memory)) {
  const kept = JSON.parse(readFileSync(settings.memory, 'utf-8'));
  keys = kept.keys;
  state.store = new Map(kept.store);
}
let current = provider(keys);

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

async function interact(request, response, uid, action) {
  const details = await current.interactionDetails(request, response);
  const { prompt, params, session } = details;
  if (request.method === 'GET') {
    const form = prompt.name === 'login'
      ? `<form method="post" action="/interaction/${uid}/login"><input name="login" id="login">
         <input name="password" id="password" type="password"><button id="go">Sign in</button></form>`
      : `<form method="post" action="/interaction/${uid}/confirm"><p>${params.client_id} asks for
         ${params.scope}</p><button id="go">Allow</button></form>
         <a id="abort" href="/interaction/${uid}/abort">Refuse</a>`;
    if (action === 'abort') {
      return current.interactionFinished(request, response, {
        error: 'access_denied', error_description: 'The person refused.',
      }, { mergeWithLastSubmission: false });
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    return response.end(page(prompt.name, form));
  }
  if (action === 'login') {
    const fields = await body(request);
    const login = fields.get('login');
    const person = state.people[login];
    if (!person || person.password !== fields.get('password')) {
      response.writeHead(401, { 'content-type': 'text/html; charset=utf-8' });
      return response.end(page('Wrong', '<p>Wrong name or password.</p>'));
    }
    return current.interactionFinished(request, response, { login: { accountId: login } });
  }
  const grant = details.grantId
    ? await current.Grant.find(details.grantId)
    : new current.Grant({ accountId: session.accountId, clientId: params.client_id });
  const missing = prompt.details;
  if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(' '));
  if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes || {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const grantId = await grant.save();
  return current.interactionFinished(request, response, { consent: { grantId } },
    { mergeWithLastSubmission: true });
}

const server = createServer((request, response) => {
  const path = new URL(request.url, settings.issuer).pathname;
  state.calls.push(`${request.method} ${path}`);
  if (state.status) {
    response.writeHead(state.status, { 'content-type': 'application/json' });
    return response.end('{"error":"server_error"}');
  }
  const found = /^\/interaction\/([^/]+)(?:\/(login|confirm|abort))?$/.exec(path);
  if (!found) return current.callback()(request, response);
  return interact(request, response, found[1], found[2]).catch((error) => {
    response.writeHead(500);
    response.end(String(error));
  });
});

server.listen(Number(new URL(settings.issuer).port), settings.host ?? '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: settings.issuer }));
});

for await (const line of lines) {
  const change = JSON.parse(line);
  if (change.people) state.people = change.people;
  if (change.status !== undefined) state.status = change.status;
  if (change.clients) {
    settings.clients = change.clients;
    current = provider(keys);
  }
  if (change.stop) writeFileSync(settings.memory, JSON.stringify({ keys, store: [...state.store] }));
  if (change.rotate) {
    keys = change.rotate === 'forget' ? [key(settings.alg)] : [key(settings.alg), ...keys];
    current = provider(keys);
  }
  if (change.forget) {
    for (const name of state.store.keys()) if (name.startsWith(`${change.forget}:`)) state.store.delete(name);
  }
  console.log(JSON.stringify({ calls: state.calls.splice(0) }));
  if (change.stop) break;
}
process.exit(0);
