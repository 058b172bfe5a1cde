// Starts the OpenID providers that the JSON file in the first argument describes, one on each port.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';

const HOST = '127.0.0.1';
const KEYS = [['rsa', { modulusLength: 2048 }], ['ec', { namedCurve: 'P-256' }], ['ed25519', {}]];

const signingKeys = () => KEYS.map(([kind, options]) => (
  generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' })));

const configuration = (clients, clientAuthMethods) => ({
  clients,
  clientAuthMethods,
  jwks: { keys: signingKeys() },
  cookies: { keys: ['only for a test'] },
  // An employee number that UserInfo tells, and the ID token does not.
  claims: { openid: ['sub'], profile: ['employee_number'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, employee_number: `nr-${id}` }),
  }),
  features: {
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    jwtUserinfo: { enabled: true },
    // Opaque access tokens, but for who names a resource: those are JWTs (RFC 9068) for it.
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, resource) => ({
        scope: 'scim',
        audience: resource,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  // Its guard lets it call no address of its own machine, and that is where we are.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

for (const { port, clients, methods } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  new Provider(`http://${HOST}:${port}`, configuration(clients, methods)).listen(port, HOST);
}
