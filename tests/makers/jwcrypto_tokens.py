"""Tokens and key sets by python3-jwcrypto: every algorithm, odd encodings that the RFCs allow, and some they do not.

usage: jwcrypto_tokens.py FOLDER
Writes N.jwks and N.token there, and to standard output a line for each: N, the first line that `jwtctl verify` is to
print, its options, and what it is about, between tabs.
"""
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwcrypto import jwe, jwk, jws
from jwcrypto.common import base64url_decode, base64url_encode

folder = Path(sys.argv[1])
number = 0
ISSUER = 'https://issuer.example'
EXPIRY = 4102444800
CLAIMS = '{"iss":"%s","sub":"ana","aud":"ssh://host","iat":1700000000,"exp":%d}' % (ISSUER, EXPIRY)
CHECKED = '--issuer %s --audience ssh://host' % ISSUER


def case(name, verdict, keys, token, options=CHECKED):
    global number
    number += 1
    text = keys if isinstance(keys, str) else json.dumps({'keys': keys})
    (folder / f'{number}.jwks').write_bytes(text.encode())
    (folder / f'{number}.token').write_bytes(token.encode())
    print(number, verdict, options, name, sep='\t')


def public(key, **members):
    return {**key.export_public(as_dict=True), **members}


def without(entry, *names):
    return {name: value for name, value in entry.items() if name not in names}


def sign(key, header, payload=CLAIMS):
    """A compact token; a header that is text is signed as it stands."""
    text = header if isinstance(header, str) else json.dumps(header)
    signer = jws.JWS(payload if isinstance(payload, bytes) else payload.encode())
    signer.allowed_algs = ALL + ['HS256', 'ES256K']
    signer.add_signature(key, None, text, None)
    return signer.serialize(compact=True)


def claims(**members):
    return json.dumps({'iss': ISSUER, 'aud': 'ssh://host', 'iat': 1700000000, 'exp': EXPIRY, **members})


RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
CURVES = {'ES256': 'P-256', 'ES384': 'P-384', 'ES512': 'P-521'}
ALL = RSA + list(CURVES) + ['EdDSA']

rsa = jwk.JWK.generate(kty='RSA', size=2048, kid='rsa')
ec = {alg: jwk.JWK.generate(kty='EC', crv=curve, kid=curve) for alg, curve in CURVES.items()}
ed = jwk.JWK.generate(kty='OKP', crv='Ed25519', kid='ed')
ed448 = jwk.JWK.generate(kty='OKP', crv='Ed448', kid='ed448')
everything = [public(key) for key in [rsa, *ec.values(), ed, ed448]]


def every_algorithm():
    for alg in RSA:
        for size in 2048, 3072, 4096:
            key = big[size]
            case(f'{alg}, {size} bits', 'accept', [public(key)], sign(key, {'alg': alg, 'kid': key['kid']}))
    for alg, key in ec.items():
        case(alg, 'accept', [public(key)], sign(key, {'alg': alg, 'kid': key['kid']}))
    for key in ed, ed448:
        case(f'EdDSA, {key["crv"]}', 'accept', [public(key)], sign(key, {'alg': 'EdDSA', 'kid': key['kid']}))


def fixed_sizes():
    """Numbers whose first byte is zero: of full size for curves and signatures."""
    key = ec['ES256']
    while base64url_decode(public(key)['x'])[0] != 0:
        key = jwk.JWK.generate(kty='EC', crv='P-256', kid='zero')
    case('an x that begins with a zero byte', 'accept', [public(key)], sign(key, {'alg': 'ES256'}))
    for offset, what in (0, 'r'), (32, 's'):
        token = sign(key, {'alg': 'ES256'})
        while base64url_decode(token.split('.')[2])[offset] != 0:
            token = sign(key, {'alg': 'ES256'})
        case(f'an {what} that begins with a zero byte', 'accept', [public(key)], token)
    count = 0
    token = sign(rsa, {'alg': 'RS256'})
    while base64url_decode(token.split('.')[2])[0] != 0:
        count += 1
        token = sign(rsa, {'alg': 'RS256'}, claims(count=count))
    case('an RSA signature that begins with a zero byte', 'accept', [public(rsa)], token)
    padded = base64url_encode(b'\0' + base64url_decode(public(rsa)['n']))
    case('a modulus with a zero byte in front', 'accept', [public(rsa, n=padded)], sign(rsa, {'alg': 'RS256'}))


def headers():
    key, keys = ed, everything
    for name, header in {
        'white space': ' {\r\n\t"alg" : "EdDSA" ,\n "kid":"ed" } ',
        'other order, more members': '{"zz":[1,{"a":null}],"typ":"JWT","kid":"ed","a":"","alg":"EdDSA"}',
        'escapes': '{"\\u0061lg":"E\\u0064DSA","k\\u0069d":"\\u0065d"}',
        'keys and links of its own': json.dumps({'alg': 'EdDSA', 'kid': 'ed', 'jku': 'https://x', 'x5u': 'https://y',
                                                 'x5c': ['AA=='], 'x5t': 'AA', 'jwk': public(rsa)}),
        'typ jwt': '{"alg":"EdDSA","kid":"ed","typ":"jwt"}',
        'typ application/jwt': '{"alg":"EdDSA","kid":"ed","typ":"application/jwt"}',
        'typ with an escaped slash': '{"alg":"EdDSA","kid":"ed","typ":"application\\/JWT"}',
    }.items():
        case(f'header: {name}', 'accept', keys, sign(key, header))
    case('header: typ at+jwt', 'reject type-not-allowed', keys, sign(key, '{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}'))
    for name, kid in {'in Unicode': 'schlüssel-鍵-\U0001f511', 'long': 'k' * 2000, 'with slashes': 'https://x/keys/1',
                      'with quotes and controls': '"\\\t\n\x7f', 'empty': '', 'with an equals sign': 'abc+/=='}.items():
        named = jwk.JWK(**{**ed.export(as_dict=True), 'kid': kid})
        for ascii in True, False:
            token = sign(named, json.dumps({'alg': 'EdDSA', 'kid': kid}, ensure_ascii=ascii))
            text = json.dumps({'keys': [*everything, public(named)]}, ensure_ascii=not ascii)
            case(f'kid {name}, {"escaped in the token" if ascii else "escaped in the set"}', 'accept', text, token)


def payloads():
    base = '"iss":"%s","aud":"ssh://host"' % ISSUER
    times = '"iat":1700000000,"exp":%d' % EXPIRY
    deep = '[' * 30 + ']' * 30
    for name, payload in {
        'white space': '\r\n{ %s ,\n\t%s\t}\n ' % (base, times),
        'times with exponents': '{%s,"iat":1.7e9,"exp":4.1024448E+09,"nbf":1700000000e0}' % base,
        'times with fractions': '{%s,"iat":1700000000.0,"exp":4102444800.75}' % base,
        'escaped slashes': '{"iss":"https:\\/\\/issuer.example","aud":"ssh:\\/\\/host",%s}' % times,
        'escaped names': '{"\\u0069ss":"%s","\\u0061\\u0075d":"ssh:\\u002F\\u002fhost",%s}' % (ISSUER, times),
        'aud in an array': '{"iss":"%s","aud":["other","ssh://host"],%s}' % (ISSUER, times),
        'aud in an array of one': '{"iss":"%s","aud":["ssh://host"],%s}' % (ISSUER, times),
        'Unicode': '{%s,%s,"sub":"zoë-\U0001f511","s\\ud83d\\udd11":"\\u00eb"}' % (base, times),
        'null, empty and nested claims': '{%s,%s,"a":null,"":"","b":{},"c":[[],[null]],"d":%s}' % (base, times, deep),
        'numbers of all kinds': '{%s,%s,"a":[-0,0.0,1e-300,1E+300,9223372036854775807]}' % (base, times),
        'many claims': claims(**{f'claim{i}': str(i) for i in range(200)}),
        'a long claim': claims(groups='g' * 11000),
    }.items():
        case(f'payload: {name}', 'accept', everything, sign(ed, {'alg': 'EdDSA', 'kid': 'ed'}, payload))


def key_sets():
    key = public(rsa)
    token = sign(rsa, {'alg': 'RS256', 'kid': 'rsa'})
    anonymous = sign(rsa, {'alg': 'RS256'})
    for name, keys in {
        'the last of many': everything[::-1],
        'among keys that cannot serve': [{'kty': 'oct', 'k': 'AAAA', 'kid': 'rsa'}, {'kty': 'new', 'kid': 'rsa'}, {},
                                         public(rsa, use='enc'), public(rsa, key_ops=['encrypt']), key],
        'members of all kinds': [dict(reversed({**key, 'x5c': ['MIIB'], 'x5t#S256': '', 'exp': 1, 'nested': {'a': [1]},
                                                'use': 'sig', 'alg': 'RS256', 'key_ops': ['verify']}.items()))],
        'more operations': [public(rsa, key_ops=['sign', 'verify'])],
        'white space and more members': json.dumps({'cache': 1, 'keys': [key], 'spiffe_sequence': 2}, indent='\t'),
        'escapes': json.dumps({'keys': [key]}).replace('kty', '\\u006bty').replace('RSA', 'R\\u0053A'),
        'a key without kid': [without(key, 'kid')],
    }.items():
        case(f'key set: {name}', 'accept', keys, anonymous if 'without' in name else token)
    case('key set: no kid anywhere, one key fits', 'accept', [without(entry, 'kid') for entry in everything], anonymous)
    case('key set: no kid in the token, several keys, one fits', 'accept', everything,
         sign(ec['ES384'], {'alg': 'ES384'}))
    case('key set: the same kid for two of a kind', 'accept', [public(big[3072], kid='rsa'), key], token)
    case('key set: the same kid for several kinds', 'accept', [{**entry, 'kid': 'rsa'} for entry in everything], token)
    for verdict, name, keys in (
        ('key-unsuitable', 'a private key', [rsa.export(as_dict=True)]),
        ('key-unsuitable', 'another algorithm', [public(rsa, alg='RS384')]),
        ('key-unsuitable', 'PSS alone', [public(rsa, alg='PS256')]),
        ('key-unsuitable', 'for encryption', [public(rsa, use='enc')]),
        ('key-unsuitable', 'for signing only', [public(rsa, key_ops=['sign'])]),
        ('key-unsuitable', 'RSA of 1024 bits', [public(small, kid='rsa')]),
        ('key-unsuitable', 'RSA with exponent 3', [public(low, kid='rsa')]),
        ('key-unsuitable', 'a modulus in base64 with padding', [public(rsa, n=key['n'] + '==')]),
        ('key-unknown', 'a kid in other case', [public(rsa, kid='RSA')]),
        ('keys-malformed', 'no set', json.dumps(key)),
        ('keys-malformed', 'its keys twice', json.dumps({'keys': [key]}).replace('{', '{"keys":[],', 1)),
        ('key-unknown', 'a key with a member twice', json.dumps({'keys': [key]}).replace('"kty"', '"kid":"","kty"', 1)),
    ):
        case(f'key set: {name}', f'reject {verdict}', keys, token)
    case('key set: none has the kid', 'reject key-unknown', everything, sign(rsa, {'alg': 'RS256', 'kid': 'other'}))
    case('key set: no kid, two fit', 'reject key-ambiguous', [key, public(big[3072])], anonymous)


def wrong_signatures():
    header, payload, signature = sign(rsa, {'alg': 'PS256', 'kid': 'rsa'}).split('.')
    signed = f'{header}.{payload}'.encode()
    short = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    secret = rsa.get_op_key('sign')
    case('PSS with a salt of another size', 'reject signature-invalid', everything,
         f'{header}.{payload}.{base64url_encode(secret.sign(signed, short, hashes.SHA256()))}')
    case('PSS under the name of PKCS#1', 'reject signature-invalid', everything,
         f'{base64url_encode(json.dumps({"alg": "RS256", "kid": "rsa"}))}.{payload}.{signature}')
    header, payload, signature = sign(ec['ES256'], {'alg': 'ES256', 'kid': 'P-256'}).split('.')
    half = base64url_decode(signature)
    der = encode_dss_signature(int.from_bytes(half[:32], 'big'), int.from_bytes(half[32:], 'big'))
    for name, value in {'DER': der, 'a byte more': half + b'\0', 'a byte less': half[:-1], 'zeros': bytes(64),
                        'nothing': b''}.items():
        case(f'an ES256 signature: {name}', 'reject signature-invalid', everything,
             f'{header}.{payload}.{base64url_encode(value)}')
    public_pem = jwk.JWK(kty='oct', k=base64url_encode(rsa.export_to_pem()))
    case('HMAC under the public key', 'reject algorithm-not-allowed', everything,
         sign(public_pem, {'alg': 'HS256', 'kid': 'rsa'}))
    koblitz = jwk.JWK.generate(kty='EC', crv='secp256k1', kid='k')
    case('ES256K', 'reject algorithm-not-allowed', [public(koblitz)],
         sign(koblitz, {'alg': 'ES256K', 'kid': 'k'}))
    case('an EdDSA token under a key of the other curve', 'reject signature-invalid', [public(ed448, kid='ed')],
         sign(ed, {'alg': 'EdDSA', 'kid': 'ed'}))


def wrong_encodings():
    good = sign(ed, {'alg': 'EdDSA', 'kid': 'ed'})
    header, payload, signature = good.split('.')
    for name, token in {
        'padding': f'{header}.{payload}.{signature}==', 'white space': f'{header}. {payload}.{signature}',
        'the other alphabet': f'{header}.{payload}.+{signature[1:]}', 'a fourth part': f'{good}.',
        'percent signs': good.replace('.', '%2E'), 'quotes': f'"{good}"', 'a scheme': f'Bearer {good}',
    }.items():
        case(f'token with {name}', 'reject token-malformed', everything, token)
    for verdict, name, text in (
        ('header-malformed', 'a member twice', '{"alg":"EdDSA","kid":"ed","kid":"ed"}'),
        ('critical-header', 'crit', '{"alg":"EdDSA","kid":"ed","crit":["exp"],"exp":1}'),
        ('algorithm-not-allowed', 'alg none', '{"alg":"none","kid":"ed"}'),
        ('algorithm-not-allowed', 'alg in lower case', '{"alg":"eddsa","kid":"ed"}'),
        ('header-malformed', 'a byte order mark', '\ufeff{"alg":"EdDSA","kid":"ed"}'),
    ):
        case(f'header: {name}', f'reject {verdict}', everything, f'{base64url_encode(text)}.{payload}.{signature}')
    for verdict, name, text in (
        ('claims-malformed', 'a claim twice', CLAIMS.replace('"sub"', '"aud"')),
        ('claims-malformed', 'exp in quotes', CLAIMS.replace(str(EXPIRY), f'"{EXPIRY}"')),
        ('claims-malformed', 'an array', f'[{CLAIMS}]'),
        ('claims-malformed', 'a NUL', CLAIMS.replace('ana', '\\u0000')),
        ('claims-malformed', 'half a pair', CLAIMS.replace('ana', '\\ud83d')),
        ('claims-malformed', 'Latin 1', CLAIMS.replace('ana', 'zo\xeb').encode('latin-1')),
        ('claims-malformed', 'forty levels', CLAIMS.replace('"ana"', '[' * 40 + ']' * 40)),
        ('claims-malformed', 'a comment', CLAIMS + '//'),
        ('expiry-missing', 'no exp', '{"iss":"%s","aud":"ssh://host"}' % ISSUER),
        ('token-expired', 'exp of long ago, with an exponent', CLAIMS.replace(str(EXPIRY), '1.7e9')),
        ('audience-mismatch', 'another aud', CLAIMS.replace('ssh://host', 'ssh://host2')),
        ('audience-mismatch', 'no aud', '{"iss":"%s","exp":%d}' % (ISSUER, EXPIRY)),
        ('issuer-unknown', 'another iss', CLAIMS.replace(ISSUER, ISSUER + '/')),
    ):
        case(f'payload: {name}', f'reject {verdict}', everything, sign(ed, {'alg': 'EdDSA', 'kid': 'ed'}, text))
    sealed = jwe.JWE(CLAIMS.encode(), json.dumps({'alg': 'RSA-OAEP', 'enc': 'A256GCM'}))
    sealed.add_recipient(rsa)
    case('an encrypted token', 'reject token-malformed', everything, sealed.serialize(compact=True))
    whole = jws.JWS(CLAIMS.encode())
    whole.add_signature(ed, 'EdDSA', json.dumps({'alg': 'EdDSA', 'kid': 'ed'}), None)
    case('a token in JSON', 'reject token-malformed', everything, whole.serialize())


big = {size: jwk.JWK.generate(kty='RSA', size=size, kid=f'rsa{size}') for size in (2048, 3072, 4096)}
small = jwk.JWK.generate(kty='RSA', size=1024, kid='small')
low = jwk.JWK.generate(kty='RSA', size=2048, public_exponent=3, kid='low')
for group in every_algorithm, fixed_sizes, headers, payloads, key_sets, wrong_signatures, wrong_encodings:
    group()
