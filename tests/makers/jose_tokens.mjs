// Tokens and key sets by npm jose: each way of signing, odd encodings that the RFCs allow, and some they do not.
//
// usage: node jose_tokens.mjs FOLDER
// Writes N.jwks and N.token there, and to standard output a line for each: N, the first line that `jwtctl verify` is
// to print, its options, and what it is about, between tabs.
import { writeFileSync } from 'node:fs';
import * as jose from 'jose';

const folder = process.argv[2];
const issuer = 'https://issuer.example';
const audience = 'ssh://host';
const checked = `--issuer ${issuer} --audience ${audience}`;
const claims = { iss: issuer, aud: audience, sub: 'ana', iat: 1700000000, exp: 4102444800 };
let number = 0;

function test(name, verdict, keys, token, options = checked) {
  number += 1;
  writeFileSync(`${folder}/${number}.jwks`, typeof keys === 'string' ? keys : JSON.stringify({ keys }));
  writeFileSync(`${folder}/${number}.token`, token);
  console.log([number, verdict, options, name].join('\t'));
}

// A pair, its public half as a JWK with its thumbprint for a kid.
async function pair(alg, options) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
  const jwk = await jose.exportJWK(publicKey);
  return { alg, privateKey, jwk: { ...jwk, kid: await jose.calculateJwkThumbprint(jwk) } };
}

const sign = ({ alg, privateKey, jwk }, header = {}, payload = claims) =>
  new jose.CompactSign(new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)))
    .setProtectedHeader({ alg, kid: jwk.kid, ...header })
    .sign(privateKey, { crit: { b64: true, 'https://example.com/ext': true } });

const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const others = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const pairs = {};
for (const alg of [...rsa, ...others]) pairs[alg] = await pair(alg);
const everything = Object.values(pairs).map(({ jwk }) => jwk);

// ---- every algorithm ----

for (const alg of [...rsa, ...others]) {
  const { privateKey, jwk } = pairs[alg];
  const token = await new jose.SignJWT({ scope: 'login' })
    .setProtectedHeader({ alg, kid: jwk.kid, typ: 'JWT' })
    .setIssuer(issuer).setAudience([audience, 'other']).setSubject('ana').setJti('1')
    .setIssuedAt().setNotBefore('0s').setExpirationTime('5m')
    .sign(privateKey);
  test(alg, 'accept', [jwk], token, `${checked} --alg ${alg} --max-lifetime 300`);
  test(`${alg} among all`, 'accept', everything, token);
  test(`${alg}, lives too long`, 'reject lifetime-too-long', everything, token, `${checked} --max-lifetime 299`);
  test(`${alg}, not allowed`, 'reject algorithm-not-allowed', everything, token,
    `--alg ${alg === 'ES256' ? 'RS256' : 'ES256'}`);
  const [header, payload, signature] = token.split('.');
  const changed = signature.slice(0, 9) + (signature[9] === 'A' ? 'B' : 'A') + signature.slice(10);
  test(`${alg}, changed`, 'reject signature-invalid', everything, `${header}.${payload}.${changed}`);
}
for (const modulusLength of [3072, 4096]) {
  const large = await pair('RS256', { modulusLength });
  test(`RS256, ${modulusLength} bits`, 'accept', [large.jwk], await sign(large));
}
test('EdDSA under the name Ed25519', 'accept', everything, await sign({ ...pairs.EdDSA, alg: 'Ed25519' }));

// ---- odd and legal ----

const es = pairs.ES256;
for (const [name, header] of Object.entries({
  'typ in capitals': { typ: 'JWT' },
  'typ with application/': { typ: 'application/jwt' },
  'cty': { cty: 'json' },
  'an embedded key': { jwk: pairs.RS256.jwk, jku: 'https://x/', x5u: 'https://y/', x5c: ['MA=='], 'x5t#S256': 'AA' },
  'unknown members': { a: null, b: [{ c: 1.5e3 }], 'https://x/y': 'z', 'ключ': '\u2028' },
  'a proto member': JSON.parse('{"__proto__": {"alg": "none"}}'),
}))
  test(`header: ${name}`, 'accept', everything, await sign(es, header));
test('header: typ at+jwt', 'reject type-not-allowed', everything, await sign(es, { typ: 'at+jwt' }));
for (const [name, kid] of Object.entries({
  'in Unicode': '🔑/кey\u0301',
  'long': 'k'.repeat(3000),
  'like a number': '007',
  'with line ends': 'a\r\nb\u2029',
  'a prefix of another': es.jwk.kid.slice(0, 9),
})) {
  const named = { ...es, jwk: { ...es.jwk, kid } };
  test(`kid ${name}`, 'accept', [...everything, named.jwk], await sign(named));
}
for (const [name, payload] of Object.entries({
  'indented': JSON.stringify(claims, null, '\t'),
  'exponents': JSON.stringify(claims).replace('1700000000', '17E8').replace('4102444800', '41024448e+2'),
  'escaped throughout': JSON.stringify(claims).replace(/[a-z]/g, (a) => `\\u00${a.charCodeAt(0).toString(16)}`),
  'escaped slashes': JSON.stringify(claims).replaceAll('/', '\\/'),
  'reverse order': JSON.stringify(Object.fromEntries(Object.entries(claims).reverse())),
  'many groups': { ...claims, groups: Array.from({ length: 200 }, () => crypto.randomUUID()) },
  'line separators': { ...claims, a: '\u2028\u2029\ufeff\uffff' },
}))
  test(`payload: ${name}`, 'accept', everything, await sign(es, {}, payload));
for (const [name, members] of Object.entries({
  'bound to signing': { use: 'sig', key_ops: ['verify'], alg: 'ES256', ext: true },
  'with a certificate': { x5c: ['MIIB'], x5t: 'x', 'x5t#S256': 'x', x5u: 'https://x' },
  'with members of its own': { iat: 1, nbf: 'x', status: { revoked: false }, '': [] },
}))
  test(`key ${name}`, 'accept', [{ ...members, ...es.jwk }], await sign(es));
const { kid, ...anonymous } = es.jwk;
test('a key without kid', 'accept', [anonymous],
  await new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(es.privateKey));

// ---- odd and illegal ----

const [header, payload, signature] = (await sign(es)).split('.');
const spell = (value) => jose.base64url.encode(typeof value === 'string' ? value : JSON.stringify(value));
test('b64 (RFC 7797)', 'reject critical-header', everything,
  await sign(es, { b64: true, crit: ['b64'] }));
test('a critical extension', 'reject critical-header', everything,
  await sign(es, { crit: ['https://example.com/ext'], 'https://example.com/ext': 1 }));
test('an unsecured token', 'reject algorithm-not-allowed', everything, new jose.UnsecuredJWT(claims).encode());
const secret = new TextEncoder().encode(JSON.stringify(es.jwk));
for (const alg of ['HS256', 'HS384', 'HS512'])
  test(`${alg} under the public key`, 'reject algorithm-not-allowed', everything,
    await new jose.SignJWT(claims).setProtectedHeader({ alg, kid }).sign(secret));
test('an encrypted token', 'reject token-malformed', everything,
  await new jose.EncryptJWT(claims).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(new Uint8Array(32)));
test('flattened JSON', 'reject token-malformed', everything,
  JSON.stringify({ protected: header, payload, signature }));
test('detached', 'reject signature-invalid', everything, `${header}..${signature}`, '--signature-only');
test('an unused bit set', 'reject token-malformed', everything,
  `${header}.${payload}.${signature.slice(0, -1)}${{ A: 'B', Q: 'R', g: 'h', w: 'x' }[signature.at(-1)]}`);
test('signed by another of the same kind', 'reject signature-invalid', [{ ...(await pair('ES256')).jwk, kid }],
  await sign(es));
test('for another curve', 'reject key-unsuitable', [{ ...pairs.ES384.jwk, kid }], await sign(es));
test('under the other RSA scheme', 'reject signature-invalid', everything,
  `${spell({ alg: 'PS256', kid: pairs.RS256.jwk.kid })}.${(await sign(pairs.RS256)).split('.').slice(1).join('.')}`);
for (const [name, verdict, text] of [
  ['exp with a quote', 'claims-malformed', JSON.stringify({ ...claims, exp: '4102444800' })],
  ['exp null', 'claims-malformed', JSON.stringify({ ...claims, exp: null })],
  ['aud a number', 'claims-malformed', JSON.stringify({ ...claims, aud: 1 })],
  ['aud empty', 'audience-mismatch', JSON.stringify({ ...claims, aud: [] })],
  ['half a pair', 'claims-malformed', '{"sub":"\\udc00"}'],
  ['trailing text', 'claims-malformed', `${JSON.stringify(claims)},`],
  ['single quotes', 'claims-malformed', "{'exp':4102444800}"],
  ['not a number', 'claims-malformed', '{"exp":NaN}'],
  ['a leading zero', 'claims-malformed', '{"exp":04102444800}'],
  ['nothing', 'claims-malformed', ''],
  ['a string', 'claims-malformed', '"claims"'],
])
  test(`payload: ${name}`, `reject ${verdict}`, everything, await sign(es, {}, text));
