// How somebody signs in: the password that was typed names it, and `acr` tells it.
import { parse } from 'node:querystring';
import { interactionPolicy } from 'oidc-provider';

const { Check, base } = interactionPolicy;
const PREFIX = 'urn:be:vlaanderen:authmech:';

// Who is asked for a level that the session has not signs in again, once; what comes of it is told.
const askedLevel = () => new Check('acr_values', 'a level that was asked for is missing', ({ oidc }) => {
  const asked = oidc.params.acr_values?.split(' ') ?? [];
  return asked.length > 0 && !asked.includes(oidc.acr) && !oidc.result?.login;
});

export const levels = (acrs) => {
  const policy = base();
  policy.get('login').checks.add(askedLevel());
  return { acrValues: acrs, interactions: { policy } };
};

const read = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return parse(Buffer.concat(chunks).toString());
};

// The development pages of the package tell no `acr`: their form with the name is answered here.
export const submitted = (provider, acrs) => async (ctx, next) => {
  if (ctx.method !== 'POST' || !ctx.path.startsWith('/interaction/')) return next();
  const body = await read(ctx.req);
  ctx.req.body = body;
  if (body.prompt !== 'login') return next();
  const acr = acrs.find((value) => value === PREFIX + body.password);
  ctx.respond = false;
  return provider.interactionFinished(
    ctx.req, ctx.res, { login: { accountId: body.login, acr } }, { mergeWithLastSubmission: false });
};
