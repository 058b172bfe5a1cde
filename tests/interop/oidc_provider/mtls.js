// Clients that are known by their certificate (RFC 8705), which is looked at under the aliases only.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const ALIAS = 'localhost';
const PATHS = {
  token_endpoint: '/token',
  userinfo_endpoint: '/me',
  revocation_endpoint: '/token/revocation',
  pushed_authorization_request_endpoint: '/request',
};

const shown = (ctx) => (ctx.hostname === ALIAS ? ctx.socket.getPeerX509Certificate() : undefined);
const names = (certificate) => certificate.subjectAltName.split(', ');

export const mtls = (port) => ({
  features: {
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: shown,
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => (
        property === 'tls_client_auth_san_dns' && names(shown(ctx)).includes(`DNS:${expected}`)),
    },
  },
  discovery: {
    mtls_endpoint_aliases: Object.fromEntries(
      Object.entries(PATHS).map(([name, path]) => [name, `https://${ALIAS}:${port}${path}`])),
  },
});

// Who shows no certificate is let in as well: browsers come here too.
export const served = (provider, { cert, key, ca }) => createServer({
  cert: readFileSync(cert),
  key: readFileSync(key),
  ca: readFileSync(ca),
  requestCert: true,
  rejectUnauthorized: false,
}, provider.callback());
