import { existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from 'fastify';
import {
  createJsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { XenferryError } from '../model/errors.js';
import { PROBLEM, type ProblemDocument } from './api/common.js';
import type { App, ServiceRoute } from './app.js';
import type { ServiceContext } from './context.js';
import type { KeyedRequest } from './idempotency.js';
import { problemOf } from './problems.js';
import { addRoutes } from './routes/index.js';

/** A migration file, as JSON strings have it, and its name. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
const REQUEST_MS = 60_000;
const HEADERS_MS = 15_000;
const KEEP_ALIVE_MS = 75_000;
const MINUTE_MS = 60_000;
/** Of one origin, in one minute. */
const PER_ADDRESS = 600;
/** Where the plugin that serves the dashboard's files puts them; it cannot be told who may use its route. */
const FILES = '/*';

export interface ServerOptions {
  /** PEM; null: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Folder with the dashboard's files; none is served when it does not exist. */
  readonly dashboard: string;
  /** Requests a minute that a token may send. */
  readonly perToken: number;
  readonly log: FastifyBaseLogger;
}

/** Builds the HTTP server; it does not listen yet. Throws when a route does not say who may use it. */
export async function buildServer(
  context: ServiceContext,
  options: ServerOptions,
): Promise<{ app: App; routes: readonly ServiceRoute[] }> {
  const app = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 500 },
    serverFactory: (handler) => limited(makeServer(options, handler)),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => {
    const error = new XenferryError('NOT_FOUND', `there is nothing at ${request.method} of this address`);
    return sendProblem(reply, problemOf(error));
  });
  app.decorateRequest('bearer', null);
  const routes: ServiceRoute[] = [];
  app.addHook('onRoute', (route) => {
    if (route.url === FILES) {
      route.config = { ...route.config, access: 'open' };
      return;
    }
    routes.push({ method: String(route.method), url: route.url });
    completeRoute(route);
  });
  // Before all that may refuse: what is refused has them too.
  await app.register(helmet, headersFor(options));
  authenticate(app, context);
  await app.register(rateLimit, limitsFor(options));
  keepAnswers(app, context);
  measure(app, context);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Xenferry',
        version: 'v1',
        description: 'Batches of VMware machines that become Xen machines: docs/api.md',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: createJsonSchemaTransform({}),
  });
  app.after(() => addRoutes(app, context));
  if (existsSync(options.dashboard)) {
    await app.register(fastifyStatic, { root: options.dashboard, cacheControl: true, maxAge: 0 });
  }
  await app.ready();
  return { app, routes };
}

function makeServer({ tls }: ServerOptions, handler: http.RequestListener): http.Server {
  return tls === null
    ? http.createServer(handler)
    : https.createServer({ ...tls, minVersion: 'TLSv1.2' }, handler);
}

/** Nobody holds a connection by being slow. */
function limited(server: http.Server): http.Server {
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = HEADERS_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

/** Refuses a route that does not say who may use it, and adds to its description what all have. */
function completeRoute(route: RouteOptions): void {
  const { access } = route.config ?? {};
  if (access === undefined)
    throw new Error(`${String(route.method)} ${route.url} does not say who may use it`);
  const problem = {
    description: 'What went wrong',
    content: { 'application/problem+json': { schema: PROBLEM } },
  };
  route.schema = {
    ...route.schema,
    ...(access !== 'open' && { security: [{ token: [] }], description: `Role: ${access}` }),
    response: { '4xx': problem, '5xx': problem, ...Object(route.schema?.response) },
  };
}

function authenticate(app: App, { authority }: ServiceContext): void {
  app.addHook('onRequest', async (request, reply) => {
    const { access } = request.routeOptions.config;
    if (request.is404 || access === undefined || access === 'open') return;
    const bearer = await authority.identify(request.headers.authorization, request.ip);
    authority.permit(bearer, access);
    request.bearer = bearer;
    void reply.header('cache-control', 'no-store');
  });
}

function headersFor({ tls }: ServerOptions) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Over plain HTTP it would say nothing, and behind a proxy it is the proxy's to say.
    strictTransportSecurity: tls === null ? (false as const) : { maxAge: 31_536_000 },
    referrerPolicy: { policy: 'no-referrer' as const },
  };
}

function limitsFor({ perToken }: ServerOptions) {
  return {
    timeWindow: MINUTE_MS,
    keyGenerator: ({ bearer, ip }: FastifyRequest) =>
      bearer === null ? `address ${network(ip)}` : `token ${bearer.id}`,
    max: ({ bearer }: FastifyRequest) => (bearer === null ? PER_ADDRESS : perToken),
    errorResponseBuilder: (_request: FastifyRequest, { after }: { after: string }) =>
      new XenferryError('TOO_MANY_REQUESTS', `too many requests; again in ${after}`),
  };
}

/** Of IPv6 the half that a provider gives to one customer. */
function network(address: string): string {
  return isIP(address) === 6 ? address.split(':').slice(0, 4).join(':') : address;
}

const KEYED = Symbol('keyed request');

declare module 'fastify' {
  interface FastifyRequest {
    [KEYED]?: KeyedRequest;
  }
}

/** Answers a POST that is sent again with the same Idempotency-Key as it was answered, and does not do it again. */
function keepAnswers(app: App, { idempotency }: ServiceContext): void {
  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method !== 'POST' || request.bearer === null) return;
    if (request.routeOptions.config.isSecret === true) {
      throw new XenferryError('REQUEST_INVALID', 'no Idempotency-Key is taken here: the answer is not kept');
    }
    const keyed = idempotency.request(request.bearer.id, String(key), ['POST', request.url, request.body]);
    const known = await idempotency.begin(keyed);
    if (known === null) {
      request[KEYED] = keyed;
      return;
    }
    await reply
      .code(known.status)
      .header('idempotency-replayed', 'true')
      .type(known.status < 400 ? 'application/json; charset=utf-8' : PROBLEM_TYPE)
      .send(known.body);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const keyed = request[KEYED];
    if (keyed === undefined) return payload;
    delete request[KEYED];
    await idempotency.end(keyed, reply.statusCode, typeof payload === 'string' ? payload : '');
    return payload;
  });
}

/** A line and a measurement for each answer; addresses of things are told by their pattern. */
function measure(app: App, { metrics }: ServiceContext): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    const seconds = reply.elapsedTime / 1000;
    metrics.noteRequest(request.method, route, reply.statusCode, seconds);
    const fields = {
      method: request.method,
      route,
      status: reply.statusCode,
      seconds,
      token: request.bearer?.name,
    };
    if (reply.statusCode >= 500) request.log.error(fields, 'request');
    else if (request.method !== 'GET') request.log.info(fields, 'request');
    else request.log.debug(fields, 'request');
  });
}

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  if (problem.status >= 500) request.log.error({ code: problem.code, err: error }, 'request failed');
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.status === 429 && !reply.hasHeader('retry-after')) void reply.header('retry-after', '60');
  return sendProblem(reply, problem);
}

function sendProblem(reply: FastifyReply, problem: ProblemDocument): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}
