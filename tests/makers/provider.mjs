// An OpenID Connect issuer (npm oidc-provider) on loopback, and a client of it.
//
// usage: node provider.mjs serve ISSUER CERTIFICATE KEY JWK...
//          ISSUER is its URL, with a port; each JWK a file that holds a signing key, made where it is missing. The
//          first one signs, all are published. Prints a line when it listens.
//        node provider.mjs token ISSUER CLIENT RESOURCE
//          prints an access token for RESOURCE, by the client-credentials grant. Its subject is the client's name.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const [mode, issuer, ...rest] = process.argv.slice(2);
const secret = 'of every client here';

async function key(file) {
  if (!existsSync(file)) {
    const alg = 'RS256';
    const jwk = await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey);
    writeFileSync(file, JSON.stringify({ ...jwk, alg, use: 'sig' }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file));
}

async function serve(certificate, privateKey, ...files) {
  const provider = new Provider(issuer, {
    jwks: { keys: await Promise.all(files.map(key)) },
    clients: ['ana', 'ben', 'carl', 'dora'].map((client_id) => ({
      client_id, client_secret: secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (context, audience) => ({
          audience, scope: 'login', accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const tls = { cert: readFileSync(certificate), key: readFileSync(privateKey) };
  const { hostname, port } = new URL(issuer);
  createServer(tls, provider.callback()).listen(port, hostname, () => console.log(`${issuer} listens`));
}

async function token(client, resource) {
  const { token_endpoint } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const answer = await fetch(token_endpoint, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${client}:${encodeURIComponent(secret)}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'login' }),
  });
  const { access_token, error_description } = await answer.json();
  if (access_token === undefined) throw new Error(error_description);
  process.stdout.write(access_token);
}

await { serve, token }[mode](...rest);
