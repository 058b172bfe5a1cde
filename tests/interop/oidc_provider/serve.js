// Starts the OpenID providers that the JSON file in the first argument describes, one on each port.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Provider } from 'oidc-provider';
import { fapi2 } from './fapi2.js';
import { levels, submitted } from './levels.js';
import { mtls, served } from './mtls.js';

const HOST = '127.0.0.1';
const KEYS = [['rsa', { modulusLength: 2048 }], ['ec', { namedCurve: 'P-256' }], ['ed25519', {}]];
// Our service renews a session when its access token ends, and not sooner than after a minute.
const MINUTE = 60;

const signingKeys = () => KEYS.map(([kind, options]) => (
  generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' })));

const features = {
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
};

const configuration = ({ port, clients, methods, acrs, profile, tls }, certified = tls ? mtls(port) : {}) => ({
  clients,
  discovery: certified.discovery,
  clientAuthMethods: methods,
  ...levels(acrs),
  jwks: { keys: signingKeys() },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  // An employee number that UserInfo tells, and the ID token does not.
  claims: { openid: ['sub'], profile: ['employee_number'] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, employee_number: `nr-${id}` }),
  }),
  features: { ...features, ...(profile === 'fapi2' ? fapi2() : {}), ...certified.features },
  // Refresh tokens for who may use them, a new one each time; they end with the provider's session.
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  ttl: { AccessToken: MINUTE },
  // Its guard lets it call no address of its own machine, and that is where we are.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

for (const described of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  const { port, tls } = described;
  const provider = new Provider(`http${tls ? 's' : ''}://${HOST}:${port}`, configuration(described));
  provider.use(submitted(provider, described.acrs));
  for (const event of ['grant.error', 'pushed_authorization_request.error']) {
    provider.on(event, (ctx, { error }) => console.log(`refused ${error}`));
  }
  provider.on('grant.revoked', () => console.log('revoked'));
  (tls ? served(provider, tls) : provider).listen(port, HOST);
}
