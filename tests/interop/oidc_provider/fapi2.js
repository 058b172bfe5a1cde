// The FAPI 2.0 Security Profile: pushed requests and nothing else, a nonce in each DPoP proof.
import { randomBytes } from 'node:crypto';

export const fapi2 = () => ({
  fapi: { enabled: true, profile: '2.0' },
  pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
  dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
});
